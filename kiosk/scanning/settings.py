"""How hard a kiosk looks for codes."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How hard to look, each with its unit."""

    first_pixels: int = 640
    """Frames are shrunk to this size, either way, for the first look."""
    sure_ms: int = 500
    """At most so long without a look."""
    retry_ms: int = 1_000
    """At most so long without a retry while nothing is found."""
    fps: int = 0
    """Frames a second that are looked at, at most; 0 for all."""
    retries: bool = True
    """Whether dearer ways are tried when the first look finds nothing."""
