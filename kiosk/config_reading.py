"""[reading] of kiosk.toml, and what it means to those who read."""

from dataclasses import dataclass

from kiosk.config_table import flag, whole
from kiosk.scanning.budget import Limits
from kiosk.scanning.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ReadingSection:
    """[reading]: how hard codes are looked for, and how much computing that may use."""

    first_pixels: int = whole(640, unit="pixels", low=160, high=4608)
    """Frames are shrunk to this size, either way, for the first look."""
    sure_ms: int = whole(500, unit="milliseconds", low=50, high=5_000)
    """Also where nothing moves, a frame is looked at so often; less than policy.leave_ms."""
    retry_ms: int = whole(1_000, unit="milliseconds", low=50, high=10_000)
    """Also where nothing moves, a dearer way is tried so often."""
    fps: int = whole(0, unit="frames per second", low=0, high=240)
    """Frames looked at, at most; 0 for as many as the camera gives."""
    retries: bool = flag(True)
    """Whether dearer ways are tried on the frames that follow one without a readable code."""
    cpu_percent: int = whole(60, unit="per cent of one core", low=5, high=100)
    """Computing that reading may use on average; a code in view is still read within its time."""
    burst_ms: int = whole(2_000, unit="milliseconds", low=100, high=60_000)
    """Computing time saved up while nothing moves, at most."""
    warm_c: int = whole(70, unit="degrees Celsius", low=30, high=100)
    """From this temperature of the processor on, reading uses less."""
    hot_c: int = whole(80, unit="degrees Celsius", low=31, high=110)
    """At this temperature only hot_percent of cpu_percent is left."""
    hot_percent: int = whole(25, unit="per cent of cpu_percent", low=5, high=100)
    """What is left when hot; between warm_c and hot_c it falls evenly."""

    def settings(self) -> Settings:
        return Settings(
            first_pixels=self.first_pixels,
            sure_ms=self.sure_ms,
            retry_ms=self.retry_ms,
            fps=self.fps,
            retries=self.retries,
        )

    def limits(self) -> Limits:
        return Limits(
            cpu_percent=self.cpu_percent,
            burst_ms=self.burst_ms,
            warm_c=self.warm_c,
            hot_c=self.hot_c,
            hot_percent=self.hot_percent,
        )


def contradiction(reading: ReadingSection, *, leave_ms: int) -> tuple[str, str] | None:
    """The key that contradicts another setting and what was expected of it; None where none does.

    `leave_ms`: [policy] leave_ms, after which a code that was not seen has left.
    """
    if reading.sure_ms >= leave_ms:
        return "sure_ms", f"expected less than policy.leave_ms ({leave_ms}), or codes leave unseen"
    if reading.hot_c <= reading.warm_c:
        return "hot_c", f"expected more than reading.warm_c ({reading.warm_c})"
    return None
