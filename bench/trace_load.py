"""Puts a town's visits into the store's own tables, as quickly as the engine takes them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Engine, insert, select, text

from bench.town import DAY_S, DAYS, FIRST_DAY, NO_EXIT, Day, Town
from fleet_server import bulk, database, schema
from fleet_server.models import Base, Person, Venue, VenueType
from fleet_server.tracing import storage
from fleet_server.tracing.columns import DWELL, MEASURED, Integers
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.storage import naming
from fleet_server.tracing.storage.rows import COLUMNS, SOURCES
from fleet_server.tracing.visits import DWELL_DEFAULT, EXIT_SCAN, NEXT_SCAN

SINCE_MS: Final = 1_769_000_000_000
_DWELL, _EXIT, _NEXT = map(SOURCES.index, (DWELL_DEFAULT, EXIT_SCAN, NEXT_SCAN))


def load(engine: Engine, town: Town, days: Iterable[Day]) -> bool:
    """Fills the database unless it is filled already; whether it did. Goes on where it was left."""
    writing = engine.execution_options(**database.WRITES)
    schema.migrate(engine)
    with writing.begin() as connection:
        loaded = set(storage.of(connection).days(connection))
        if connection.scalar(select(Person.id).limit(1)) is None:
            _people_and_places(connection, town)
    # The first morning is the evening before by UTC.
    if loaded.issuperset(range(FIRST_DAY - 1, FIRST_DAY + DAYS)):
        return False
    for day in by_utc(days):
        if day.day not in loaded:
            with writing.begin() as connection:
                storage.of(connection).make_room(connection, [day.day])
                put(connection, day)
            close(engine, day.day)
    return True


def size_of(engine: Engine) -> int:
    """Bytes the database takes."""
    with engine.connect() as connection:
        if database.is_sqlite(engine):
            page, pages, free = (
                int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
                for name in ("page_size", "page_count", "freelist_count")
            )
            return page * (pages - free)
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def tables_of(connection: Connection, day: int) -> list[str]:
    """The tables that hold a day's visits."""
    if connection.dialect.name == "sqlite":
        return [naming.by_venue(day), naming.by_person(day)]
    return [naming.partition(day)]


def close(engine: Engine, day: int) -> None:
    """What autovacuum does some time after: rows counted, pages known to be seen by all."""
    if not database.is_sqlite(engine):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM ANALYZE {naming.partition(day)}"))


def by_utc(days: Iterable[Day]) -> Iterator[Day]:
    """The same by days of UTC: a day of the town ends on the day after or before, no further."""
    parts: dict[int, list[Day]] = {}
    for day in days:
        of = day.entered // DAY_S
        for utc in np.unique(of).tolist():
            at = np.flatnonzero(of == utc)
            parts.setdefault(utc, []).append(Day(utc, *(column[at] for column in day[1:])))
        for done in sorted(utc for utc in parts if utc < day.day):
            yield _joined(parts.pop(done))
    for done in sorted(parts):
        yield _joined(parts[done])


def _joined(parts: Sequence[Day]) -> Day:
    _, *columns = zip(*parts, strict=True)
    return Day(parts[0].day, *map(np.concatenate, columns))


def _people_and_places(connection: Connection, town: Town) -> None:
    types = {
        code: found for found, code in connection.execute(select(VenueType.id, VenueType.code))
    }
    persons = Base.metadata.tables[Person.__tablename__]
    for first in range(1, town.people + 1, 100_000):
        last = min(first + 100_000, town.people + 1)
        bulk.add(connection, persons, [_person(n) for n in range(first, last)])
    connection.execute(
        insert(Venue),
        [
            {
                "id": n,
                "ref": f"{kind.code}-{n}",
                "name": kind.code,
                "type_id": types[kind.code],
                "timezone": "Asia/Ho_Chi_Minh",
                "created_at": 0,
            }
            for n, kind in enumerate(town.venues, start=1)
        ],
    )
    if connection.dialect.name == "postgresql":
        for table in ("persons", "venues"):
            connection.execute(text(f"SELECT setval('{table}_id_seq', max(id)) FROM {table}"))


def _person(number: int) -> dict[str, Any]:
    return {"id": number, "created_at": 0, "merged_into": None}


def _whole(day: Day, order: Integers) -> Iterator[tuple[Any, ...]]:
    """Rows as `rows.to_row` makes them of such visits, in this order."""
    ending = np.where(day.left == NO_EXIT, DWELL, MEASURED)
    by_next = (day.left == NO_EXIT) & (day.latest < day.entered + CAP_S)
    source = np.where(by_next, _NEXT, np.where(day.left == NO_EXIT, _DWELL, _EXIT))
    columns = (day.person, day.entered, day.venue, day.latest, ending, day.left, source)
    for person, entered, venue, latest, how, left, came_of in zip(
        *(column[order].tolist() for column in columns), strict=True
    ):
        out = None if left == NO_EXIT else left
        yield (
            *(person, entered, venue, latest, how, None, out, None, None, None),
            *(came_of, None, None, 0, 0, 0, SINCE_MS),
        )


def put(connection: Connection, day: Day) -> None:
    """One day's rows into its tables."""
    (_sqlite if connection.dialect.name == "sqlite" else _postgresql)(connection, day)


def _sqlite(connection: Connection, day: Day) -> None:
    # In the order of each table, so that pages are filled one after the other.
    raw: Any = connection.connection.driver_connection
    ending = np.where(day.left == NO_EXIT, DWELL, MEASURED)
    order = np.lexsort((day.person, day.entered, day.venue))
    columns = (day.venue, day.entered, day.person, day.latest, ending)
    raw.executemany(
        f"INSERT INTO {naming.by_venue(day.day)} VALUES (?, ?, ?, ?, ?, NULL)",
        zip(*(column[order].tolist() for column in columns), strict=True),
    )
    marks = ", ".join("?" * len(COLUMNS))
    order = np.lexsort((day.venue, day.entered, day.person))
    raw.executemany(f"INSERT INTO {naming.by_person(day.day)} VALUES ({marks})", _whole(day, order))


def _postgresql(connection: Connection, day: Day) -> None:
    raw: Any = connection.connection.driver_connection
    names = ", ".join(COLUMNS)
    order = np.lexsort((day.person, day.entered, day.venue))
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY {naming.partition(day.day)} ({names}) FROM STDIN") as copying,
    ):
        for row in _whole(day, order):
            copying.write_row(row)
