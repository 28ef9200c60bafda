"""Reads the next transaction's messages while the one before is being written."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from fleet_server.ingest import presence
from fleet_server.ingest.inbox import Inbox, Message
from fleet_server.ingest.judge import Judged, refuse_whole
from fleet_server.ingest.presence import Heard
from fleet_server.settings import Ingest
from wire import topics
from wire.errors import WireError

IDLE_S: Final = 0.5
"""How long to wait for a message before looking whether to end."""

Judge = Callable[[str, bytes, int], Judged]
"""Topic, payload and time of receipt to a judgement (`judge.judge` with its keys)."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one transaction is to take."""

    scans: list[Judged] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def parts(self) -> list["Work"]:
        """The same in smaller pieces; a single record is one piece."""
        if len(self.scans) + len(self.heard) > 1:
            alone = [Work([each], []) for each in self.scans]
            return alone + [Work([], [each]) for each in self.heard]
        if not self.scans or self.scans[0].records < 2:
            return [self]
        whole = self.scans[0]
        pieces = [replace(whole, accepted=(each,), refused=()) for each in whole.accepted]
        pieces += [replace(whole, accepted=(), refused=(each,)) for each in whole.refused]
        return [Work([piece], []) for piece in pieces]


@dataclass(frozen=True, slots=True)
class Reading:
    """Messages and what they say."""

    messages: list[Message] = field(default_factory=list)
    work: Work = field(default_factory=Work)


class Reader:
    """Runs in a thread of its own, one reading ahead of whoever takes them."""

    def __init__(self, inbox: Inbox, *, judge: Judge, settings: Ingest) -> None:
        self._inbox = inbox
        self._judge = judge
        self._settings = settings
        self._ready: queue.Queue[Reading] = queue.Queue(maxsize=1)
        self._abandoned = threading.Event()
        self._hungry = False
        """Whether somebody waits: then what is there is handed over at once."""

    def run(self) -> None:
        """Until the inbox is closed and empty, or this reader abandoned."""
        while not self._abandoned.is_set():
            reading = self._read_some()
            if reading.messages:
                self._hand_over(reading)
            elif self._inbox.closed:
                return

    @property
    def ready(self) -> bool:
        """Whether something waits to be taken."""
        return not self._ready.empty()

    def take(self, *, wait_s: float) -> Reading | None:
        """The next reading; None where none is ready in time."""
        self._hungry = True
        try:
            return self._ready.get(timeout=wait_s) if wait_s > 0 else self._ready.get_nowait()
        except queue.Empty:
            return None
        finally:
            self._hungry = False

    def abandon(self) -> None:
        """Nobody will take anything any more."""
        self._abandoned.set()

    def _hand_over(self, reading: Reading) -> None:
        while not self._abandoned.is_set():
            try:
                self._ready.put(reading, timeout=IDLE_S)
            except queue.Full:
                continue
            return

    def _read_some(self) -> Reading:
        """What comes within moments, up to a number of records."""
        reading = Reading()
        records = 0
        wait_s, end = IDLE_S, 0.0
        while records < self._settings.batch_records:
            message = self._inbox.take(wait_s=wait_s)
            if message is None:
                break
            reading.messages.append(message)
            records += self._read(message, reading.work)
            now = time.monotonic()
            end = end or now + self._settings.batch_wait_ms / 1000
            wait_s = 0.0 if self._hungry else max(0.0, end - now)
        return reading

    def _read(self, message: Message, work: Work) -> int:
        """Adds what a message says to the work; how many records that is."""
        topic, payload, received_ms = message.topic, message.payload, message.received_ms
        if topic == topics.SERVER_STATE:
            return 0  # our own voice: the subscription to kiosks' states covers it
        if topic.endswith("/scans"):
            work.scans.append(self._judge(topic, payload, received_ms))
            return work.scans[-1].records
        try:
            heard = presence.read(
                topic, payload, received_ms=received_ms, retained=message.retained
            )
        except WireError as problem:
            work.scans.append(refuse_whole(topic, payload, problem, received_ms=received_ms))
        else:
            work.heard.append(heard)
        return 1
