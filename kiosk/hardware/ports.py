"""What the rest of the kiosk asks of cameras, decoders and signals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]
"""Brightness, shape (height, width), 0 black to 255 white."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One camera frame. It lives in memory only: nothing may store or send it."""

    luma: Luma
    taken_ns: int
    """time.monotonic_ns() when it was taken."""
    source: str = ""
    """Which file it came from, for pictures and video; empty for a live camera."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """One QR code found in a frame."""

    data: bytes
    """The content as bytes, before any guess at its text encoding."""
    engine: str
    """Name of the decoder that read it."""
    centre: tuple[float, float]
    """x, y in pixels of the frame."""


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a scanner typed: one code, or nothing yet while it is plugged in and alive."""

    strokes: tuple[tuple[int, bool], ...] = ()
    """Linux key numbers in order, each with whether it went down or up."""
    taken_ns: int
    """time.monotonic_ns() when it was complete."""


class Answer(StrEnum):
    """What a visitor learns."""

    GO = "go"
    AGAIN = "again"
    BROKEN = "broken"


class Notice(StrEnum):
    """What the guard's button is told: too short and quiet for a visitor to take it as theirs."""

    ADDED = "added"
    TAKEN_BACK = "taken_back"


class Camera(Protocol):
    """Gives frames until closed. A finite one (pictures, video) ends by itself."""

    finite: bool

    def frames(self) -> Iterator[Frame]:
        """Fresh frames, oldest first. Raises CameraError when no frame can be had any more."""
        ...

    def close(self) -> None:
        """Release the device; idempotent, from any thread."""
        ...


class Scanner(Protocol):
    """A barcode scanner that types. It stands where a camera stands."""

    finite: bool

    def frames(self) -> Iterator[Typed]:
        """Each code once, and at least once a second nothing, as long as it is plugged in.

        Raises CameraError when it is not any more.
        """
        ...

    def close(self) -> None:
        """Release the device; idempotent, from any thread."""
        ...


class Decoder(Protocol):
    """Finds QR codes. Never raises on any picture."""

    name: str

    def decode(self, luma: Luma) -> Sequence[Code]: ...


class Signals(Protocol):
    """Lights and sound."""

    def show(self, answer: Answer | Notice) -> None:
        """Start the answer's pattern and return at once; a newer answer replaces an older one.

        A notice waits until no answer is being shown.
        """
        ...

    def close(self) -> None: ...
