"""Cameras, decoders and signals without hardware; they keep the same promises as the real ones.

Codes for the fake decoder are painted into frames by `painted`, so that a whole kiosk can be driven
from made-up frames and still decides from pixels.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from kiosk.errors import CameraError
from kiosk.hardware.ports import Answer, Code, Frame, Luma, Notice

_MARK: Final = bytes((7, 77, 177, 247))
_HEAD: Final = len(_MARK) + 2


def blank(*, width: int = 64, height: int = 48) -> Luma:
    """A frame's brightness with nothing in it."""
    return np.full((height, width), 128, dtype=np.uint8)


def painted(data: bytes, *, width: int = 64, height: int = 48) -> Luma:
    """A picture in which `FakeDecoder` finds one code with `data`, in the middle."""
    luma = blank(width=width, height=height)
    text = _MARK + len(data).to_bytes(2, "big") + data
    luma.flat[: len(text)] = np.frombuffer(text, dtype=np.uint8)
    return luma


class FakeCamera:
    """Gives the frames it was made with, raises the errors among them, and ends."""

    finite = True

    def __init__(self, frames: Iterable[Luma | CameraError]) -> None:
        self._frames = list(frames)
        self._closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        for each in self._frames:
            if self._closed.is_set():
                return
            if isinstance(each, CameraError):
                raise each
            yield Frame(luma=each, taken_ns=time.monotonic_ns())

    def close(self) -> None:
        self._closed.set()


class FakeDecoder:
    """Reads what `painted` wrote, and nothing else."""

    def __init__(self, *, name: str = "fake") -> None:
        self.name = name

    def decode(self, luma: Luma) -> Sequence[Code]:
        raw = luma.tobytes()
        if not raw.startswith(_MARK):
            return ()
        length = int.from_bytes(raw[len(_MARK) : _HEAD], "big")
        height, width = luma.shape
        data = raw[_HEAD : _HEAD + length]
        return (Code(data=data, engine=self.name, centre=(width / 2, height / 2)),)


class RecordingSignals:
    """Remembers what it was asked to show."""

    def __init__(self) -> None:
        self.shown: list[Answer | Notice] = []
        self.closed = False

    def show(self, answer: Answer | Notice) -> None:
        self.shown.append(answer)

    def close(self) -> None:
        self.closed = True
