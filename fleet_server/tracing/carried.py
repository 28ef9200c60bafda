"""What a day's stays say of scans of the next day, kept when retention lets go of the day.

At a both-way kiosk only what came before tells an exit from an entry. With the entry gone its exit
would be read as an entry, and everything after it the other way round. The UTC day changes in the
middle of a working day here, so this is no rare case.
"""

from typing import Any, Final

from sqlalchemy import Connection, Select, column, exists, select, table

from fleet_server import database
from fleet_server.models import Base, OrphanExit
from fleet_server.tracing import storage
from fleet_server.tracing.storage import naming
from fleet_server.tracing.storage.rows import DAY_S
from fleet_server.tracing.visits import REPEAT_MS
from wire.records import ENTRY, EXIT

_TABLES: Final = Base.metadata.tables
_SCANS: Final = _TABLES["scans"]
_BOTH_WAYS: Final = _SCANS.c.direction.not_in([ENTRY, EXIT])


def note_exits(connection: Connection, day: int) -> None:
    """Notes which later scans are no entries because of what was scanned on `day`.

    In the transaction that drops the day's stays, before it does.
    """
    store = storage.of(connection)
    if day not in store.days(connection):
        return
    noting = database.insert(connection, OrphanExit)
    columns = ["scan_id", "person_id", "venue_id", "left_at"]
    closing = noting.from_select(columns, _closing(connection.dialect.name, day))
    connection.execute(closing.on_conflict_do_nothing(index_elements=["scan_id"]))
    after = connection.execute(_soon_after(day)).mappings().all()
    persons = sorted({row["person_id"] for row in after})
    until = (day + 1) * DAY_S + REPEAT_MS // 1000 + 1
    stays = store.of_persons(connection, persons, day * DAY_S, until)
    entries = {stay.visit.entry_scan_id for stay in stays}
    repeats = {row["scan_id"]: dict(row) for row in after if row["scan_id"] not in entries}
    if repeats:
        connection.execute(
            noting.on_conflict_do_nothing(index_elements=["scan_id"]), list(repeats.values())
        )


def guests(connection: Connection, day: int) -> list[int]:
    """Whoever has a stay of the day."""
    if day not in storage.of(connection).days(connection):
        return []
    stays = table(naming.whole(connection.dialect.name, day), column("person_id"))
    return list(connection.scalars(select(stays.c.person_id).distinct()))


def _closing(dialect: str, day: int) -> Select[Any]:
    """Later scans that ended stays of the day."""
    stays = table(
        naming.whole(dialect, day), column("person_id"), column("left_at"), column("exit_scan_id")
    )
    ended = (day + 1) * DAY_S
    return (
        select(
            _SCANS.c.id,
            stays.c.person_id,
            _SCANS.c.venue_id,
            _SCANS.c.corrected_ms // 1000,
        )
        .join_from(stays, _SCANS, _SCANS.c.id == stays.c.exit_scan_id)
        .where(stays.c.left_at >= ended, _SCANS.c.corrected_ms >= ended * 1000, _BOTH_WAYS)
    )


def _soon_after(day: int) -> Select[Any]:
    """Scans just after the day that may repeat one of it, of persons whose stays are known."""
    keys, pseudonyms = _TABLES["scan_keys"].c, _TABLES["pseudonyms"].c
    stale, venues = _TABLES["stale_visits"].c, _TABLES["venues"].c
    ended_ms = (day + 1) * DAY_S * 1000
    return (
        select(
            _SCANS.c.id.label("scan_id"),
            pseudonyms.person_id,
            _SCANS.c.venue_id,
            (_SCANS.c.corrected_ms // 1000).label("left_at"),
        )
        .join_from(_SCANS, _TABLES["scan_keys"], keys.scan_id == _SCANS.c.id)
        .join(_TABLES["pseudonyms"], pseudonyms.id == keys.pseudonym_id)
        .where(
            # Says nothing, but lets scans be found by the index that has their time in it.
            _SCANS.c.venue_id.in_(select(venues.id)),
            _SCANS.c.corrected_ms.between(ended_ms, ended_ms + REPEAT_MS),
            _BOTH_WAYS,
            ~exists().where(stale.person_id == pseudonyms.person_id),
        )
    )
