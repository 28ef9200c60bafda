"""What time it is on a machine without a clock of its own.

A Pi may start in 1970. Unsynchronised wall time therefore never falls below the last time the
kiosk wrote to its disk; durations come from the boot's own clock, suspend included.
"""

import ctypes
import ctypes.util
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")
"""Made by systemd-timesyncd at its first synchronisation in this boot."""
_TIME_ERROR: Final = 5
_TIMEX_BYTES: Final = 512
"""More than any libc's `struct timex`; all zero asks and sets nothing."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One reading of all clocks, the evidence a record carries."""

    wall_ms: int
    """Milliseconds since 1970 UTC; trustworthy only where `synced`."""
    mono_ms: int
    """Milliseconds since this boot."""
    boot: str
    synced: bool


class Clock(Protocol):
    """Time as the kiosk needs it."""

    def now(self) -> Moment: ...

    def mono_ms(self) -> int: ...


class SystemClock:
    """The machine's clocks."""

    def __init__(self, *, floor_ms: int = 0) -> None:
        """`floor_ms`: the last wall time known from the disk."""
        self._boot = _boot_id()
        self._libc = ctypes.CDLL(ctypes.util.find_library("c"))
        self._floor_ms = floor_ms
        self._floor_at_ms = self.mono_ms()

    def now(self) -> Moment:
        mono_ms = self.mono_ms()
        wall_ms = time.time_ns() // 1_000_000
        synced = self._synced()
        if not synced:
            wall_ms = max(wall_ms, self._floor_ms + mono_ms - self._floor_at_ms)
        return Moment(wall_ms=wall_ms, mono_ms=mono_ms, boot=self._boot, synced=synced)

    def mono_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def _synced(self) -> bool:
        """The kernel's own word, whichever time service keeps it; else systemd-timesyncd's.

        A service that systemd keeps from the clock (ProtectClock) may not even ask the kernel.
        """
        state = int(self._libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
        return _SYNCHRONIZED.exists() if state < 0 else state < _TIME_ERROR


class FakeClock:
    """A clock that stands until told to go on."""

    def __init__(
        self,
        *,
        wall_ms: int = 1_767_225_600_000,
        mono_ms: int = 60_000,
        boot: str = "boot-1",
        synced: bool = True,
    ) -> None:
        self.wall_ms = wall_ms
        self.boot = boot
        self.synced = synced
        self._mono_ms = mono_ms

    def advance(self, *, ms: int) -> None:
        self.wall_ms += ms
        self._mono_ms += ms

    def now(self) -> Moment:
        return Moment(
            wall_ms=self.wall_ms, mono_ms=self._mono_ms, boot=self.boot, synced=self.synced
        )

    def mono_ms(self) -> int:
        return self._mono_ms


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.uuid4())
