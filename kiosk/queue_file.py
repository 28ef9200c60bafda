"""The queue's file: its tables, how it is opened after any kind of end, and how it is looked at.

Write-ahead log with synchronous=FULL: a commit that returned survives a pulled plug. Nothing is
ever deleted here: a file that is no sound database is kept under another name.
"""

import fcntl
import logging
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.errors import QueueDamaged, QueueError

FILE: Final = "queue.sqlite3"
LOCK_FILE: Final = "queue.lock"
FORMAT: Final = 1
_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE identity (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    epoch TEXT NOT NULL,
    clock_floor_ms INTEGER NOT NULL
);
CREATE TABLE pending (
    counter INTEGER PRIMARY KEY AUTOINCREMENT,
    record BLOB NOT NULL,
    digest BLOB NOT NULL,
    made_ms INTEGER NOT NULL
);
CREATE TABLE set_aside (
    counter INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    record BLOB NOT NULL,
    at_ms INTEGER NOT NULL
);
PRAGMA user_version = {FORMAT};
"""
_HIGHEST: Final = """
SELECT max(
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'pending'), 0),
    coalesce((SELECT max(counter) FROM pending), 0),
    coalesce((SELECT max(counter) FROM set_aside), 0)
)
"""
_CORRUPT: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OpenQueue:
    """An open queue file and what stood in it."""

    file: Path
    database: sqlite3.Connection
    lock: int
    """Descriptor whose lock keeps other processes out."""
    epoch: str
    clock_floor_ms: int
    highest: int
    """The highest counter ever committed."""
    depth: int
    set_aside: int

    def close(self) -> None:
        self.database.close()
        os.close(self.lock)


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """A record that will not be sent again, and why."""

    counter: int
    reason: str
    detail: str
    record: bytes
    at_ms: int


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What a queue holds, for a person."""

    epoch: str
    depth: int
    oldest_ms: int | None
    """Wall time at which the oldest pending record was made."""
    set_aside: tuple[SetAside, ...]


def open_to_write(folder: Path, *, new_epoch: Callable[[], str]) -> OpenQueue:
    """The queue in `folder`, made if there is none. Raises QueueError.

    A damaged file is moved aside, loudly, and a new one begun with a new epoch.
    """
    file = folder / FILE
    lock = _lock(folder)
    try:
        try:
            return _open(file, lock, new_epoch)
        except QueueDamaged as problem:
            _log.error("%s; it is kept as %s and a new queue begins", problem, _move_aside(file))
            return _open(file, lock, new_epoch)
    except QueueError:
        os.close(lock)
        raise


def look(folder: Path) -> Overview:
    """What the queue in `folder` holds; also while a kiosk uses it. Raises QueueError."""
    file = folder / FILE
    if not file.exists():
        raise QueueError(f"{file}: no queue here; a kiosk makes it when it first runs")
    with translated(file):
        database = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            database.text_factory = _text
            (epoch,) = database.execute("SELECT epoch FROM identity").fetchone() or ("",)
            depth, oldest_ms = database.execute(
                "SELECT count(*), (SELECT made_ms FROM pending ORDER BY counter LIMIT 1)"
                " FROM pending"
            ).fetchone()
            rows = database.execute(
                "SELECT counter, reason, detail, record, at_ms FROM set_aside ORDER BY counter"
            ).fetchall()
        finally:
            database.close()
    return Overview(
        epoch=epoch,
        depth=depth,
        oldest_ms=oldest_ms,
        set_aside=tuple(
            SetAside(counter=counter, reason=reason, detail=detail, record=record, at_ms=at_ms)
            for counter, reason, detail, record, at_ms in rows
        ),
    )


@contextmanager
def translated(file: Path) -> Iterator[None]:
    """Errors of the database as the kiosk's own: QueueDamaged where the file is at fault."""
    try:
        yield
    except sqlite3.Error as problem:
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        kind = QueueDamaged if code in _CORRUPT else QueueError
        raise kind(f"{file}: {problem}") from problem
    except OSError as problem:
        if isinstance(problem, QueueError):
            raise
        raise QueueError(f"{file}: {problem.strerror}") from problem


def _lock(folder: Path) -> int:
    with translated(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        os.close(lock)
        raise QueueError(f"{folder}: another kiosk process uses this folder") from problem
    return lock


def _open(file: Path, lock: int, new_epoch: Callable[[], str]) -> OpenQueue:
    with translated(file):
        if not file.exists():
            # A log without its database would be played into the new one, or be lost.
            _move_aside(file)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            return _read(file, database, lock, new_epoch)
        except (sqlite3.Error, QueueError):
            database.close()
            raise


def _read(
    file: Path, database: sqlite3.Connection, lock: int, new_epoch: Callable[[], str]
) -> OpenQueue:
    database.text_factory = _text
    (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise QueueError(f"{file}: this file system does not allow a write-ahead log")
    database.execute("PRAGMA synchronous = FULL")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == 0:
        database.executescript(_SCHEMA)
        database.execute("INSERT INTO identity VALUES (1, ?, 0)", (new_epoch(),))
        database.execute("COMMIT")
        _sync_folder(file.parent)
    elif version != FORMAT:
        raise QueueError(f"{file}: queue format {version} is of another release, not {FORMAT}")
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise QueueDamaged(f"{file}: {verdict}")
    epoch, clock_floor_ms = database.execute(
        "SELECT epoch, clock_floor_ms FROM identity"
    ).fetchone() or ("", 0)
    if re.fullmatch("[0-9a-f]{32}", epoch) is None:
        raise QueueDamaged(f"{file}: its epoch is lost")
    (highest,) = database.execute(_HIGHEST).fetchone()
    (depth,) = database.execute("SELECT count(*) FROM pending").fetchone()
    (set_aside,) = database.execute("SELECT count(*) FROM set_aside").fetchone()
    return OpenQueue(
        file=file,
        database=database,
        lock=lock,
        epoch=epoch,
        clock_floor_ms=clock_floor_ms,
        highest=highest,
        depth=depth,
        set_aside=set_aside,
    )


def _move_aside(file: Path) -> Path:
    """Rename the database and what belongs to it to the first free name."""
    number = 1
    while any(file.parent.glob(f"{file.name}.damaged-{number}*")):
        number += 1
    kept = file.with_name(f"{file.name}.damaged-{number}")
    with translated(file):
        # The database goes first: without it, what is left is never taken for a queue.
        for suffix in ("", "-wal", "-shm"):
            part = file.with_name(file.name + suffix)
            if part.exists():
                part.replace(kept.with_name(kept.name + suffix))
    return kept


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
