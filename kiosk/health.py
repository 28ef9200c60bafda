"""What the kiosk knows about itself, for the message it sends each minute.

Counts and durations only: nothing here comes out of a code.
"""

import os
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.clock import Moment
from wire.presence import Health

KEPT_DECODES: Final = 500
"""Decoding times that the percentiles are taken over."""
_THERMAL: Final = Path("/sys/class/thermal/thermal_zone0/temp")
_MEMORY: Final = Path("/proc/meminfo")


class Vitals:
    """What happened at the door since the start; any thread may tell or ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames = 0
        self._frame_ms: int | None = None
        self._counted_frames = 0
        self._counted_ms: int | None = None
        self._decodes: deque[float] = deque(maxlen=KEPT_DECODES)
        self._answers: Counter[str] = Counter()
        self._scan_ms: int | None = None
        self._camera_restarts = 0

    @property
    def frames(self) -> int:
        """Fresh frames so far."""
        return self._frames

    def frame(self, *, decode_ms: float | None, now_ms: int) -> None:
        """A fresh frame came at `now_ms` of the boot's clock; None: it was not looked at."""
        with self._lock:
            self._frames += 1
            self._frame_ms = now_ms
            if decode_ms is not None:
                self._decodes.append(decode_ms)

    def answer(self, reason: str, *, wall_ms: int) -> None:
        """A visitor was answered."""
        with self._lock:
            self._answers[reason] += 1
            self._scan_ms = wall_ms

    def camera_restart(self) -> None:
        with self._lock:
            self._camera_restarts += 1

    def take(self, *, now_ms: int) -> "DoorHealth":
        """How the door does; `fps` counts since the last call."""
        with self._lock:
            fps = None
            if self._counted_ms is not None and now_ms > self._counted_ms:
                frames = self._frames - self._counted_frames
                fps = round(frames * 1000 / (now_ms - self._counted_ms), 2)
            self._counted_frames, self._counted_ms = self._frames, now_ms
            decodes = sorted(self._decodes)
            return DoorHealth(
                frame_age_ms=None if self._frame_ms is None else now_ms - self._frame_ms,
                fps=fps,
                decode_ms_p50=percentile(decodes, 50),
                decode_ms_p95=percentile(decodes, 95),
                answers=dict(self._answers),
                last_scan_ms=self._scan_ms,
                camera_restarts=self._camera_restarts,
            )


@dataclass(frozen=True, kw_only=True)
class DoorHealth:
    """The part of `wire.presence.Health` that the door knows."""

    frame_age_ms: int | None
    fps: float | None
    decode_ms_p50: float | None
    decode_ms_p95: float | None
    answers: dict[str, int]
    last_scan_ms: int | None
    camera_restarts: int


@dataclass(frozen=True, kw_only=True)
class DeliveryHealth:
    """The part that delivery knows."""

    session: str
    queue_depth: int
    queue_oldest_ms: int | None
    """Wall time at which the oldest undelivered record was made."""
    set_aside: int
    last_receipt_ms: int | None


def report(
    *,
    door: DoorHealth,
    delivery: DeliveryHealth,
    moment: Moment,
    version: str,
    folder: Path,
    certificate_expires_ms: int | None,
    documents: Mapping[str, int] | None = None,
    documents_refused: int = 0,
) -> Health:
    """The message; `folder` is where the records are kept."""
    oldest_ms = delivery.queue_oldest_ms
    return Health(
        session=delivery.session,
        boot=moment.boot,
        uptime_s=moment.mono_ms // 1000,
        version=version,
        wall_ms=moment.wall_ms,
        synced=moment.synced,
        queue_depth=delivery.queue_depth,
        queue_oldest_s=None if oldest_ms is None else max(0, moment.wall_ms - oldest_ms) // 1000,
        set_aside=delivery.set_aside,
        last_scan_ms=door.last_scan_ms,
        last_receipt_ms=delivery.last_receipt_ms,
        frame_age_ms=door.frame_age_ms,
        fps=door.fps,
        decode_ms_p50=door.decode_ms_p50,
        decode_ms_p95=door.decode_ms_p95,
        camera_restarts=door.camera_restarts,
        answers=door.answers,
        cpu_c=cpu_c(),
        disk_free_mb=_disk_free_mb(folder),
        memory_free_mb=_memory_free_mb(),
        certificate_expires_ms=certificate_expires_ms,
        documents=dict(documents or {}),
        documents_refused=documents_refused,
    )


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """Nearest-rank percentile of ascending values; None without any."""
    if not ordered:
        return None
    rank = -(-len(ordered) * percent // 100)
    return round(ordered[max(0, rank - 1)], 3)


def cpu_c() -> float | None:
    """The processor's temperature, None where nobody knows."""
    try:
        return int(_THERMAL.read_text()) / 1000
    except (OSError, ValueError):
        return None


def _disk_free_mb(folder: Path) -> int | None:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize // 1_000_000


def _memory_free_mb() -> int | None:
    try:
        lines = _MEMORY.read_text().splitlines()
        available = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(available.split()[1]) // 1000
    except (OSError, ValueError, StopIteration, IndexError):
        return None
