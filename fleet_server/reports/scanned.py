"""What was scanned at each place between two times, in a few grouped queries.

Codes come as one text for each place and are counted in numpy: a Python object for each would take
many times as long, and so would sorting them in SQL.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, String, case, cast, func, select

from fleet_server.models import Area, Credential, Pseudonym, Scan
from fleet_server.tracing import storage
from fleet_server.tracing.columns import NOBODY, Integers
from fleet_server.tracing.storage import naming
from fleet_server.tracing.storage.rows import DAY_S, days_of
from wire.records import ENTRY, EXIT

_DAY_MS: Final = DAY_S * 1000
_WAYS: Final = 4
_BOTH: Final = 2
_SLOTS: Final = 64
"""Days times directions: a code's number times this leaves room for both."""
_AT_ONCE: Final = 1_000_000
"""Codes whose person is read in one go."""


class Scanned(NamedTuple):
    """What was scanned at one place."""

    scans: int
    different: int
    """Without those of a code that was scanned that day in that direction before. A gate that
    counts both ways sees a visitor come and go: there two count."""
    most_by_one: int
    """So many scans of one code in one day and direction, at most."""
    last_ms: int
    persons: Integers
    """Distinct."""


NOTHING: Final = Scanned(0, 0, 0, 0, NOBODY)
"""At a place nobody scanned at."""


def at_places(connection: Connection, since: int, until: int) -> dict[int, Scanned]:
    """By place, for [since, until) seconds UTC, two weeks at most; days count from `since`."""
    day = (Scan.corrected_ms - since * 1000) // _DAY_MS
    way = case((Scan.direction == ENTRY, 0), (Scan.direction == EXIT, 1), else_=_BOTH)
    rows = connection.execute(
        select(
            Scan.venue_id,
            func.max(Scan.corrected_ms),
            _joined(connection, Scan.credential_id * _SLOTS + day * _WAYS + way),
        )
        .where(Scan.corrected_ms >= since * 1000, Scan.corrected_ms < until * 1000)
        .group_by(Scan.venue_id)
    )
    person_of = _persons(connection)
    return {
        venue_id: _scanned(_numbers(keys), last_ms, person_of) for venue_id, last_ms, keys in rows
    }


def _scanned(keys: Integers, last_ms: int, person_of: Integers) -> Scanned:
    """One place's; a key is a code with day and direction."""
    same, times = np.unique(keys, return_counts=True)
    expected = np.where(same % _WAYS == _BOTH, 2, 1)
    return Scanned(
        scans=len(keys),
        different=int(np.minimum(times, expected).sum()),
        most_by_one=int(times.max()),
        last_ms=last_ms,
        persons=np.unique(person_of[same // _SLOTS]),
    )


def stays(connection: Connection, since: int, until: int) -> dict[int, tuple[int, int]]:
    """Stays that began in [since, until) by place, and how many of them have a measured exit."""
    found: dict[int, tuple[int, int]] = {}
    wanted = days_of(since, until)
    days = [day for day in storage.of(connection).days(connection) if day in wanted]
    if connection.dialect.name == "sqlite":
        tables = [naming.by_person(day) for day in days]
    else:
        tables = ["visits"] if days else []
    for table in tables:
        rows = connection.exec_driver_sql(
            "SELECT venue_id, count(*), count(left_at)"  # noqa: S608  numbers and our own names
            f" FROM {table} WHERE entered_at >= {since:d} AND entered_at < {until:d}"
            " GROUP BY venue_id"
        )
        for venue_id, began, measured in rows:
            before = found.get(venue_id, (0, 0))
            found[venue_id] = (before[0] + began, before[1] + measured)
    return found


def people(
    connection: Connection, area_of: Mapping[int, int | None], found: Mapping[int, Scanned]
) -> tuple[int, dict[int, int]]:
    """Distinct people at all places of `area_of` together, and by area with what lies below it."""
    parents: dict[int, int | None] = {}
    for area_id, parent_id in connection.execute(select(Area.id, Area.parent_id)):
        parents[area_id] = parent_id
    at: dict[int | None, list[Integers]] = defaultdict(list)
    for venue_id, area in area_of.items():
        at[area].append(found.get(venue_id, NOTHING).persons)
    counts: dict[int, int] = {}
    # From the bottom up: an area is complete once all below it are.
    for area in sorted(parents, key=lambda each: _depth(each, parents), reverse=True):
        if area in at:
            here = np.unique(np.concatenate(at.pop(area)))
            counts[area] = len(here)
            at[parents[area]].append(here)
    everybody = at[None]
    return len(np.unique(np.concatenate(everybody))) if everybody else 0, counts


def _depth(area: int, parents: Mapping[int, int | None]) -> int:
    above = parents[area]
    return 0 if above is None else 1 + _depth(above, parents)


def _persons(connection: Connection) -> Integers:
    """The person of each code, by the code's id; 0 where there is none."""
    last = connection.scalar(select(func.max(Credential.id))) or 0
    person_of = np.zeros(last + 1, np.int64)
    for first in range(0, last + 1, _AT_ONCE):
        codes, persons = connection.execute(
            select(_joined(connection, Credential.id), _joined(connection, Pseudonym.person_id))
            .join(Pseudonym, Pseudonym.id == Credential.pseudonym_id)
            .where(Credential.id >= first, Credential.id < first + _AT_ONCE)
        ).one()
        person_of[_numbers(codes)] = _numbers(persons)
    return person_of


def _joined(connection: Connection, column: Any) -> ColumnElement[str | None]:
    if connection.dialect.name == "sqlite":
        return func.group_concat(column)
    return func.string_agg(cast(column, String), ",")


def _numbers(listed: str | None) -> Integers:
    return NOBODY if listed is None else np.fromstring(listed, np.int64, sep=",")
