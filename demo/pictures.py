"""Codes rendered and photographed artificially: held askew, unevenly lit, a little out of focus."""

import random
from pathlib import Path

import numpy as np
import segno
from PIL import Image, ImageDraw, ImageFilter

FRAME = (640, 480)
"""Width and height of a picture, pixels."""


def photograph(text: str, *, rng: random.Random, screen: bool = False) -> Image.Image:
    """A picture of `text` as a code on a card, or on a phone in dark mode where `screen`."""
    card = _card(text, screen=screen)
    width, height = FRAME
    size = rng.uniform(0.62, 0.8) * height
    centre = (width / 2 + rng.uniform(-40, 40), height / 2 + rng.uniform(-25, 25))
    corners = _held(size, centre, rng)
    background = _backdrop(rng)
    warped = card.transform(
        FRAME,
        Image.Transform.PERSPECTIVE,
        _perspective(corners, card.size),
        Image.Resampling.BICUBIC,
        fillcolor=None,
    )
    mask = Image.new("L", FRAME)
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    background.paste(warped, mask=mask)
    blurred = background.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.1)))
    return _lit(blurred, rng)


def write_all(texts: list[str], folder: Path, *, seed: int) -> list[Path]:
    """One picture a text, numbered in order; every third as if on a phone's dark screen."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    paths = []
    for number, text in enumerate(texts, 1):
        path = folder / f"{number:03d}.jpg"
        photograph(text, rng=rng, screen=number % 3 == 0).save(path, quality=88)
        paths.append(path)
    return paths


def _card(text: str, *, screen: bool) -> Image.Image:
    code = segno.make(text, error="m", micro=False)
    dark, light = ("white", "black") if screen else ("black", "white")
    modules = int(code.symbol_size(scale=8, border=4)[0])
    image = Image.new("L", (modules, modules), light)
    draw = ImageDraw.Draw(image)
    for y, row in enumerate(code.matrix_iter(scale=1, border=4)):
        for x, module in enumerate(row):
            if module:
                draw.rectangle((x * 8, y * 8, x * 8 + 7, y * 8 + 7), fill=dark)
    return image


def _held(
    size: float, centre: tuple[float, float], rng: random.Random
) -> list[tuple[float, float]]:
    angle = np.deg2rad(rng.uniform(-25, 25))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size / 2
    tilt = np.array([[rng.uniform(-0.06, 0.06) * size for _ in range(2)] for _ in range(4)])
    return [(float(x), float(y)) for x, y in square @ turn.T + tilt + np.array(centre)]


def _perspective(corners: list[tuple[float, float]], size: tuple[int, int]) -> tuple[float, ...]:
    """Coefficients that map picture pixels back onto the card (Pillow's order)."""
    width, height = size
    targets = [(0, 0), (width, 0), (width, height), (0, height)]
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, targets, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solution = np.linalg.solve(np.array(rows, float), np.array(values, float))
    return tuple(float(value) for value in solution)


def _backdrop(rng: random.Random) -> Image.Image:
    small = Image.new("L", (8, 6))
    small.putdata([rng.randint(60, 170) for _ in range(48)])
    return small.resize(FRAME, Image.Resampling.BICUBIC)


def _lit(image: Image.Image, rng: random.Random) -> Image.Image:
    pixels = np.asarray(image, dtype=np.float32)
    height, width = pixels.shape
    slope = np.linspace(rng.uniform(0.6, 0.9), rng.uniform(0.9, 1.1), width)
    fall = np.linspace(rng.uniform(0.8, 1.0), rng.uniform(0.8, 1.0), height)
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, 5, pixels.shape)
    lit = pixels * slope[None, :] * fall[:, None] + noise
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))
