"""Fetches the stays a question needs, and no more; the answer itself is computed purely.

The cap bounds every search: whoever may still be at a place at a given moment entered it after that
moment minus the cap, so one stretch of the index on (venue_id, entered_at, person_id) holds all.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from fleet_server.models import Room, Venue, VenueType, Visit
from fleet_server.times import iso
from fleet_server.tracing.answers import ContactsAnswer, contact
from fleet_server.tracing.exposure import Question, Stay, covers, exposures
from fleet_server.tracing.gaps import gaps
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.spans import Span


class _Venue(NamedTuple):
    """What a stay takes from its venue."""

    id: int
    ref: str
    dwell_s: int


def visitor_ref(person_id: int) -> str:
    return f"P{person_id}"


def contacts(
    connection: Connection, person_id: int, question: Question, *, now: int
) -> ContactsAnswer:
    """Everyone who shared a place with the person, ranked, and the gaps; `now` in seconds UTC."""
    stays = _stays_of(connection, person_id, question)
    reach = {
        place.venue: cover.possible
        for place, cover in covers(stays, question).items()
        if place.room is None
    }
    venues = _venues(connection, Venue.ref.in_(reach))
    others = (
        stay
        for venue in venues.values()
        for stay in _stays_at(connection, venue, reach[venue.ref], but=person_id)
    )
    found = exposures(stays, others, question)
    # Where no stay of this person is known, any kiosk's silence may be the reason.
    return ContactsAnswer(
        visitor=visitor_ref(person_id),
        rule=question.rule,
        as_of=iso(now),
        gaps=gaps(connection, set(venues) or None, question.since, question.until, now=now),
        contacts=[contact(exposure) for exposure in found],
    )


def entered_within(venue_id: int, start: int, end: int, *, but: int) -> Select[*tuple[Any, ...]]:
    """Rows of one venue, entered before `end` and perhaps still there after `start`."""
    return _visits(
        Visit.venue_id == venue_id,
        Visit.entered_at > start - CAP_S,
        Visit.entered_at < end,
        Visit.end_latest > start,
        Visit.person_id != but,
    )


def perhaps_entered_within(venue_id: int, end: int, *, but: int) -> Select[*tuple[Any, ...]]:
    """The further rows of uncertain start: expected at `end` or later, possible before it."""
    return _visits(
        Visit.venue_id == venue_id,
        Visit.entered_earliest < Visit.entered_at,
        Visit.entered_at >= end,
        Visit.entered_earliest < end,
        Visit.person_id != but,
    )


def _stays_of(connection: Connection, person_id: int, question: Question) -> list[Stay]:
    """The person's stays that reach into the window by any of their bounds."""
    rows = connection.execute(
        _visits(
            Visit.person_id == person_id,
            Visit.entered_at > question.since - CAP_S,
            Visit.entered_earliest < question.until,
            Visit.end_latest > question.since,
        )
    ).all()
    venues = _venues(connection, Venue.id.in_({row.venue_id for row in rows}))
    rooms = _rooms(connection, venues)
    return [_stay(row, venues[row.venue_id], rooms) for row in rows]


def _stays_at(
    connection: Connection, venue: _Venue, spans: Iterable[Span], *, but: int
) -> Iterator[Stay]:
    """Stays of others at one venue that may reach into `spans`."""
    rooms = _rooms(connection, [venue.id])
    for start, end in spans:
        for row in connection.execute(entered_within(venue.id, start, end, but=but)):
            yield _stay(row, venue, rooms)
        for row in connection.execute(perhaps_entered_within(venue.id, end, but=but)):
            yield _stay(row, venue, rooms)


def _visits(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(
        Visit.person_id,
        Visit.venue_id,
        Visit.room_id,
        Visit.entered_earliest,
        Visit.entered_at,
        Visit.entered_latest,
        Visit.end_earliest,
        Visit.left_at,
        Visit.end_latest,
    ).where(*conditions)


def _venues(connection: Connection, which: ColumnElement[bool]) -> dict[int, _Venue]:
    dwell_min = func.coalesce(Venue.dwell_min, VenueType.dwell_min)
    rows = connection.execute(
        select(Venue.id, Venue.ref, dwell_min)
        .join(VenueType, Venue.type_id == VenueType.id)
        .where(which)
    )
    return {venue_id: _Venue(venue_id, ref, dwell * 60) for venue_id, ref, dwell in rows}


def _rooms(connection: Connection, venue_ids: Iterable[int]) -> dict[int, str]:
    rows = connection.execute(select(Room.id, Room.ref).where(Room.venue_id.in_(venue_ids)))
    return {row.id: row.ref for row in rows}


def _stay(row: Any, venue: _Venue, rooms: dict[int, str]) -> Stay:
    return Stay(
        visitor=visitor_ref(row.person_id),
        venue=venue.ref,
        room=rooms.get(row.room_id),
        start_earliest=row.entered_earliest,
        start=row.entered_at,
        start_latest=row.entered_latest,
        end_earliest=row.end_earliest,
        end=row.left_at,
        end_latest=row.end_latest,
        dwell_s=venue.dwell_s,
    )
