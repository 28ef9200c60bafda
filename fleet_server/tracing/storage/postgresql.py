"""Visits in PostgreSQL: daily partitions and two covering indexes; a day is dropped, not deleted.

A search hands its numbers over as arrays in the binary format, which are columns already
(docs/adr/0010-visit-storage.md).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, cast

import numpy as np
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from sqlalchemy import Connection, delete, insert, text

from fleet_server import bulk
from fleet_server.models import Base
from fleet_server.tracing.columns import Found, Integers
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.storage import naming
from fleet_server.tracing.storage.port import ANY_UNSURE, FoundAt, VenueSpan, VisitKey, spread
from fleet_server.tracing.storage.rows import (
    COLUMNS,
    DAY_S,
    UNSURE,
    StoredVisit,
    Superseded,
    by_day,
    from_row,
    to_row,
)

_DAYS: Final = Base.metadata.tables["visit_days"]
_NAMES: Final = ", ".join(COLUMNS)
_LOCK: Final = 0x64617973  # any number, the same in all processes
_BIGINTS: Final = psycopg.adapters.types["int8"].array_oid
_ELEMENT: Final = np.dtype([("length", ">i4"), ("value", ">i8")])
_ARRAY_HEADER: Final = 20
"""Bytes before the elements of a one-dimensional array: dimensions, flags, type, length, base."""

# LATERAL with OFFSET 0 pins the order of the loops: for each span one stretch of the index.
_SEARCH: Final = """
    SELECT array_agg(spans.k), array_agg(found.person_id), array_agg(found.entered_at),
           array_agg(found.end_latest), array_agg(found.ending), array_agg(found.room)
      FROM unnest(%(k)s::bigint[], %(venue)s::bigint[], %(start)s::bigint[], %(end)s::bigint[])
           AS spans(k, venue_id, since, until)
     CROSS JOIN LATERAL (
           SELECT person_id, entered_at, end_latest, ending::bigint AS ending,
                  coalesce(room_id, 0) AS room
             FROM {table}
            WHERE venue_id = spans.venue_id AND entered_at > spans.since - {cap}
              AND entered_at < spans.until AND end_latest > spans.since AND ending < {unsure}{known}
           OFFSET 0) AS found"""


def search(*, known_ms: int | None = None) -> str:
    """The search for sure stays, to be run with what `given` gives."""
    known = "" if known_ms is None else f" AND since_ms <= {known_ms:d}"
    return _SEARCH.format(table="visits", cap=CAP_S, unsure=UNSURE, known=known)


def given(spans: Sequence[VenueSpan]) -> dict[str, list[int]]:
    """What a search is run with."""
    return {
        "k": list(range(len(spans))),
        "venue": [span.venue_id for span in spans],
        "start": [span.start for span in spans],
        "end": [span.end for span in spans],
    }


class PostgresqlVisits:
    """`VisitStore` in PostgreSQL."""

    def any_unsure(self, connection: Connection) -> bool:
        return bool(_rows(connection, ANY_UNSURE, ())[0][0])

    def days(self, connection: Connection) -> list[int]:
        rows = connection.execute(text("SELECT day FROM visit_days ORDER BY day"))
        return [row.day for row in rows]

    def sure_at(
        self,
        connection: Connection,
        spans: Sequence[VenueSpan],
        *,
        rooms: bool = False,
        known_ms: int | None = None,
    ) -> FoundAt:
        k, person, entered, latest, how, room = _arrays(
            connection, search(known_ms=known_ms), given(spans)
        )
        if np.any(k[1:] < k[:-1]):
            order = np.argsort(k, kind="stable")
            k, person, entered = k[order], person[order], entered[order]
            latest, how, room = latest[order], how[order], room[order]
        counts = np.bincount(k, minlength=len(spans))
        return FoundAt(counts, Found(person, entered, latest, how, room if rooms else None))

    def seen(
        self, connection: Connection, persons: Sequence[int], since: int, until: int
    ) -> set[int]:
        rows = _rows(
            connection,
            "SELECT DISTINCT person_id FROM visits"
            " WHERE person_id = ANY(%s) AND entered_at >= %s AND entered_at < %s",
            (list(persons), since, until),
        )
        return {person for (person,) in rows}

    def of_persons(
        self, connection: Connection, persons: Sequence[int], since: int, until: int
    ) -> list[StoredVisit]:
        rows = _rows(
            connection,
            f"SELECT {_NAMES} FROM visits WHERE person_id = ANY(%s)"
            " AND entered_at >= %s AND entered_at < %s ORDER BY person_id, entered_at, venue_id",
            (list(persons), since, until),
        )
        return [from_row(row) for row in rows]

    def whole(self, connection: Connection, keys: Sequence[VisitKey]) -> list[StoredVisit]:
        names = ", ".join(f"v.{name}" for name in COLUMNS)
        rows = _rows(
            connection,
            f"SELECT {names} FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])"
            " WITH ORDINALITY AS k(person_id, entered_at, venue_id, n) CROSS JOIN LATERAL"
            " (SELECT * FROM visits WHERE person_id = k.person_id AND entered_at = k.entered_at"
            " AND venue_id = k.venue_id OFFSET 0) AS v ORDER BY k.n",
            tuple(map(list, zip(*keys, strict=True))) if keys else ([], [], []),
        )
        return [from_row(row) for row in rows]

    def superseded_at(
        self, connection: Connection, spans: Sequence[VenueSpan], known_ms: int
    ) -> list[list[StoredVisit]]:
        def at_venue(venue_id: int, start: int, end: int) -> Iterator[StoredVisit]:
            rows = _rows(
                connection,
                f"SELECT {_NAMES} FROM stay_history"
                " WHERE venue_id = %s AND entered_at > %s AND end_latest > %s"
                " AND coalesce(entered_earliest, entered_at) < %s"
                " AND since_ms <= %s AND until_ms > %s",
                (venue_id, start - CAP_S, start, end, known_ms, known_ms),
            )
            yield from map(from_row, rows)

        return spread(spans, at_venue)

    def superseded_of(
        self, connection: Connection, persons: Sequence[int], since: int, until: int
    ) -> list[Superseded]:
        rows = _rows(
            connection,
            f"SELECT {_NAMES}, until_ms FROM stay_history"
            " WHERE person_id = ANY(%s) AND entered_at >= %s AND entered_at < %s"
            " ORDER BY until_ms, person_id, entered_at, venue_id",
            (list(persons), since, until),
        )
        return [Superseded(from_row(row[:-1]), row[-1]) for row in rows]

    def add(self, connection: Connection, visits: Sequence[StoredVisit]) -> None:
        self.make_room(connection, by_day(visits))
        rows = sorted(map(to_row, visits))
        bulk.copy(connection, "visits", COLUMNS, rows)

    def remove(self, connection: Connection, visits: Sequence[StoredVisit], *, at_ms: int) -> None:
        if not visits:
            return
        was = [(*to_row(each), at_ms) for each in visits if each.since_ms < at_ms]
        bulk.copy(connection, "stay_history", (*COLUMNS, "until_ms"), was)
        keys = [(each.person_id, each.visit.entered_at, each.visit.venue_id) for each in visits]
        _rows(
            connection,
            "DELETE FROM visits USING unnest(%s::bigint[], %s::bigint[], %s::bigint[])"
            " AS k(person_id, entered_at, venue_id) WHERE visits.person_id = k.person_id"
            " AND visits.entered_at = k.entered_at AND visits.venue_id = k.venue_id",
            tuple(map(list, zip(*keys, strict=True))),
        )

    def open_imported(
        self, connection: Connection, day: int
    ) -> list[tuple[StoredVisit, int | None]]:
        if day not in self.days(connection):
            return []
        names = ", ".join(f"p.{name}" for name in COLUMNS)
        rows = _rows(
            connection,
            f"SELECT {names}, (SELECT min(n.entered_at) FROM visits n"
            " WHERE n.person_id = p.person_id AND n.entered_at > p.entered_at"
            # Said in numbers, so that the other days' partitions are not even planned for.
            f" AND n.entered_at >= {day * DAY_S} AND n.entered_at < {(day + 2) * DAY_S}"
            f" AND n.entered_at <= p.entered_at + {CAP_S}) FROM {naming.partition(day)} p"
            " JOIN imported_visitors i ON i.person_id = p.person_id WHERE p.left_at IS NULL",
            (),
        )
        return [(from_row(row[:-1]), row[-1]) for row in rows]

    def drop_day(self, connection: Connection, day: int) -> None:
        for table in (naming.partition(day), naming.history(day)):
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
        connection.execute(delete(_DAYS).where(_DAYS.c.day == day))

    def count(self, connection: Connection) -> int:
        return connection.scalar(text("SELECT count(*) FROM visits")) or 0

    def make_room(self, connection: Connection, days: Iterable[int]) -> None:
        wanted = set(days)
        if wanted <= set(self.days(connection)):
            return
        # Two processes at the same new day: one waits, and then finds it.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        for day in sorted(wanted - set(self.days(connection))):
            for parent, table in (
                ("visits", naming.partition(day)),
                ("stay_history", naming.history(day)),
            ):
                # Made apart and attached: creating it as a partition would stop all readers.
                connection.execute(text(f"CREATE TABLE {table} (LIKE {parent} INCLUDING DEFAULTS)"))
                first, last = day * DAY_S, (day + 1) * DAY_S
                connection.execute(
                    text(
                        f"ALTER TABLE {parent} ATTACH PARTITION {table}"
                        f" FOR VALUES FROM ({first}) TO ({last})"
                    )
                )
            connection.execute(insert(_DAYS).values(day=day))


class _AsBytes(Loader):
    """An array as it came."""

    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


def _arrays(connection: Connection, statement: str, given: dict[str, list[int]]) -> list[Integers]:
    """The columns of a single row of bigint arrays."""
    with _raw(connection).cursor(binary=True) as cursor:
        cursor.adapters.register_loader(_BIGINTS, _AsBytes)
        cursor.execute(statement, given)
        # An aggregate without GROUP BY always gives one row.
        (row,) = cursor.fetchall()
    return [
        np.empty(0, np.int64)
        if column is None
        else np.frombuffer(column, _ELEMENT, offset=_ARRAY_HEADER)["value"].astype(np.int64)
        for column in row
    ]


def _rows(connection: Connection, statement: str, given: Sequence[Any]) -> list[tuple[Any, ...]]:
    with _raw(connection).cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []


def _raw(connection: Connection) -> "psycopg.Connection[Any]":
    """The driver's own connection, in the same transaction."""
    if not connection.in_transaction():
        connection.begin()
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
