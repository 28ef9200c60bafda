"""The append-only log of who looked and who changed what.

Each line's hash covers the line before, so that a changed, removed or reordered line shows; the
head goes out in receipts, so that a log rewritten or cut short as a whole shows to whoever kept
one. Lines are numbered without gaps. Never holds a name or a number in clear.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Table, func, select, text

from fleet_server import bulk
from fleet_server.models import Base

_LOCK: Final = 0x6175646974  # any number, the same in all processes
_BEFORE_FIRST: Final = bytes(32)
_TABLE: Final[Table] = Base.metadata.tables["audit_log"]
LOG: Final = _TABLE.c
"""The log's columns, to ask for lines by."""
_CONTENT: Final = 8
"""The first columns are what a line says; the last two hold the chain together."""
_NAMES: Final = [column.name for column in LOG][:_CONTENT]
_detail: Final = msgspec.json.Encoder(order="sorted")
_content: Final = msgspec.json.Encoder()


class Verdict(NamedTuple):
    """What `verify` found."""

    lines: int
    """Lines that hold, from the first."""
    head: str
    """Hash of the last of them, hex; empty for an empty log."""
    fault: str
    """The first line that does not hold and why; empty where all do."""


class Line(NamedTuple):
    """What one line says; the log adds number and hashes."""

    at_ms: int
    actor: str
    action: str
    case_ref: str = ""
    purpose: str = ""
    subject: str = ""
    detail: Mapping[str, Any] = {}


class Entry(NamedTuple):
    """One line as it stands in the log."""

    line: int
    at_ms: int
    actor: str
    action: str
    case_ref: str
    purpose: str
    subject: str
    detail: Any
    """As JSON reads."""


def append(
    connection: Connection,
    *,
    at_ms: int,
    actor: str,
    action: str,
    case_ref: str = "",
    purpose: str = "",
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Adds one line within the caller's transaction, which must be a writing one.

    Other writers wait from here until that transaction ends: append last.
    """
    line = Line(at_ms, actor, action, case_ref, purpose, subject, detail or {})
    append_all(connection, [line])


def append_all(connection: Connection, lines: Iterable[Line]) -> None:
    """Adds lines in their order, as `append` adds one."""
    if connection.dialect.name == "sqlite":
        if not connection.get_execution_options().get("tram_writes"):
            raise RuntimeError("audit.append needs a transaction begun with database.WRITES")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = connection.execute(
        select(LOG.id, LOG.hash).order_by(LOG.id.desc()).limit(1)
    ).one_or_none()
    number, previous = (last.id, last.hash) if last else (0, _BEFORE_FIRST)
    rows = []
    for line in lines:
        number += 1
        content = (number, *line[:-1], _detail.encode(line.detail).decode())
        row = dict(zip(_NAMES, content, strict=True))
        row["previous"] = previous
        row["hash"] = previous = _hash(previous, content)
        rows.append(row)
    bulk.add(connection, _TABLE, rows)


def head(connection: Connection) -> str:
    """Hash of the last line, hex; empty for an empty log."""
    found = connection.scalar(select(LOG.hash).order_by(LOG.id.desc()).limit(1))
    return found.hex() if found else ""


def entries(connection: Connection, which: ColumnElement[bool]) -> Iterator[Entry]:
    """Lines, the oldest first, some at a time from the database."""
    query = select(*list(LOG)[:_CONTENT]).where(which).order_by(LOG.id)
    # On the statement: a connection would keep it for all that comes after.
    yield from map(_entry, connection.execute(query.execution_options(yield_per=1000)))


def newest(connection: Connection, which: ColumnElement[bool], limit: int) -> list[Entry]:
    """The last lines, the newest first."""
    query = select(*list(LOG)[:_CONTENT]).where(which).order_by(LOG.id.desc()).limit(limit)
    return [_entry(row) for row in connection.execute(query)]


def length(connection: Connection) -> int:
    """How many lines there are."""
    return connection.scalar(select(func.max(LOG.id))) or 0


def holds_head(connection: Connection, head: str) -> bool:
    """Whether a head kept elsewhere, hex, is the hash of a line of this log."""
    try:
        digest = bytes.fromhex(head)
    except ValueError:
        return False
    return connection.scalar(select(LOG.id).where(LOG.hash == digest)) is not None


def verify(connection: Connection) -> Verdict:
    """Reads the whole log and checks every line against the one before."""
    lines, previous = 0, _BEFORE_FIRST
    query = select(*LOG).order_by(LOG.id).execution_options(yield_per=1000)
    for row in connection.execute(query):
        if fault := _fault(row, lines + 1, previous):
            return Verdict(lines, previous.hex() if lines else "", fault)
        lines, previous = lines + 1, row.hash
    return Verdict(lines, previous.hex() if lines else "", "")


def _entry(row: Row[Any]) -> Entry:
    return Entry._make([*row[:-1], msgspec.json.decode(row.detail or "{}")])


def _fault(row: Row[Any], expected: int, previous: bytes) -> str:
    if row.id != expected:
        return f"line {expected} is missing: line {row.id} follows line {expected - 1}"
    if row.previous != previous:
        return f"line {row.id} does not follow the line before it"
    if row.hash != _hash(previous, tuple(row)[:_CONTENT]):
        return f"line {row.id} was changed after it was written"
    return ""


def _hash(previous: bytes, line: tuple[Any, ...]) -> bytes:
    return hashlib.sha256(previous + _content.encode(line)).digest()
