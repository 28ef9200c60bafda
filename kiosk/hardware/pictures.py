"""A folder of pictures as a camera, and pictures as the brightness a decoder wants."""

import logging
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from kiosk.errors import CameraError
from kiosk.hardware.ports import Frame, Luma

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
MAX_PIXELS: Final = 50_000_000
"""A larger picture is refused unread: its few bytes may stand for all the memory there is."""

_log: Final = logging.getLogger(__name__)
_BROKEN: Final = (
    *(OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError),
    *(TypeError, KeyError, IndexError, AttributeError, struct.error, zlib.error),
    Image.DecompressionBombError,
)
"""What Pillow's readers are known to raise on damaged files."""


class UnreadablePicture(CameraError):
    """A file that is no picture, is damaged, or is larger than allowed."""


def find_pictures(folder: Path) -> list[Path]:
    """The pictures in `folder` and the folders below it, sorted by name; hidden ones left out."""
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


def load_luma(file: Path) -> Luma:
    """The picture's brightness, upright as its EXIF says, on white where it is transparent.

    Raises UnreadablePicture.
    """
    try:
        with Image.open(file) as picture:
            if picture.width * picture.height <= MAX_PIXELS:
                return _luma(ImageOps.exif_transpose(picture))
            size = f"{picture.width}×{picture.height}"
    except IsADirectoryError as problem:
        raise UnreadablePicture(f"{file}: a folder without {', '.join(SUFFIXES)}") from problem
    except _BROKEN as problem:
        why = getattr(problem, "strerror", None) or "not a picture, or damaged"
        raise UnreadablePicture(f"{file}: cannot be read ({why})") from problem
    raise UnreadablePicture(
        f"{file}: {size} pixels; at most {MAX_PIXELS // 1_000_000} million are read"
    )


def _luma(picture: Image.Image) -> Luma:
    if picture.mode.startswith("I;16"):
        return (np.asarray(picture) >> 8).astype(np.uint8)
    # By hand: a Pi on Bookworm has a Pillow that cannot be asked.
    if picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        picture = Image.new("RGBA", rgba.size, "white")
        picture.alpha_composite(rgba)
    return np.asarray(picture.convert("L"), dtype=np.uint8)


class PicturesCamera:
    """Shows each picture for some frames, then nothing for some, as a hand would; then ends."""

    finite = True

    def __init__(
        self, files: Sequence[Path], *, fps: float = 10.0, shown: int = 3, blank: int = 2
    ) -> None:
        """`fps`: frames a second, 0 for as fast as they are taken. `shown`, `blank`: frames."""
        self._files = tuple(files)
        self._shown = shown
        self._blank = blank
        self._pace = Pace(fps)

    def frames(self) -> Iterator[Frame]:
        for file in self._files:
            try:
                luma = load_luma(file)
            except UnreadablePicture as problem:
                _log.warning("picture skipped: %s", problem)
                continue
            nothing = np.full_like(luma, 128)
            for number in range(self._shown + self._blank):
                if not self._pace.wait():
                    return
                seen, source = (luma, str(file)) if number < self._shown else (nothing, "")
                yield Frame(luma=seen, taken_ns=time.monotonic_ns(), source=source)

    def close(self) -> None:
        self._pace.end()


class Pace:
    """Keeps a steady rate of frames until it is ended, from any thread."""

    def __init__(self, fps: float) -> None:
        self._period_s = 1 / fps if fps > 0 else 0.0
        self._due_s = 0.0
        self._ended = threading.Event()

    def wait(self) -> bool:
        """Wait until the next frame is due. False: ended."""
        now_s = time.monotonic()
        ended = self._ended.wait(max(0.0, self._due_s - now_s))
        self._due_s = max(self._due_s, now_s) + self._period_s
        return not ended

    def end(self) -> None:
        self._ended.set()
