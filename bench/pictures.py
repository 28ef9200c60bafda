"""Pictures with known texts: a folder with a manifest, or a made-up set where there is none."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import segno
from PIL import Image

from kiosk.hardware.pictures import UnreadablePicture, load_luma
from kiosk.hardware.ports import Luma

MANIFEST = "manifest.json"
SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "qr"
FRAME = (480, 640)
"""Rows and columns of the frame that instructions are counted on."""
_MADE = 60


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture and what is in it."""

    name: str
    luma: Luma
    texts: tuple[str, ...]
    """Empty: there is no code in it."""


def load(folder: Path) -> list[Picture]:
    """The pictures that the folder's manifest lists. Raises click.ClickException."""
    manifest = folder / MANIFEST
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))
    except OSError as problem:
        raise click.ClickException(f"{manifest}: cannot be read ({problem.strerror})") from problem
    except ValueError as problem:
        raise click.ClickException(f"{manifest}: is not JSON: {problem}") from problem
    if not isinstance(entries, list):
        raise click.ClickException(f"{manifest}: expected a list of {{file, texts}}")
    return [_picture(folder, manifest, number, entry) for number, entry in enumerate(entries)]


def _picture(folder: Path, manifest: Path, number: int, entry: Any) -> Picture:
    name = entry.get("file") if isinstance(entry, dict) else None
    texts = entry.get("texts") if isinstance(entry, dict) else None
    fits = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    if not isinstance(name, str) or not isinstance(texts, list) or not fits:
        raise click.ClickException(
            f"{manifest}: entry {number}: expected {{file: name, texts: [text, …]}}"
        )
    try:
        luma = load_luma(folder / name)
    except UnreadablePicture as problem:
        raise click.ClickException(f"{manifest}: entry {number}: {problem}") from problem
    return Picture(name=name, luma=luma, texts=tuple(texts))


def made(*, seed: int = 1) -> list[Picture]:
    """Made-up scenes: codes of several sizes, turned and tilted, on rough backgrounds; and none."""
    random = np.random.default_rng(seed)
    pictures = []
    for number in range(_MADE):
        scene = background(random)
        texts: tuple[str, ...] = ()
        if number % 5:
            text = f"TRAM:{number:03d}:" + "0123456789ABCDEF" * int(random.integers(1, 8))
            texts = (text,)
            scene = _with_code(scene, text, random)
        pictures.append(Picture(name=f"made-{number:02d}", luma=scene, texts=texts))
    return pictures


def background(random: np.random.Generator) -> Luma:
    """A rough scene without a code, of FRAME's size: surfaces, edges, grain."""
    height, width = FRAME
    rows, columns = np.mgrid[0:height, 0:width]
    light = 110 + 60 * np.sin(columns / width * random.uniform(1, 4) + random.uniform(0, 6))
    for _ in range(12):
        y, x = random.uniform(0, height), random.uniform(0, width)
        tall, wide = random.uniform(10, 200), random.uniform(10, 200)
        inside = (abs(rows - y) < tall / 2) & (abs(columns - x) < wide / 2)
        light[inside] = random.uniform(20, 235)
    return np.asarray(np.clip(light + random.normal(0, 2, FRAME), 0, 255), dtype=np.uint8)


def _with_code(scene: Luma, text: str, random: np.random.Generator) -> Luma:
    out = io.BytesIO()
    segno.make(text, micro=False, error="m").save(out, kind="png", scale=8, border=4)
    code = Image.open(out).convert("L")
    side = int(random.uniform(160, 400))
    turned = code.resize((side, side), Image.Resampling.LANCZOS)
    angle = random.uniform(0, 360)
    mask = Image.new("L", turned.size, 255).rotate(angle, expand=True)
    turned = turned.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    picture = Image.fromarray(scene)
    left, top = ((a - b) // 2 for a, b in zip(picture.size, turned.size, strict=True))
    jog = random.integers(-20, 21, 2)
    picture.paste(turned, (left + int(jog[0]), top + int(jog[1])), mask)
    return np.asarray(picture, dtype=np.uint8)


def frames(pictures: list[Picture], *, coded: bool) -> list[Luma]:
    """Pictures of FRAME's size with or without a code, or a made-up one where there is none."""
    found = [
        each.luma for each in pictures if each.luma.shape == FRAME and bool(each.texts) == coded
    ]
    return found or [
        each.luma for each in made() if each.luma.shape == FRAME and bool(each.texts) == coded
    ]
