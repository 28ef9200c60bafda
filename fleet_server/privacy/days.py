"""Lets go of one day: its stays at once, its scans some thousand at a time, and the proof of it.

What the day held is written down in the transaction that begins it; the audit log's line is written
by the one that ends it. Cut off in between, the next run goes on with the same row.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from fleet_server.identity import audit
from fleet_server.models import Base, LetGoDay
from fleet_server.privacy import erasure, proofs
from fleet_server.tracing import carried, stale, storage
from fleet_server.tracing.storage import naming

DAY_MS: Final = 86_400_000
DAY_S: Final = 86_400
_LOCK: Final = 0x6C65746F  # any number, the same in all processes
_TABLES: Final = Base.metadata.tables
_SCANS: Final = _TABLES["scans"]
_COMPANIONS: Final = _TABLES["companions"]
_DAYS: Final = LetGoDay.__table__.c

Seen = Callable[[int, int], None]
"""Is told how many scans of how many are gone."""


def date(day: int) -> dt.date:
    """The date of a day since 1970, UTC."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)


def with_anything_left(connection: Connection, before: int) -> list[int]:
    """Days before `before` of which anything is left, and those begun and not ended; ascending."""
    found = {day for day in storage.of(connection).days(connection) if day < before}
    found |= set(connection.scalars(select(_DAYS.day).where(_DAYS.done_ms.is_(None))))
    for table in (_SCANS, _COMPANIONS):
        old = table.c.corrected_ms < before * DAY_MS
        if table is _SCANS:
            old = and_(_anywhere(), old)
        found |= set(connection.scalars(select(table.c.corrected_ms // DAY_MS).where(old)))
    return sorted(found)


def let_go(
    connection: Connection, day: int, *, now_ms: int, actor: str, batch: int, seen: Seen
) -> Counter[str]:
    """Lets go of a day; rows that went, by table. `connection` is in no transaction yet."""
    rows: Counter[str] = Counter()
    with connection.begin():
        begun = _begin(connection, day, now_ms)
    held = json.loads(begun.counts)
    rows["visits"], rows["stay_history"] = held["visits"], held["stay_history"]
    while True:
        with connection.begin():
            ids = connection.scalars(
                select(_SCANS.c.id)
                .where(_of_day(_SCANS, day), _SCANS.c.id <= begun.upto)
                # Ascending, so that SQLite gives no id out again before the last is gone.
                .order_by(_SCANS.c.id)
                .limit(batch)
            ).all()
            rows += erasure.scans(connection, ids)
        seen(min(rows["scans"], held["scans"]), held["scans"])
        if len(ids) < batch:
            break
    while True:
        with connection.begin():
            some = select(_COMPANIONS.c.id).where(_of_day(_COMPANIONS, day)).limit(batch)
            gone = connection.execute(delete(_COMPANIONS).where(_COMPANIONS.c.id.in_(some)))
        rows["companions"] += gone.rowcount
        if gone.rowcount < batch:
            break
    with connection.begin():
        _end(connection, begun, now_ms, actor)
    return rows


def _begin(connection: Connection, day: int, now_ms: int) -> Row[Any]:
    """The row of this day that is begun and not ended; a new one where there is none."""
    if connection.dialect.name == "postgresql":
        # Two runs at once would each begin it.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    open_row = select(*_DAYS).where(_DAYS.day == day, _DAYS.done_ms.is_(None))
    begun = connection.execute(open_row).one_or_none()
    if begun is None:
        which = _of_day(_SCANS, day)
        connection.execute(
            insert(LetGoDay).values(
                day=day,
                begun_ms=now_ms,
                upto=connection.scalar(select(func.max(_SCANS.c.id)).where(which)) or 0,
                counts=json.dumps(_counts(connection, day), sort_keys=True),
                proof=proofs.of_scans(connection, which),
            )
        )
        begun = connection.execute(open_row).one()
        carried.note_exits(connection, day)
    storage.drop_day(connection, day)
    return begun


def _end(connection: Connection, begun: Row[Any], now_ms: int, actor: str) -> None:
    """Writes the proof into the log, once, whoever else lets go of the same day."""
    # Visits may have been derived again from scans that were still there.
    stale.mark(connection, carried.guests(connection, begun.day), now_ms)
    storage.drop_day(connection, begun.day)
    ended = connection.execute(
        update(LetGoDay)
        .where(LetGoDay.id == begun.id, LetGoDay.done_ms.is_(None))
        .values(done_ms=now_ms)
    )
    if ended.rowcount:
        audit.append(
            connection,
            at_ms=now_ms,
            actor=actor,
            action="retention.day_dropped",
            subject=f"{date(begun.day):%Y-%m-%d}",
            detail={
                "day": f"{date(begun.day):%Y-%m-%d}",
                "rows": json.loads(begun.counts),
                "records_sha256": bytes(begun.proof).hex(),
            },
        )


def _counts(connection: Connection, day: int) -> dict[str, int]:
    """Rows of a day by table."""
    found = {"scans": _count(connection, _SCANS, _of_day(_SCANS, day))}
    mine = select(_SCANS.c.id).where(_of_day(_SCANS, day))
    for name in ("scan_keys", "scan_identities", "orphan_exits"):
        table = _TABLES[name]
        found[name] = _count(connection, table, table.c.scan_id.in_(mine))
    found["companions"] = _count(connection, _COMPANIONS, _of_day(_COMPANIONS, day))
    unsure = _TABLES["unsure_stays"]
    within = unsure.c.entered_at.between(day * DAY_S, (day + 1) * DAY_S - 1)
    found["unsure_stays"] = _count(connection, unsure, within)
    known = day in storage.of(connection).days(connection)
    whole = naming.whole(connection.dialect.name, day)
    for name, of_day in (("visits", whole), ("stay_history", naming.history(day))):
        counted = text(f"SELECT count(*) FROM {of_day}")  # noqa: S608  our own names
        found[name] = (connection.scalar(counted) or 0) if known else 0
    return found


def _count(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(which)) or 0


def _of_day(table: Table, day: int) -> ColumnElement[bool]:
    within = table.c.corrected_ms.between(day * DAY_MS, (day + 1) * DAY_MS - 1)
    return and_(_anywhere(), within) if table is _SCANS else within


def _anywhere() -> ColumnElement[bool]:
    """Says nothing, but lets scans be found by the index that has their time in it."""
    return _SCANS.c.venue_id.in_(select(_TABLES["venues"].c.id))
