"""Works messages off: judge, store, and only after the commit say so.

While the database fails, the same messages are tried again with growing pauses; nothing is
acknowledged, nothing dropped. What the database will not take for its content is found by halves
and refused, so that one bad record never stops the others.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from fleet_server import database
from fleet_server.identity import audit
from fleet_server.ingest import presence
from fleet_server.ingest.inbox import Inbox, Message
from fleet_server.ingest.judge import Judged, refuse, refuse_whole
from fleet_server.ingest.presence import Heard
from fleet_server.ingest.receipts import receipt
from fleet_server.ingest.refusals import NOT_STORABLE
from fleet_server.ingest.store import Outcome, store
from fleet_server.settings import Ingest
from fleet_server.tracing import derivation
from wire import codec, topics
from wire.errors import WireError

log = logging.getLogger(__name__)

IDLE_S: Final = 0.5
"""How long to wait for a message before looking at other duties."""
DERIVE_AT_LEAST_S: Final = 1.0
"""Visits are derived when there is nothing to store, and at least this often under load."""
LOOK_EVERY_S: Final = 5.0
"""How often to look for persons whom other processes marked, by linking them for instance."""
ATTEMPTS: Final = 3
"""Two processes may write the same new row; the loser finds it there when it tries again."""

Judge = Callable[[str, bytes, int], Judged]
"""Topic, payload and time of receipt to a judgement (`judge.judge` with its keys)."""


class Outlet(Protocol):
    """Where answers go: the link to the broker."""

    def publish(self, topic: str, payload: bytes) -> None: ...

    def acknowledge(self, message: Message) -> None: ...

    def reconnect(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Work:
    """What one transaction is to take."""

    scans: list[Judged]
    heard: list[Heard]

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


class Stopped(Exception):
    """The process is to end while the database still fails."""


class Worker:
    """The one thread that writes."""

    def __init__(
        self,
        engine: Engine,
        inbox: Inbox,
        outlet: Outlet,
        *,
        judge: Judge,
        now_ms: Callable[[], int],
        settings: Ingest,
        stopping: threading.Event,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**database.WRITES)
        self._inbox = inbox
        self._outlet = outlet
        self._judge = judge
        self._now_ms = now_ms
        self._settings = settings
        self._stopping = stopping
        self._alive = alive
        self._marked = True
        """Whether somebody's visits may have to be derived; at the start nobody knows."""
        self._derived_s = 0.0
        self._derive_after_s = 0.0

    def run(self) -> None:
        """Until stopping is set and the inbox is empty, or the database fails by then."""
        while True:
            self._alive()
            messages, work = self._collect()
            if messages:
                try:
                    self._work_off(messages, work)
                except Stopped:
                    log.warning("stopping; %d messages stay with the broker", len(messages))
                    return
            elif self._stopping.is_set():
                return
            elif self._inbox.turned_away():
                self._outlet.reconnect()
            self._derive()

    def _collect(self) -> tuple[list[Message], Work]:
        """Messages for one transaction: what comes within moments, up to a number of records."""
        messages: list[Message] = []
        work = Work([], [])
        records = 0
        wait_s = 0.0 if self._stopping.is_set() or self._may_derive() else IDLE_S
        end = 0.0
        while records < self._settings.batch_records:
            message = self._inbox.take(wait_s=wait_s)
            if message is None:
                break
            messages.append(message)
            records += self._read(message, work)
            now = time.monotonic()
            end = end or now + self._settings.batch_wait_ms / 1000
            wait_s = max(0.0, end - now)
        return messages, work

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

    def _work_off(self, messages: Sequence[Message], work: Work) -> None:
        for outcome, head in self._store(work):
            told = receipt(outcome, server_ms=self._now_ms(), audit_head=head)
            if told is not None:
                topic = topics.kiosk_topic(outcome.source, "receipts")
                self._outlet.publish(topic, codec.encode(told))
                self._marked = True
        for message in messages:
            self._outlet.acknowledge(message)

    def _store(self, work: Work) -> list[tuple[Outcome, str]]:
        """Commits; outcomes with the head of the audit log. Raises Stopped."""
        pause_s = self._settings.retry_s
        attempts = 0
        while True:
            try:
                with self._writing.begin() as connection:
                    outcomes = store(connection, work.scans, work.heard, now_ms=self._now_ms())
                    head = audit.head(connection)
            except (DataError, IntegrityError) as problem:
                attempts += 1
                if attempts >= ATTEMPTS:
                    return self._store_in_parts(work, problem)
            except SQLAlchemyError as problem:
                self._wait(problem, pause_s)
                pause_s = min(2 * pause_s, self._settings.retry_max_s)
            else:
                return [(outcome, head) for outcome in outcomes]

    def _store_in_parts(self, work: Work, problem: SQLAlchemyError) -> list[tuple[Outcome, str]]:
        parts = work.parts()
        if len(parts) > 1:
            return [result for part in parts for result in self._store(part)]
        if not work.scans or not work.scans[0].accepted:
            log.error("the database does not take a message, which is dropped: %s", problem)
            return []
        judged = work.scans[0]
        (accepted,) = judged.accepted
        log.error("the database does not take a record of %s: %s", judged.source, problem)
        counter = accepted.record.counter
        refused = refuse(accepted.raw, NOT_STORABLE, type(problem).__name__, counter=counter)
        return self._store(Work([replace(judged, accepted=(), refused=(refused,))], []))

    def _wait(self, problem: SQLAlchemyError, pause_s: float) -> None:
        """Pauses before the database is tried again. Raises Stopped."""
        cause = str(getattr(problem, "orig", None) or problem).strip().splitlines()[0]
        log.warning(
            "database: %s; trying again in %g s, %d messages wait", cause, pause_s, len(self._inbox)
        )
        end = time.monotonic() + pause_s
        while (left := end - time.monotonic()) > 0:
            self._alive()
            if self._stopping.wait(min(left, 1.0)):
                raise Stopped

    def _may_derive(self) -> bool:
        now = time.monotonic()
        wanted = self._marked or now - self._derived_s > LOOK_EVERY_S
        return wanted and now >= self._derive_after_s

    def _derive(self) -> None:
        """Brings some visits up to date, unless there are scans to store first."""
        now = time.monotonic()
        busy = len(self._inbox) > 0 and now - self._derived_s < DERIVE_AT_LEAST_S
        if busy or self._stopping.is_set() or not self._may_derive():
            return
        try:
            self._marked = derivation.drain_some(self._engine) is not None
        except SQLAlchemyError as problem:
            log.warning("visits: %s; derived later", type(problem).__name__)
            self._derive_after_s = now + self._settings.retry_max_s
        self._derived_s = time.monotonic()
