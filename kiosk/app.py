"""A kiosk run until it is told to stop.

Three threads: the door's (camera to answer), the link's (network), and this one, which owns
delivery, health and the service manager. The watchdog is fed only while fresh frames come *and*
this thread goes round.
"""

import logging
import queue as standard_queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kiosk.clock import Clock
from kiosk.courier import Courier
from kiosk.errors import QueueDamaged, QueueError
from kiosk.health import Vitals
from kiosk.link import Link, LinkEvent
from kiosk.notify import READY, STOPPING, WATCHDOG, ServiceNotices
from kiosk.queue import Queue
from kiosk.watch import Watch
from wire.presence import Health

ROUND_S: Final = 1.0
"""The longest this thread waits before it looks around again."""

_log = logging.getLogger(__name__)


class Events:
    """What the other threads tell this one, in order."""

    def __init__(self) -> None:
        self._events: standard_queue.SimpleQueue[LinkEvent | None] = standard_queue.SimpleQueue()

    def post(self, event: LinkEvent) -> None:
        self._events.put(event)

    def wake(self) -> None:
        """Make `take` return; from any thread or signal handler."""
        self._events.put(None)

    def take(self, *, within_s: float) -> list[LinkEvent]:
        """All that came, waiting for the first of it."""
        taken: list[LinkEvent] = []
        try:
            event = self._events.get(timeout=within_s)
            while True:
                if event is not None:
                    taken.append(event)
                event = self._events.get_nowait()
        except standard_queue.Empty:
            return taken


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a kiosk is made of (`kiosk.assembly`)."""

    watch: Watch
    link: Link
    courier: Courier
    queue: Queue
    vitals: Vitals
    events: Events
    clock: Clock
    notices: ServiceNotices
    health: Callable[[], Health]
    """Measures. Raises QueueError."""
    health_ms: int
    """Milliseconds between two health messages."""


class App:
    """One kiosk from start to goodbye."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stopping = threading.Event()
        self._frames_fed = 0
        self._feed_ms = 0
        self._report_ms = 0
        self._session = ""

    def stop(self) -> None:
        """End soon, with a goodbye; from any thread or signal handler."""
        self._stopping.set()
        self._parts.events.wake()

    def run(self, *, once: bool, once_timeout_s: float) -> int:
        """Run until stopped; the exit status.

        With `once` it ends when a finite camera has ended and every record is covered by a receipt
        or set aside, or with 1 when that takes longer than `once_timeout_s`. Raises ConfigError for
        a camera that cannot be.
        """
        parts = self._parts
        try:
            parts.watch.start()
            parts.link.start()
            parts.notices.send(READY)
            return self._serve(once=once, once_timeout_s=once_timeout_s)
        finally:
            parts.notices.send(STOPPING)
            parts.watch.close()
            parts.link.close()

    def _serve(self, *, once: bool, once_timeout_s: float) -> int:
        parts = self._parts
        give_up_s: float | None = None
        while not self._stopping.is_set():
            try:
                self._deliver()
                self._report()
            except QueueDamaged as problem:
                _log.error("%s; the next start begins a new queue", problem)
                return 1
            self._feed()
            if not parts.link.alive:
                _log.error("the link ended by itself")
                return 1
            if parts.watch.alive:
                continue
            if not parts.watch.ended_well:
                _log.error("the camera's work ended: %s", parts.watch.failure or "see above")
                return 1
            if not once:
                continue
            if parts.queue.depth == 0:
                return 0
            give_up_s = give_up_s or time.monotonic() + once_timeout_s
            if time.monotonic() >= give_up_s:
                depth = parts.queue.depth
                _log.error("%d records without a receipt after %g s", depth, once_timeout_s)
                return 1
        return 0

    def _deliver(self) -> None:
        """Wait for something to happen, take it in, send what is due."""
        courier = self._parts.courier
        wait_s = courier.wait_s()
        within_s = ROUND_S if wait_s is None else min(wait_s, ROUND_S)
        for event in self._parts.events.take(within_s=within_s):
            courier.handle(event)
        courier.send_due()

    def _report(self) -> None:
        """Publish health and write down the time, each minute and at each new session."""
        parts = self._parts
        now = parts.clock.now()
        if now.mono_ms < self._report_ms and parts.courier.session == self._session:
            return
        self._session = parts.courier.session
        self._report_ms = now.mono_ms + parts.health_ms
        try:
            parts.queue.keep_time(now.wall_ms)
            parts.courier.send_health(parts.health())
        except QueueDamaged:
            raise
        except QueueError as problem:
            _log.error("no health: %s", problem)

    def _feed(self) -> None:
        """Tell the watchdog that fresh frames come, at most once a round."""
        now_ms = self._parts.clock.mono_ms()
        frames = self._parts.vitals.frames
        if frames > self._frames_fed and now_ms >= self._feed_ms:
            self._frames_fed = frames
            self._feed_ms = now_ms + int(ROUND_S * 1000)
            self._parts.notices.send(WATCHDOG)
