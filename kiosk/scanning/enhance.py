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
    return np.asarray(total // (factor * factor), dtype=np.uint8)


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


def _between(
    length: int, tile: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """For each pixel the tiles before and after it, and how near it is to the latter's middle."""
    place = (np.arange(length) + 0.5) / tile - 0.5
    before = np.floor(place).astype(np.intp)
    part = (place - before).astype(np.float32)
    return np.clip(before, 0, _TILES - 1), np.clip(before + 1, 0, _TILES - 1), part


def _levels(values: npt.NDArray[np.floating]) -> Luma:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)
