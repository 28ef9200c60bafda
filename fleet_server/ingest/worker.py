"""Works messages off: store what they say, and only after the commit tell the kiosks.

While the database fails, the same messages are tried again with growing pauses; nothing is
acknowledged, nothing dropped. What the database will not take for its content is found by halves
and refused, so that one bad record never stops the others.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from fleet_server import database
from fleet_server.identity import audit
from fleet_server.ingest.inbox import Inbox, Message
from fleet_server.ingest.judge import refuse
from fleet_server.ingest.reader import IDLE_S, Judge, Reader, Reading, Work
from fleet_server.ingest.receipts import receipt
from fleet_server.ingest.refusals import NOT_STORABLE
from fleet_server.ingest.store import Outcome, store
from fleet_server.settings import Ingest
from fleet_server.tracing import derivation
from wire import codec, topics

log = logging.getLogger(__name__)

DERIVE_AFTER_S: Final = 0.25
"""Visits are derived this long after a scan, several persons' at once…"""
DERIVE_AT_LATEST_S: Final = 1.0
"""…or this much later when there are always more scans to store first."""
LOOK_EVERY_S: Final = 5.0
"""How often to look for persons whom other processes marked, by linking them for instance."""
ATTEMPTS: Final = 3
"""Two processes may write the same new row; the loser finds it there when it tries again."""


class Outlet(Protocol):
    """Where answers go: the link to the broker."""

    def publish(self, topic: str, payload: bytes) -> None: ...

    def acknowledge(self, message: Message) -> None: ...

    def reconnect(self) -> None: ...


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
        self._reader = Reader(inbox, judge=judge, settings=settings)
        self._now_ms = now_ms
        self._settings = settings
        self._stopping = stopping
        self._alive = alive
        self._derive_at_s = 0.0
        """When to look next whose visits are to be derived, by the monotonic clock."""

    def run(self) -> None:
        """Until the inbox is closed and empty, or stopping is set while the database fails."""
        with ThreadPoolExecutor(1, thread_name_prefix="reader") as thread:
            reading = thread.submit(self._reader.run)
            try:
                while not reading.done():
                    self._look_once()
                reading.result()
                while (rest := self._reader.take(wait_s=0)) is not None:
                    self._work_off(rest)
            except Stopped:
                log.warning("stopping while the database fails; the broker keeps what is left")
            finally:
                self._reader.abandon()

    def _look_once(self) -> None:
        self._alive()
        wait_s = min(self._derive_at_s - time.monotonic(), IDLE_S)
        reading = self._reader.take(wait_s=wait_s)
        if reading is not None:
            self._work_off(reading)
        elif self._inbox.turned_away():
            self._outlet.reconnect()
        self._derive()

    def _work_off(self, reading: Reading) -> None:
        for outcome, head in self._store(reading.work):
            told = receipt(outcome, server_ms=self._now_ms(), audit_head=head)
            if told is not None:
                topic = topics.kiosk_topic(outcome.source, "receipts")
                self._outlet.publish(topic, codec.encode(told))
        for message in reading.messages:
            self._outlet.acknowledge(message)
        self._derive_at_s = min(self._derive_at_s, time.monotonic() + DERIVE_AFTER_S)

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

    def _derive(self) -> None:
        """Brings some visits up to date, unless there are scans to store first."""
        now = time.monotonic()
        if now < self._derive_at_s + (DERIVE_AT_LATEST_S if self._reader.ready else 0):
            return
        try:
            drained = derivation.drain_some(self._engine, now_ms=self._now_ms())
        except SQLAlchemyError as problem:
            log.warning("visits: %s; derived later", type(problem).__name__)
            self._derive_at_s = now + self._settings.retry_max_s
        else:
            more = drained is not None and drained.persons >= derivation.PERSONS_AT_ONCE
            self._derive_at_s = time.monotonic() + (0 if more else LOOK_EVERY_S)
