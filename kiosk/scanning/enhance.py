"""Pictures made easier to decode, in NumPy alone. Pure: brightness in, brightness out.

Everything works in whole numbers of 8 or 16 bits where it can: on a small board that is several
times faster than floating point.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from kiosk.hardware.ports import Luma

_TILES: Final = 8
"""CLAHE equalises in this many tiles each way."""
_FLATTEST: Final = 24
"""Levels between dark and bright below which `flattened` adds no contrast: noise, not a code."""


def shrunk(luma: Luma, longest: int) -> Luma:
    """At most `longest` pixels either way: each the mean of a whole number of pixels each way."""
    factor = min(-(-max(luma.shape) // longest), *luma.shape)
    if factor <= 1:
        return luma
    rows, columns = luma.shape[0] // factor, luma.shape[1] // factor
    cut = luma[: rows * factor, : columns * factor]
    total = np.zeros((rows, columns), dtype=np.uint32 if factor > 16 else np.uint16)
    for down in range(factor):
        for right in range(factor):
            total += cut[down::factor, right::factor]
    return (total // (factor * factor)).astype(np.uint8)


def doubled(luma: Luma) -> Luma:
    """Twice as wide and high, new pixels between their neighbours."""
    height, width = luma.shape
    wide = np.empty((height, 2 * width), dtype=np.uint16)
    wide[:, ::2] = luma
    wide[:, 1:-1:2] = (wide[:, :-2:2] + wide[:, 2::2] + 1) >> 1
    wide[:, -1] = luma[:, -1]
    both = np.empty((2 * height, 2 * width), dtype=np.uint8)
    both[::2] = wide
    both[1:-1:2] = (wide[:-1] + wide[1:] + 1) >> 1
    both[-1] = wide[-1]
    return both


def smoothed(luma: Luma, *, times: int = 1) -> Luma:
    """Each pixel mixed with its neighbours, 1 : 2 : 1 each way; noise becomes less."""
    for _ in range(times):
        rows = np.pad(luma, ((1, 1), (0, 0)), mode="edge").astype(np.uint16)
        mixed = np.pad(rows[:-2] + 2 * rows[1:-1] + rows[2:], ((0, 0), (1, 1)), mode="edge")
        luma = ((mixed[:, :-2] + 2 * mixed[:, 1:-1] + mixed[:, 2:] + 8) >> 4).astype(np.uint8)
    return luma


def median(luma: Luma) -> Luma:
    """Each pixel the median of the 3 × 3 around it: takes specks away and leaves edges."""
    wide = np.pad(luma, ((0, 0), (1, 1)), mode="edge")
    low, mid, high = _sorted3(wide[:, :-2], wide[:, 1:-1], wide[:, 2:])
    low, mid, high = (np.pad(each, ((1, 1), (0, 0)), mode="edge") for each in (low, mid, high))
    most = np.maximum(np.maximum(low[:-2], low[1:-1]), low[2:])
    middle = _sorted3(mid[:-2], mid[1:-1], mid[2:])[1]
    least = np.minimum(np.minimum(high[:-2], high[1:-1]), high[2:])
    return _sorted3(most, middle, least)[1]


def stretched(luma: Luma, *, part: float = 0.01) -> Luma:
    """Contrast over the whole range; `part` of the pixels at either end may be cut off."""
    counts = np.bincount(luma.ravel(), minlength=256).cumsum()
    low = int(np.searchsorted(counts, part * luma.size))
    high = int(np.searchsorted(counts, (1 - part) * luma.size))
    levels = np.clip((np.arange(256) - low) * (255 / max(1, high - low)), 0, 255)
    return np.rint(levels).astype(np.uint8)[luma]


def equalised(luma: Luma, *, clip: float = 2.0) -> Luma:
    """Contrast equalised in tiles, each level at most `clip` times its fair share (CLAHE)."""
    height, width = luma.shape
    tall, wide = -(-height // _TILES), -(-width // _TILES)
    padded = np.pad(luma, ((0, tall * _TILES - height), (0, wide * _TILES - width)), mode="reflect")
    tiles = padded.reshape(_TILES, tall, _TILES, wide).swapaxes(1, 2).reshape(_TILES**2, -1)
    offsets = (np.arange(_TILES**2, dtype=np.int64) * 256)[:, None]
    counts = np.bincount((tiles + offsets).ravel(), minlength=256 * _TILES**2).reshape(-1, 256)
    limit = max(1, int(clip * tall * wide / 256))
    surplus = (counts - np.minimum(counts, limit)).sum(axis=1, keepdims=True)
    share = np.minimum(counts, limit) + surplus / 256
    tables = (share.cumsum(axis=1) * (255 / (tall * wide))).astype(np.float32)
    up, down, part_down = _between(height, tall)
    left, right, part_right = _between(width, wide)
    out = np.zeros((height, width), dtype=np.float32)
    for row, rows in ((up, 1 - part_down), (down, part_down)):
        for column, columns in ((left, 1 - part_right), (right, part_right)):
            which = (row[:, None] * _TILES + column[None, :]) * 256 + luma
            out += tables.ravel()[which] * (rows[:, None] * columns[None, :])
    return np.clip(out, 0, 255).astype(np.uint8)


def sharpened(luma: Luma, *, window: int, strength: float) -> Luma:
    """What differs from the mean of the `window` × `window` around it, `strength` times added."""
    exact = luma.astype(np.float32)
    return _levels(exact + np.float32(strength) * (exact - _mean(luma, window)))


def thresholded(luma: Luma, *, window: int, below: int = 2) -> Luma:
    """Black where darker than the mean of the `window` around by more than `below`, else white."""
    return np.where(luma > _mean(luma, window) - below, np.uint8(255), np.uint8(0))


def flattened(luma: Luma, *, window: int) -> Luma:
    """Dark and bright of each neighbourhood of about `window` pixels made black and white."""
    low, high = _extremes(luma, window)
    span = np.maximum(high - low, _FLATTEST)
    return _levels((luma - low) * (255 / span))


def _extremes(luma: Luma, window: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The darkest and brightest nearby, in blocks of half a window, evened out between them."""
    block = max(2, window // 2)
    height, width = luma.shape
    padded = np.pad(luma, ((0, -height % block), (0, -width % block)), mode="edge")
    tiles = padded.reshape(padded.shape[0] // block, block, padded.shape[1] // block, block)
    found = []
    for blocks, pick in ((tiles.min(axis=(1, 3)), np.minimum), (tiles.max(axis=(1, 3)), np.maximum)):
        edged = np.pad(blocks, 1, mode="edge")
        near = pick(pick(edged[:-2], edged[1:-1]), edged[2:])
        near = pick(pick(near[:, :-2], near[:, 1:-1]), near[:, 2:])
        whole = near.repeat(block, axis=0).repeat(block, axis=1)[:height, :width]
        found.append(_mean(whole, 2 * block + 1))
    return found[0], found[1]


def _mean(luma: Luma, window: int) -> npt.NDArray[np.float32]:
    """The mean of the `window` × `window` around each pixel, borders continued."""
    reach = window // 2
    size = 2 * reach + 1
    # Sums over more pixels than fit wrap around; the difference of two is right all the same.
    sums = np.pad(luma, ((reach + 1, reach), (reach + 1, reach)), mode="edge").astype(np.uint32)
    np.cumsum(sums, axis=0, out=sums)
    rows = sums[size:] - sums[:-size]
    np.cumsum(rows, axis=1, out=rows)
    boxes = rows[:, size:] - rows[:, :-size]
    return boxes * np.float32(1 / size**2)


def _between(length: int, tile: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """For each pixel the tiles before and after it, and how near it is to the latter's middle."""
    place = (np.arange(length) + 0.5) / tile - 0.5
    before = np.floor(place).astype(np.intp)
    part = (place - before).astype(np.float32)
    return np.clip(before, 0, _TILES - 1), np.clip(before + 1, 0, _TILES - 1), part


def _sorted3(one: Luma, two: Luma, three: Luma) -> tuple[Luma, Luma, Luma]:
    low, high = np.minimum(one, two), np.maximum(one, two)
    middle = np.minimum(high, three)
    return np.minimum(low, middle), np.maximum(low, middle), np.maximum(high, three)


def _levels(values: npt.NDArray[np.floating]) -> Luma:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
