"""Takes a file of stays into the database: streaming, resumable, and the same however often.

Rows are written some at a time, each time with how far the file is done, so that an import that
was cut off goes on where it stood. Stays without exit get their bounds at the end, when all entries
are there.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from sqlalchemy import Engine, delete, select

from fleet_server import database
from fleet_server.identity import audit
from fleet_server.models import VisitImport
from fleet_server.settings import Settings
from fleet_server.tracing.import_file import CsvFile
from fleet_server.tracing.import_rows import Columns, Row, SetAside, read
from fleet_server.tracing.import_stays import Entry, Stays, Stored
from fleet_server.tracing.storage.rows import day_of

ROWS_AT_ONCE: Final = 50_000
"""Rows in one transaction: enough that a page is written for many of them, few enough that scans
wait some seconds for it at most."""
DAYS_AT_ONCE: Final = 200
"""Days in one transaction at most: PostgreSQL holds a lock for each of a day's tables."""
LISTED: Final = 1000
"""Rows set aside that a result lists; all of them are told as they come."""
CHECKING: Final = "Kiểm tra tệp / Checking"
READING: Final = "Nhập / Importing"
SETTLING: Final = "Tính giờ ra / Settling exits"
_MAX_COLUMNS: Final = 500
"""Characters kept of what the columns are called."""


class Watcher(Protocol):
    """Whoever wants to know how an import goes on."""

    def step(self, stage: str, done: int, of: int) -> None:
        """So much of a stage is done: bytes, or days."""

    def set_aside(self, line: int, reason: str) -> None:
        """A record is no stay."""


@dataclass(slots=True)
class Imported:
    """What an import did. Of an import that went on, only the rows of this run are told apart."""

    digest: str
    """SHA-256 of the file, hex."""
    rows: int = 0
    stored: int = 0
    changed: int = 0
    """Known stays of which a row says more."""
    repeated: int = 0
    set_aside: int = 0
    set_aside_rows: list[SetAside] = field(default_factory=list)
    """The first `LISTED`."""
    visitors: int = 0
    """New ones."""
    venues_created: list[str] = field(default_factory=list)
    resumed_at: int | None = None
    """So many rows were done before; None where it began at the beginning."""


def run(
    engine: Engine,
    file: CsvFile,
    columns: Columns,
    settings: Settings,
    watcher: Watcher,
    *,
    actor: str,
    now_ms: int,
    rows_at_once: int = ROWS_AT_ONCE,
) -> Imported:
    """Imports all of `file`; the same call goes on with one that was cut off.

    Raises BadFile, BadColumns: then nothing was written.
    """
    done = Imported(file.digest())
    file.check(lambda position: watcher.step(CHECKING, position, file.size))
    with file.lines() as lines:
        rows = read(lines, columns, settings.zone)
        entry = _begun(engine, done.digest, f"{columns} {settings.timezone}", now_ms)
        done.resumed_at = entry.records or None
        stays = Stays(engine, entry, timezone=settings.timezone, now_ms=now_ms)
        days: set[int] = set()
        for chunk in _chunks(rows, done, watcher, days, rows_at_once):
            if done.rows > entry.records:
                _count(done, stays.store(chunk, done.rows))
            watcher.step(READING, file.position, file.size)
    affected = sorted(days | {day - 1 for day in days})
    for number, day in enumerate(affected, 1):
        stays.settle(day)
        watcher.step(SETTLING, number, len(affected))
    _finish(engine, entry, done, actor=actor, now_ms=now_ms)
    return done


def _chunks(
    rows: Iterable[Row | SetAside],
    done: Imported,
    watcher: Watcher,
    days: set[int],
    rows_at_once: int,
) -> Iterator[list[Row]]:
    """Rows to be written together; those written before are left out, but counted and told.

    `done.rows` are looked at, and `days` has all of theirs.
    """
    before = done.resumed_at or 0
    chunk: list[Row] = []
    chunk_days: set[int] = set()
    since = 0
    number = 0
    for number, each in enumerate(rows, 1):
        if isinstance(each, SetAside):
            done.set_aside += 1
            if len(done.set_aside_rows) < LISTED:
                done.set_aside_rows.append(each)
            watcher.set_aside(*each)
        else:
            chunk_days.add(day_of(each.entered_at))
            if number > before:
                chunk.append(each)
        if number - since >= rows_at_once or len(chunk_days) >= DAYS_AT_ONCE:
            done.rows = since = number
            days |= chunk_days
            yield chunk
            chunk, chunk_days = [], set()
    done.rows = number
    days |= chunk_days
    yield chunk


def _count(done: Imported, stored: Stored) -> None:
    done.stored += stored.stored
    done.changed += stored.changed
    done.repeated += stored.repeated
    done.visitors += stored.visitors
    done.venues_created += stored.venues


def _begun(engine: Engine, digest: str, columns: str, now_ms: int) -> Entry:
    """The entry of an import that was cut off, else a new one."""
    if len(columns) > _MAX_COLUMNS:
        columns = hashlib.sha256(columns.encode()).hexdigest()
    which = {"digest": digest, "columns": columns}
    with engine.execution_options(**database.WRITES).begin() as connection:
        new = database.insert(connection, VisitImport).values(**which, records=0, began_ms=now_ms)
        connection.execute(new.on_conflict_do_nothing(index_elements=[*which]))
        found = select(VisitImport.id, VisitImport.records, VisitImport.began_ms)
        return Entry(*connection.execute(found.filter_by(**which)).one())


def _finish(engine: Engine, entry: Entry, done: Imported, *, actor: str, now_ms: int) -> None:
    """Puts the import on record, and forgets how far it is."""
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(delete(VisitImport).where(VisitImport.id == entry.id))
        audit.append(
            connection,
            at_ms=now_ms,
            actor=actor,
            action="visits.imported",
            detail={
                "digest": done.digest,
                "rows": done.rows,
                "stored": done.stored,
                "changed": done.changed,
                "repeated": done.repeated,
                "set_aside": done.set_aside,
                "visitors": done.visitors,
                "venues": len(done.venues_created),
                "resumed_at": done.resumed_at,
            },
        )
