"""The sections of kiosk.toml about what a kiosk reads with: [camera] and [scanner]."""

import re
from dataclasses import dataclass
from typing import Final

from kiosk.config_table import flag, number, pin, text, whole

SOURCES: Final = re.compile(r"picamera2|(pictures|video|v4l2|scanner):.+", re.DOTALL)
ROTATIONS: Final = ("0", "90", "180", "270")
LAYOUTS: Final = ("us", "fr", "de")
"""Keyboard layouts a scanner's typing is understood in (`kiosk.scanning.layouts`)."""


@dataclass(frozen=True, kw_only=True)
class CameraSection:
    """[camera]: where frames come from."""

    source: str = text(
        "picamera2",
        expected='"picamera2", "v4l2:DEVICE", "scanner:DEVICE or NAME", "pictures:FOLDER" '
        'or "video:FILE"',
        example="picamera2",
        fits=SOURCES,
    )
    """The Pi's camera, a USB camera, a USB barcode scanner, or pictures or a video instead."""
    fps: float | None = number(low=0, high=240, unit="frames per second")
    """Frames asked for; absent for the source's own rate, 0 for as fast as they are taken."""
    width: int = whole(1280, unit="pixels", low=320, high=4608)
    """Of a frame of the Pi's or a USB camera."""
    height: int = whole(720, unit="pixels", low=240, high=2592)
    """Of a frame of the Pi's or a USB camera."""
    rotation: str = text(
        "0",
        expected='"0", "90", "180" or "270" (degrees clockwise)',
        example="180",
        fits=lambda word: word in ROTATIONS,
    )
    """How far the Pi's or USB camera's frames are turned until they are upright."""
    short_exposure: bool = flag(True)
    """Whether the Pi's camera takes noise rather than blur: moving hands blur codes."""
    stall_s: int = whole(2, unit="seconds", low=1, high=60)
    """Without a frame for this long, the Pi's or USB camera has failed."""
    torch_pin: int | None = pin()
    """A lamp beside the Pi's or USB camera, lit while frames are dark (BCM)."""
    torch_level: int = whole(40, unit="brightness, of 255", low=1, high=200)
    """Frames darker than this on average are dark."""
    torch_frames: int = whole(10, unit="frames", low=1, high=1000)
    """So many dark frames one after another light the lamp."""
    torch_s: int = whole(120, unit="seconds", low=5, high=86_400)
    """So long the lamp burns before it goes out to see whether it is still dark."""
    shown: int = whole(3, unit="frames", low=1, high=1000)
    """How long each of `pictures:` is shown."""
    blank: int = whole(2, unit="frames", low=0, high=1000)
    """Empty frames after each of `pictures:`."""
    restart_s: int = whole(1, unit="seconds", low=1, high=300)
    """Pause before a failed camera or scanner is opened again; doubles with each failure."""
    restart_max_s: int = whole(30, unit="seconds", low=1, high=3600)
    """The longest such pause."""


@dataclass(frozen=True, kw_only=True)
class ScannerSection:
    """[scanner]: a USB barcode scanner that types like a keyboard, as `camera.source`."""

    layout: str = text(
        "us",
        expected=f"one of {', '.join(LAYOUTS)}",
        example="us",
        fits=lambda word: word in LAYOUTS,
    )
    """The keyboard layout it is set to. The others are tried where this one makes no sense."""
    pause_ms: int = whole(300, unit="milliseconds", low=50, high=5000)
    """A pause this long ends a code that no Enter ended."""
