"""Takes the blur of a moving hand or of a lens out of focus back out of a picture. Pure NumPy.

How the hand moved is estimated from the picture: across the movement edges stay sharp, along it
every edge comes twice, one length of the movement apart.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from kiosk.hardware.ports import Luma

_Plane = npt.NDArray[np.float32]
NOISE: Final = 0.01
"""Noise to signal, in power, that the inverse filter reckons with."""
_SHORTEST: Final = 3
"""Pixels; a shorter movement blurs no code that is large enough to be read."""
_LONGEST: Final = 40
"""Pixels; a longer movement leaves nothing to read."""


@dataclass(frozen=True, kw_only=True)
class Movement:
    """A straight movement while the shutter was open."""

    length: float
    """Pixels."""
    angle: float
    """Radians from the x axis towards y."""

    def times(self, factor: float) -> "Movement":
        """The same way, `factor` times as far."""
        return replace(self, length=max(2.0, factor * self.length))


def movement(luma: Luma) -> Movement:
    """The likeliest one; on a sharp picture a short one at any angle."""
    light: _Plane = luma.astype(np.float32)
    light = light[:-1] + light[1:]
    light = light[:, :-1] + light[:, 1:]
    down = light[2:, 1:-1] - light[:-2, 1:-1]
    right = light[1:-1, 2:] - light[1:-1, :-2]
    across = 0.5 * math.atan2(
        2 * float((down * right).mean()), float((right * right).mean() - (down * down).mean())
    )
    angle = across + math.pi / 2
    return Movement(length=_length(down, right, angle), angle=angle)


def unmoved(luma: Luma, moved: Movement, *, noise: float = NOISE) -> Luma:
    """The picture without the blur of `moved`."""
    return _inverse(luma, _line(moved), noise)


def focused(luma: Luma, radius: float, *, noise: float = NOISE) -> Luma:
    """The picture without the blur of a lens that spreads a point over `radius` pixels."""
    return _inverse(luma, _disc(radius), noise)


def _length(down: _Plane, right: _Plane, angle: float) -> float:
    """Where edges along the movement repeat with opposite sign more than edges across it do.

    Modules repeat both ways alike: the difference leaves the movement.
    """
    along = _repeats(math.cos(angle) * right + math.sin(angle) * down, angle)
    across = _repeats(math.cos(angle) * down - math.sin(angle) * right, angle + math.pi / 2)
    count = min(len(along), len(across))
    if count <= _SHORTEST:
        return float(_SHORTEST)
    difference = along[:count] - across[:count]
    return float(_SHORTEST + np.argmin(difference[_SHORTEST:]))


def _repeats(edges: _Plane, angle: float) -> _Plane:
    """How alike `edges` are to themselves moved by 0, 1, 2, … pixels towards `angle`."""
    spectrum = np.fft.rfft2(edges, [_size(each) for each in edges.shape])
    alike = np.fft.irfft2(np.abs(spectrum) ** 2)
    lags = np.arange(min(_LONGEST, min(edges.shape) // 4))
    rows = lags * math.sin(angle)
    columns = lags * math.cos(angle)
    up, left = np.floor(rows).astype(np.intp), np.floor(columns).astype(np.intp)
    low, aside = rows - up, columns - left
    height, width = alike.shape
    found = (
        alike[up % height, left % width] * (1 - low) * (1 - aside)
        + alike[(up + 1) % height, left % width] * low * (1 - aside)
        + alike[up % height, (left + 1) % width] * (1 - low) * aside
        + alike[(up + 1) % height, (left + 1) % width] * low * aside
    )
    return np.asarray(found / max(float(alike[0, 0]), 1e-6), dtype=np.float32)


def _inverse(luma: Luma, kernel: _Plane, noise: float) -> Luma:
    """Wiener's filter for `kernel`, borders mirrored."""
    reach = kernel.shape[0]
    height, width = luma.shape
    padded = np.pad(luma, min(reach, height - 1, width - 1), mode="reflect").astype(np.float32)
    edge = (padded.shape[0] - height) // 2
    size = (_size(padded.shape[0]), _size(padded.shape[1]))
    full = np.pad(
        padded, ((0, size[0] - padded.shape[0]), (0, size[1] - padded.shape[1])), mode="edge"
    )
    spread = np.zeros(size, dtype=np.float32)
    spread[: kernel.shape[0], : kernel.shape[1]] = kernel / kernel.sum()
    spread = np.roll(spread, (-(kernel.shape[0] // 2), -(kernel.shape[1] // 2)), axis=(0, 1))
    blur = np.fft.rfft2(spread)
    sharp = np.fft.irfft2(np.fft.rfft2(full) * (np.conj(blur) / (np.abs(blur) ** 2 + noise)), size)
    return np.clip(np.rint(sharp[edge : edge + height, edge : edge + width]), 0, 255).astype(
        np.uint8
    )


def _line(moved: Movement) -> _Plane:
    reach = math.ceil(moved.length / 2) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along = x * math.cos(moved.angle) + y * math.sin(moved.angle)
    across = y * math.cos(moved.angle) - x * math.sin(moved.angle)
    inside = np.clip(moved.length / 2 + 0.5 - abs(along), 0, 1) * np.clip(1 - abs(across), 0, 1)
    return np.asarray(inside, dtype=np.float32)


def _disc(radius: float) -> _Plane:
    reach = math.ceil(radius) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(np.clip(radius + 0.5 - np.hypot(x, y), 0, 1), dtype=np.float32)


@lru_cache(maxsize=64)
def _size(length: int) -> int:
    """The next length whose only factors are 2, 3 and 5: transforms are fastest there."""
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1
