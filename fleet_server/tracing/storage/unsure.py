"""Stays of which more is uncertain than an unseen exit: a start by a clock that was not set, an
exit by one. They are few; a table of their own finds them by when they may have begun, which may
be days before they are expected to have.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from fleet_server.database import chunks
from fleet_server.models import Base
from fleet_server.tracing.columns import is_sure
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.storage.port import VenueSpan, VisitKey, VisitStore, spread
from fleet_server.tracing.storage.rows import DAY_S, StoredVisit

_STAYS: Final = Base.metadata.tables["unsure_stays"]
_C: Final = _STAYS.c


def at(
    connection: Connection, store: VisitStore, spans: Sequence[VenueSpan]
) -> list[list[StoredVisit]]:
    """For each span the unsure visits that may reach into it."""

    def at_venue(venue_id: int, start: int, end: int) -> Iterator[StoredVisit]:
        rows = connection.execute(
            select(_C.person_id, _C.entered_at, _C.venue_id).where(
                _C.venue_id == venue_id,
                _C.entered_at > start - CAP_S,
                _C.entered_earliest < end,
                _C.end_latest > start,
            )
        )
        yield from store.whole(connection, [VisitKey(*row) for row in rows])

    if not store.any_unsure(connection):
        return [[] for _ in spans]
    return spread(spans, at_venue)


def begun_later(
    connection: Connection, store: VisitStore, persons: Sequence[int], until: int
) -> list[StoredVisit]:
    """Visits expected to begin at `until` or later that may have begun before."""
    keys: list[VisitKey] = []
    if not store.any_unsure(connection):
        return []
    for some in chunks(persons, 500):
        rows = connection.execute(
            select(_C.person_id, _C.entered_at, _C.venue_id).where(
                _C.person_id.in_(some), _C.entered_at >= until, _C.entered_earliest < until
            )
        )
        keys += [VisitKey(*row) for row in rows]
    return store.whole(connection, keys)


def add(connection: Connection, visits: Sequence[StoredVisit]) -> None:
    """Notes those of `visits` that are unsure."""
    rows = [
        {
            "venue_id": visit.venue_id,
            "entered_at": visit.entered_at,
            "person_id": person,
            "entered_earliest": visit.entered_earliest,
            "end_latest": visit.end_latest,
        }
        for person, visit, _ in visits
        if not is_sure(visit)
    ]
    if rows:
        connection.execute(insert(_STAYS), rows)


def remove(connection: Connection, visits: Sequence[StoredVisit]) -> None:
    """Takes them away again."""
    keys = [
        {"venue": visit.venue_id, "entered": visit.entered_at, "person": person}
        for person, visit, _ in visits
        if not is_sure(visit)
    ]
    if keys:
        which = (
            (_C.venue_id == bindparam("venue"))
            & (_C.entered_at == bindparam("entered"))
            & (_C.person_id == bindparam("person"))
        )
        connection.execute(delete(_STAYS).where(which), keys)


def drop_day(connection: Connection, day: int) -> None:
    """Forgets those of one day."""
    connection.execute(
        delete(_STAYS).where(_C.entered_at.between(day * DAY_S, day * DAY_S + DAY_S - 1))
    )
