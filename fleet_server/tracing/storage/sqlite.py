"""Visits in SQLite: three clustered tables a day, so that a day is dropped and not deleted.

`stays_by_venue_…` holds only what the search for contacts reads, in the order it reads it;
`stays_by_person_…` holds the whole visits; `stay_history_…` what they were before. A search hands
its numbers over as text, three columns at a time: that is twice as quick as a Python object for
each (docs/adr/0010-visit-storage.md).
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, cast

import numpy as np
from sqlalchemy import Connection, delete, insert

from fleet_server.database import chunks
from fleet_server.models import Base
from fleet_server.tracing.columns import NOBODY, Found
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.storage import naming
from fleet_server.tracing.storage.port import ANY_UNSURE, FoundAt, VenueSpan, VisitKey, spread
from fleet_server.tracing.storage.rows import (
    COLUMNS,
    UNSURE,
    StoredVisit,
    Superseded,
    by_day,
    day_of,
    days_of,
    from_row,
    to_row,
)

_DAYS: Final = Base.metadata.tables["visit_days"]
_NAMES: Final = ", ".join(COLUMNS)
_MARKS: Final = ", ".join("?" * len(COLUMNS))
_MANY: Final = 500
"""Persons in one statement."""

_BY_VENUE: Final = """CREATE TABLE {name} (
    venue_id INTEGER NOT NULL, entered_at INTEGER NOT NULL, person_id INTEGER NOT NULL,
    end_latest INTEGER NOT NULL, ending INTEGER NOT NULL, room_id INTEGER,
    PRIMARY KEY (venue_id, entered_at, person_id)) WITHOUT ROWID"""
_WHOLE: Final = """
    person_id INTEGER NOT NULL, entered_at INTEGER NOT NULL, venue_id INTEGER NOT NULL,
    end_latest INTEGER NOT NULL, ending INTEGER NOT NULL, room_id INTEGER, left_at INTEGER,
    entered_earliest INTEGER, entered_latest INTEGER, end_earliest INTEGER,
    end_source INTEGER NOT NULL, entry_scan_id INTEGER, exit_scan_id INTEGER,
    authentic INTEGER NOT NULL, capped INTEGER NOT NULL, staff INTEGER NOT NULL,
    since_ms INTEGER NOT NULL"""
_BY_PERSON: Final = f"""CREATE TABLE {{name}} ({_WHOLE},
    PRIMARY KEY (person_id, entered_at, venue_id)) WITHOUT ROWID"""
_HISTORY: Final = f"""CREATE TABLE {{name}} ({_WHOLE}, until_ms INTEGER NOT NULL,
    PRIMARY KEY (venue_id, entered_at, person_id, until_ms)) WITHOUT ROWID"""


class SqliteVisits:
    """`VisitStore` in SQLite."""

    def any_unsure(self, connection: Connection) -> bool:
        return bool(_raw(connection).execute(ANY_UNSURE).fetchone()[0])

    def days(self, connection: Connection) -> list[int]:
        return [day for (day,) in _raw(connection).execute("SELECT day FROM visit_days ORDER BY 1")]

    def sure_at(
        self,
        connection: Connection,
        spans: Sequence[VenueSpan],
        *,
        rooms: bool = False,
        known_ms: int | None = None,
    ) -> FoundAt:
        raw = _raw(connection)
        known = set(self.days(connection))
        counts = np.zeros(len(spans), np.int64)
        read: list[list[np.ndarray[Any, Any]]] = []
        for k, (venue_id, start, end) in enumerate(spans):
            for day in days_of(start - CAP_S + 1, end):
                if day not in known:
                    continue
                values = [venue_id, start - CAP_S, end, start]
                if known_ms is not None:
                    values.append(known_ms)
                (row,) = raw.execute(_search(day, rooms=rooms, known=known_ms is not None), values)
                if row[0] is not None:
                    read.append([np.fromstring(text, np.int64, sep=",") for text in row])
                    counts[k] += len(read[-1][0])
        if not read:
            nothing = NOBODY
            return FoundAt(counts, Found(nothing, nothing, nothing, nothing, nothing))
        person, entered, packed, *more = (
            np.concatenate(column) for column in zip(*read, strict=True)
        )
        room = more[0] if more else None
        return FoundAt(counts, Found(person, entered, packed >> 2, packed & 3, room))

    def seen(
        self, connection: Connection, persons: Sequence[int], since: int, until: int
    ) -> set[int]:
        def select(day: int) -> str:
            return f"SELECT DISTINCT person_id FROM {naming.by_person(day)}"

        return {person for (person,) in self._of(connection, select, persons, range(since, until))}

    def of_persons(
        self, connection: Connection, persons: Sequence[int], since: int, until: int
    ) -> list[StoredVisit]:
        def select(day: int) -> str:
            return f"SELECT {_NAMES} FROM {naming.by_person(day)}"

        rows = self._of(connection, select, persons, range(since, until))
        return sorted(map(from_row, rows), key=_in_order)

    def whole(self, connection: Connection, keys: Sequence[VisitKey]) -> list[StoredVisit]:
        raw = _raw(connection)
        known = set(self.days(connection))
        by_day: dict[int, list[VisitKey]] = defaultdict(list)
        for key in keys:
            by_day[day_of(key.entered_at)].append(key)
        found: dict[VisitKey, StoredVisit] = {}
        names = ", ".join(f"p.{name}" for name in COLUMNS)
        for day in by_day.keys() & known:
            rows = raw.execute(
                f"SELECT {names} FROM json_each(?) k CROSS JOIN {naming.by_person(day)} p"
                " ON p.person_id = json_extract(k.value, '$[0]')"
                " AND p.entered_at = json_extract(k.value, '$[1]')"
                " AND p.venue_id = json_extract(k.value, '$[2]')",
                (json.dumps(by_day[day]),),
            )
            found.update((VisitKey(*row[:3]), from_row(row)) for row in rows)
        return [found[key] for key in keys if key in found]

    def superseded_at(
        self, connection: Connection, spans: Sequence[VenueSpan], known_ms: int
    ) -> list[list[StoredVisit]]:
        raw = _raw(connection)
        days = self.days(connection)

        def at_venue(venue_id: int, start: int, end: int) -> Iterator[StoredVisit]:
            for day in days:
                # A start may be uncertain by days, so that no day after the first can be left out.
                if day >= day_of(start - CAP_S + 1):
                    rows = raw.execute(
                        f"SELECT {_NAMES} FROM {naming.history(day)}"
                        " WHERE venue_id = ? AND entered_at > ? AND end_latest > ?"
                        " AND coalesce(entered_earliest, entered_at) < ?"
                        " AND since_ms <= ? AND until_ms > ?",
                        (venue_id, start - CAP_S, start, end, known_ms, known_ms),
                    )
                    yield from map(from_row, rows)

        return spread(spans, at_venue)

    def superseded_of(
        self, connection: Connection, persons: Sequence[int], since: int, until: int
    ) -> list[Superseded]:
        def select(day: int) -> str:
            return f"SELECT {_NAMES}, until_ms FROM {naming.history(day)}"

        rows = self._of(connection, select, persons, range(since, until))
        found = [Superseded(from_row(row[:-1]), row[-1]) for row in rows]
        return sorted(found, key=lambda each: (each.until_ms, _in_order(each.stored)))

    def add(self, connection: Connection, visits: Sequence[StoredVisit]) -> None:
        days = by_day(visits)
        self.make_room(connection, days)
        raw = _raw(connection)
        for day, stored in days.items():
            # In the order of each table, so that a page is filled while it is at hand.
            whole = sorted(map(to_row, stored))
            raw.executemany(
                f"INSERT INTO {naming.by_venue(day)} VALUES (?, ?, ?, ?, ?, ?)",
                sorted(
                    (venue, entered, person, latest, how, room)
                    for person, entered, venue, latest, how, room, *_ in whole
                    if how < UNSURE
                ),
            )
            raw.executemany(f"INSERT INTO {naming.by_person(day)} VALUES ({_MARKS})", whole)

    def remove(self, connection: Connection, visits: Sequence[StoredVisit], *, at_ms: int) -> None:
        raw = _raw(connection)
        for day, stored in by_day(visits).items():
            raw.executemany(
                f"INSERT INTO {naming.history(day)} VALUES ({_MARKS}, ?)",
                [(*to_row(each), at_ms) for each in stored if each.since_ms < at_ms],
            )
            keys = [(each.visit.venue_id, each.visit.entered_at, each.person_id) for each in stored]
            for table in (naming.by_venue(day), naming.by_person(day)):
                raw.executemany(
                    f"DELETE FROM {table} WHERE venue_id = ? AND entered_at = ? AND person_id = ?",
                    keys,
                )

    def open_imported(
        self, connection: Connection, day: int
    ) -> list[tuple[StoredVisit, int | None]]:
        names = ", ".join(f"p.{name}" for name in COLUMNS)
        # The cap is shorter than a day: whatever bounds a stay began on its day or the next.
        following = [each for each in self.days(connection) if each in (day, day + 1)]
        entries = " UNION ALL ".join(
            f"SELECT min(n.entered_at) AS at FROM {naming.by_person(each)} n"
            " WHERE n.person_id = p.person_id AND n.entered_at > p.entered_at"
            for each in following
        )
        if day not in following:
            return []
        rows = _raw(connection).execute(
            f"SELECT {names}, (SELECT min(at) FROM ({entries}))"
            f" FROM {naming.by_person(day)} p"
            " JOIN imported_visitors i ON i.person_id = p.person_id WHERE p.left_at IS NULL"
        )
        return [(from_row(row[:-1]), row[-1]) for row in rows]

    def drop_day(self, connection: Connection, day: int) -> None:
        for table in (naming.by_venue(day), naming.by_person(day), naming.history(day)):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
        connection.execute(delete(_DAYS).where(_DAYS.c.day == day))

    def count(self, connection: Connection) -> int:
        raw = _raw(connection)
        return sum(
            raw.execute(f"SELECT count(*) FROM {naming.by_person(day)}").fetchone()[0]
            for day in self.days(connection)
        )

    def _of(
        self,
        connection: Connection,
        select: Callable[[int], str],
        persons: Sequence[int],
        window: range,
    ) -> Iterator[tuple[Any, ...]]:
        """Rows of these persons that began in the window, by `select` of each day."""
        raw = _raw(connection)
        first, last = day_of(window.start), day_of(window.stop)
        days = [day for day in self.days(connection) if first <= day <= last]
        for some in chunks(persons, _MANY):
            marks = ", ".join("?" * len(some))
            for day in days:
                yield from raw.execute(
                    f"{select(day)} WHERE person_id IN ({marks})"
                    " AND entered_at >= ? AND entered_at < ?",
                    (*some, window.start, window.stop),
                )

    def make_room(self, connection: Connection, days: Iterable[int]) -> None:
        for day in sorted(set(days) - set(self.days(connection))):
            connection.exec_driver_sql(_BY_VENUE.format(name=naming.by_venue(day)))
            connection.exec_driver_sql(_BY_PERSON.format(name=naming.by_person(day)))
            history = naming.history(day)
            connection.exec_driver_sql(_HISTORY.format(name=history))
            connection.exec_driver_sql(
                f"CREATE INDEX {history}_by_person ON {history} (person_id, entered_at)"
            )
            connection.execute(insert(_DAYS).values(day=day))


@lru_cache(maxsize=4096)
def _search(day: int, *, rooms: bool, known: bool) -> str:
    """Sure stays of one venue that entered in (?, ?) and may be there after ?."""
    room = ", group_concat(coalesce(s.room_id, 0))" if rooms else ""
    since = (
        f" AND EXISTS (SELECT 1 FROM {naming.by_person(day)} p WHERE p.person_id = s.person_id"
        " AND p.entered_at = s.entered_at AND p.venue_id = s.venue_id AND p.since_ms <= ?)"
        if known
        else ""
    )
    return (
        "SELECT group_concat(s.person_id), group_concat(s.entered_at),"
        f" group_concat(s.end_latest * 4 + s.ending){room} FROM {naming.by_venue(day)} s"
        " WHERE s.venue_id = ? AND s.entered_at > ? AND s.entered_at < ? AND s.end_latest > ?"
        f"{since}"
    )


def _raw(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the same transaction."""
    if not connection.in_transaction():
        connection.begin()
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def _in_order(stored: StoredVisit) -> tuple[int, int, int]:
    return stored.person_id, stored.visit.entered_at, stored.visit.venue_id
