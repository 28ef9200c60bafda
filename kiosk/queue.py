"""Records on disk from the moment they are made until the server's receipt.

Deletes a record only when told that a receipt covers it; what the server refuses, and what the disk
damaged, is set aside with the reason. Never reuses a counter. One process per folder; within it any
thread may call.
"""

import hashlib
import logging
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from kiosk import queue_file
from kiosk.errors import QueueFull
from wire import codec

DAMAGED: Final = "damaged"
"""The word for a record whose bytes are no longer those that were committed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Committed:
    """A record that is on the disk."""

    counter: int
    digest: str
    """SHA-256 of its bytes, hex."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A record that awaits its receipt."""

    counter: int
    record: bytes
    made_ms: int


class Queue:
    """The queue file of one kiosk."""

    def __init__(
        self,
        folder: Path,
        *,
        max_records: int,
        new_epoch: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        """Open or make the queue in `folder`.

        A file that is no sound database is kept under another name and a new one begun, with a new
        epoch. Raises QueueError, also where another process has it open.
        """
        self._opened = queue_file.open_to_write(folder, new_epoch=new_epoch)
        self._file = self._opened.file
        self._database = self._opened.database
        self._max_records = max_records
        self._lock = threading.Lock()
        self._next = self._opened.highest + 1
        self._depth = self._opened.depth
        self._aside = self._opened.set_aside
        self.epoch: Final = self._opened.epoch
        self.clock_floor_ms: Final = self._opened.clock_floor_ms

    @property
    def depth(self) -> int:
        """How many records await their receipt."""
        return self._depth

    @property
    def set_aside_count(self) -> int:
        return self._aside

    def append(self, make: Callable[[int], bytes], *, made_ms: int) -> Committed:
        """Commit the record that `make` gives for its counter; on return it is on the disk.

        Raises QueueFull, QueueError (nothing was recorded), and what `make` raises.
        """
        with self._lock:
            if self._depth >= self._max_records:
                raise QueueFull(f"{self._file} holds {self._depth} undelivered records, its limit")
            counter = self._next
            record = make(counter)
            # Spent even if the commit fails: what a failed commit left on the disk is not known.
            self._next += 1
            digest = hashlib.sha256(record)
            with self._transaction() as database:
                database.execute(
                    "INSERT INTO pending (counter, record, digest, made_ms) VALUES (?, ?, ?, ?)",
                    (counter, record, digest.digest(), made_ms),
                )
                database.execute("UPDATE identity SET clock_floor_ms = ?", (made_ms,))
            self._depth += 1
            return Committed(counter=counter, digest=digest.hexdigest())

    def pending(self, *, after: int = 0, limit: int, at_ms: int = 0) -> list[Pending]:
        """The first `limit` records with a counter above `after`, in order.

        Damaged ones among them are set aside (at wall time `at_ms`) and not given. Raises
        QueueError.
        """
        with self._lock:
            while True:
                with queue_file.translated(self._file):
                    rows = self._database.execute(
                        "SELECT counter, record, digest, made_ms FROM pending"
                        " WHERE counter > ? ORDER BY counter LIMIT ?",
                        (after, limit),
                    ).fetchall()
                sound = [
                    Pending(counter=counter, record=record, made_ms=made_ms)
                    for counter, record, digest, made_ms in rows
                    if _is_sound(counter, record, digest)
                ]
                for counter in {row[0] for row in rows} - {each.counter for each in sound}:
                    _log.error("record %d was damaged on the disk and is set aside", counter)
                    detail = "the bytes on the disk are not those that were committed"
                    self._set_aside(counter, reason=DAMAGED, detail=detail, at_ms=at_ms)
                if sound or not rows:
                    return sound

    def acknowledge(self, ranges: Iterable[tuple[int, int]]) -> int:
        """Delete the records a receipt covers, as [first, last]; returns how many there were.

        Raises QueueError; then none was deleted.
        """
        with self._lock:
            deleted = 0
            with self._transaction() as database:
                for first, last in ranges:
                    deleted += database.execute(
                        "DELETE FROM pending WHERE counter BETWEEN ? AND ?", (first, last)
                    ).rowcount
            self._depth -= deleted
            return deleted

    def set_aside(self, counter: int, *, reason: str, detail: str, at_ms: int) -> bool:
        """Keep a refused record apart; False where no such record awaits. Raises QueueError."""
        with self._lock:
            return self._set_aside(counter, reason=reason, detail=detail, at_ms=at_ms)

    def oldest_made_ms(self) -> int | None:
        """Wall time at which the oldest pending record was made. Raises QueueError."""
        with self._lock, queue_file.translated(self._file):
            row = self._database.execute(
                "SELECT made_ms FROM pending ORDER BY counter LIMIT 1"
            ).fetchone()
        return None if row is None else int(row[0])

    def keep_time(self, wall_ms: int) -> None:
        """Write down what time it is, for a start without a clock. Raises QueueError."""
        with self._lock, self._transaction() as database:
            database.execute("UPDATE identity SET clock_floor_ms = ?", (wall_ms,))

    def close(self) -> None:
        with self._lock:
            self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _set_aside(self, counter: int, *, reason: str, detail: str, at_ms: int) -> bool:
        with self._transaction() as database:
            moved = database.execute(
                "INSERT OR REPLACE INTO set_aside (counter, reason, detail, record, at_ms)"
                " SELECT counter, ?, ?, record, ? FROM pending WHERE counter = ?",
                (reason, detail, at_ms, counter),
            ).rowcount
            database.execute("DELETE FROM pending WHERE counter = ?", (counter,))
        self._depth -= moved
        self._aside += moved
        return moved > 0

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on the disk when left."""
        with queue_file.translated(self._file):
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
                self._database.execute("COMMIT")
            except sqlite3.Error:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise


def _is_sound(counter: int, record: object, digest: object) -> bool:
    return (
        isinstance(record, bytes)
        and hashlib.sha256(record).digest() == digest
        and codec.counter_of(record) == counter
    )
