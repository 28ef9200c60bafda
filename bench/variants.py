"""What light, hands and lenses do to a picture, from a seed.

Physics first: scenes are taken to linear light, blurred or dimmed there, given the noise of a
sensor and coded again. Strengths are drawn anew for each picture, in parts of its shorter side, so
that nothing that undoes one strength exactly can look better than it is.
"""

import hashlib
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]
Light = npt.NDArray[np.float64]
"""Linear light, 0 to 1, shape (height, width)."""

_GAMMA: Final = 2.2


def variant(name: str, luma: Luma, *, seed: str) -> Luma:
    """The picture as `name` of VARIANTS makes it; the same for the same `seed`."""
    digest = hashlib.sha256(f"{name} {seed}".encode()).digest()
    return VARIANTS[name](luma, np.random.default_rng(int.from_bytes(digest[:8], "big")))


def _as_is(luma: Luma, _random: np.random.Generator) -> Luma:
    return luma


def _inverted(luma: Luma, _random: np.random.Generator) -> Luma:
    return 255 - luma


def _motion(luma: Luma, random: np.random.Generator) -> Luma:
    """A hand that moves 1 to 3 % of the shorter side while the shutter is open, any way."""
    length = max(2.0, min(luma.shape) * random.uniform(0.01, 0.03))
    angle = random.uniform(0, np.pi)
    radius = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1))
    for step in np.linspace(-length / 2, length / 2, max(16, int(8 * length))):
        _drop(kernel, radius + step * np.sin(angle), radius + step * np.cos(angle))
    return _coded(_noisy(_blurred(_light(luma), kernel), random, gain=0.9, read=0.002))


def _defocus(luma: Luma, random: np.random.Generator) -> Luma:
    """A disc of confusion with a radius of 0.4 to 1.2 % of the shorter side."""
    radius = max(0.8, min(luma.shape) * random.uniform(0.004, 0.012))
    reach, fine = int(np.ceil(radius)) + 1, 5
    axis = (np.arange((2 * reach + 1) * fine) - ((2 * reach + 1) * fine - 1) / 2) / fine
    disc = (axis[:, None] ** 2 + axis[None, :] ** 2 <= radius**2).astype(np.float64)
    kernel = disc.reshape(2 * reach + 1, fine, 2 * reach + 1, fine).sum(axis=(1, 3))
    return _coded(_noisy(_blurred(_light(luma), kernel), random, gain=0.9, read=0.002))


def _low_light(luma: Luma, random: np.random.Generator) -> Luma:
    """2 to 8 % of the light, with the photon and read noise of a small sensor."""
    gain = random.uniform(0.02, 0.08)
    return _coded(_noisy(_light(luma), random, gain=gain, read=0.004, photons=1500))


def _glare(luma: Luma, random: np.random.Generator) -> Luma:
    """One or two lamps mirrored in a laminated card, drowning part of the code."""
    height, width = luma.shape
    rows, columns = np.mgrid[0:height, 0:width]
    light = _light(luma)
    for _ in range(random.integers(1, 3)):
        y, x = random.uniform(0.2, 0.8) * height, random.uniform(0.2, 0.8) * width
        size = min(height, width) * random.uniform(0.04, 0.12)
        stretch = random.uniform(1.0, 2.0)
        away = ((columns - x) / (size * stretch)) ** 2 + ((rows - y) / size) ** 2
        light = light + 1.2 * np.exp(-away) + 0.35 * np.exp(-away / 12)
    return _coded(_noisy(light, random, gain=0.9, read=0.002))


def _backlight(luma: Luma, random: np.random.Generator) -> Luma:
    """The sun behind the card: little light on it, veiling flare that grows towards one side."""
    height, width = luma.shape
    rows, columns = np.mgrid[0:height, 0:width]
    angle = random.uniform(0, 2 * np.pi)
    along = np.cos(angle) * (columns / width - 0.5) + np.sin(angle) * (rows / height - 0.5)
    veil = random.uniform(0.3, 0.7) * (1 + np.tanh(3 * along)) / 2 + 0.1
    light = random.uniform(0.1, 0.2) * _light(luma) + veil
    return _coded(_noisy(light, random, gain=0.9, read=0.003, photons=4000))


VARIANTS: Final[dict[str, Callable[[Luma, np.random.Generator], Luma]]] = {
    "as is": _as_is,
    "inverted": _inverted,
    "motion blur": _motion,
    "defocus": _defocus,
    "low light": _low_light,
    "glare": _glare,
    "backlight": _backlight,
}
COUNTED: Final = ("as is", "inverted", "motion blur", "defocus", "low light")
"""The five that the ratios are over; the others are shown beside."""


def _light(luma: Luma) -> Light:
    return (luma / 255.0) ** _GAMMA


def _coded(light: Light) -> Luma:
    level = 255.0 * np.clip(light, 0, 1) ** (1 / _GAMMA)
    return np.rint(level).astype(np.uint8)


def _noisy(
    light: Light,
    random: np.random.Generator,
    *,
    gain: float,
    read: float,
    photons: float = 8000,
) -> Light:
    """A sensor's view: `gain` of the light, `photons` at full well, `read` noise of full scale."""
    seen = random.poisson(np.clip(light * gain, 0, None) * photons) / photons
    return np.asarray(seen + random.normal(0, read, light.shape))


def _drop(kernel: npt.NDArray[np.float64], y: float, x: float) -> None:
    """Add a point of light between four pixels."""
    row, column = int(np.floor(y)), int(np.floor(x))
    down, right = y - row, x - column
    kernel[row, column] += (1 - down) * (1 - right)
    kernel[row, column + 1] += (1 - down) * right
    kernel[row + 1, column] += down * (1 - right)
    kernel[row + 1, column + 1] += down * right


def _blurred(light: Light, kernel: npt.NDArray[np.float64]) -> Light:
    """Convolved with `kernel`, borders continued."""
    reach = kernel.shape[0] // 2
    height, width = light.shape
    padded = np.pad(light, reach, mode="edge")
    size = (padded.shape[0] + 2 * reach, padded.shape[1] + 2 * reach)
    spectrum = np.fft.rfft2(padded, size) * np.fft.rfft2(kernel / kernel.sum(), size)
    whole = np.fft.irfft2(spectrum, size)
    return np.clip(whole[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width], 0, None)
