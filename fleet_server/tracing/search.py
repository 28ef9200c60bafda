"""Fetches the stays a question needs, and no more; the answer itself is computed purely.

The cap bounds every search: whoever may still be at a place at a given moment entered it after that
moment minus the cap, so one stretch of the venue's order holds all.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from fleet_server.tracing import storage
from fleet_server.tracing.columns import Group, expected_end, of_visits, sure
from fleet_server.tracing.reach import Reach, Stay
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.storage import unsure
from fleet_server.tracing.storage.port import VenueSpan
from fleet_server.tracing.storage.rows import StoredVisit
from fleet_server.tracing.visits import DerivedVisit

EVER = 2**40
"""After all times, seconds UTC."""


class Window(NamedTuple):
    """[since, until), seconds UTC."""

    since: int
    until: int


def visits_of(
    connection: Connection,
    persons: Sequence[int],
    window: Window,
    *,
    known_ms: int | None = None,
) -> list[StoredVisit]:
    """Visits of these persons that reach into the window by any of their bounds.

    `known_ms`: as they were known then.
    """
    store = storage.of(connection)
    since = window.since - CAP_S + 1
    found = store.of_persons(connection, persons, since, window.until)
    found += unsure.begun_later(connection, store, persons, window.until)
    if known_ms is not None:
        found = [each for each in found if each.since_ms <= known_ms]
        found += [
            was.stored
            for was in store.superseded_of(connection, persons, since, EVER)
            if was.stored.since_ms <= known_ms < was.until_ms
        ]
    return [
        each
        for each in found
        if each.visit.entered_earliest < window.until and each.visit.end_latest > window.since
    ]


def stays(visits: Iterable[StoredVisit], dwell_s: Mapping[int, int]) -> list[Stay]:
    """Visits of an index person by their bounds; dwell by venue."""
    return [_stay(each.visit, dwell_s[each.visit.venue_id]) for each in visits]


def groups(
    connection: Connection,
    reached: Reach,
    dwell_s: Mapping[int, int],
    *,
    rooms: bool = False,
    known_ms: int | None = None,
) -> list[Group]:
    """Everybody's stays that may reach into what was reached, by its spans."""
    if not reached.spans:
        return []
    store = storage.of(connection)
    spans = [
        VenueSpan(venue, *span) for venue, span in zip(reached.venues, reached.spans, strict=True)
    ]
    counts, found = store.sure_at(connection, spans, rooms=rooms, known_ms=known_ms)
    dwell = np.array([dwell_s[venue] for venue in reached.venues], np.int64)
    out = [Group(counts, sure(found, np.repeat(dwell, counts)))]
    for by_span in _unsure(connection, spans, known_ms):
        out += unsure_groups(by_span, dwell_s)
    return out


def unsure_at(
    connection: Connection, spans: Sequence[VenueSpan], known_ms: int | None = None
) -> list[StoredVisit]:
    """Visits that may reach into a span and that `VisitStore.sure_at` does not find; each once."""
    found = {
        (each.person_id, each.visit.venue_id, each.visit.entered_at): each
        for by_span in _unsure(connection, spans, known_ms)
        for at in by_span
        for each in at
    }
    return list(found.values())


def unsure_groups(
    by_span: Sequence[Sequence[StoredVisit]], dwell_s: Mapping[int, int]
) -> list[Group]:
    """Visits by span as a group; none where there are none."""
    flat = [(each.person_id, each.visit) for at in by_span for each in at]
    if not flat:
        return []
    return [Group(np.array([len(at) for at in by_span], np.int64), of_visits(flat, dwell_s))]


def _unsure(
    connection: Connection, spans: Sequence[VenueSpan], known_ms: int | None
) -> list[list[list[StoredVisit]]]:
    store = storage.of(connection)
    now = unsure.at(connection, store, spans)
    if known_ms is None:
        return [now]
    known = [[each for each in at if each.since_ms <= known_ms] for at in now]
    return [known, store.superseded_at(connection, spans, known_ms)]


def venues_of(visits: Iterable[StoredVisit]) -> set[int]:
    """Where these visits were."""
    return {each.visit.venue_id for each in visits}


def _stay(visit: DerivedVisit, dwell_s: int) -> Stay:
    return Stay(
        visit.venue_id,
        visit.room_id or 0,
        (visit.entered_latest, visit.end_earliest),
        (visit.entered_at, expected_end(visit, dwell_s)),
        (visit.entered_earliest, visit.end_latest),
    )
