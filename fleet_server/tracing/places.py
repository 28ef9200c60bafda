"""What a question needs to know of venues: references, rooms, how long people stay."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select

from fleet_server.database import chunks
from fleet_server.errors import NotKnown
from fleet_server.models import Room, Venue
from fleet_server.tracing.reach import Question
from fleet_server.tracing.rules import Terms


class KnownVenue(NamedTuple):
    """A venue as questions see it."""

    id: int
    ref: str
    type: str
    dwell_min: int | None
    """Its own."""


def venues(connection: Connection, ids: Collection[int]) -> dict[int, KnownVenue]:
    """These venues by id."""
    found: dict[int, KnownVenue] = {}
    for some in chunks(sorted(ids), 1000):
        # In words of its own: building it anew would take longer than finding the rows.
        rows = connection.exec_driver_sql(
            "SELECT v.id, v.ref, t.code, v.dwell_min"  # noqa: S608  numbers only
            " FROM venues v JOIN venue_types t ON t.id = v.type_id"
            f" WHERE v.id IN ({', '.join(map(str, map(int, some)))})"
        )
        found.update((row[0], KnownVenue(*row)) for row in rows)
    return found


def dwells(known: Mapping[int, KnownVenue], question: Question, terms: Terms) -> dict[int, int]:
    """The stay assumed at each venue, seconds: the question's, else its own, else its type's."""
    if question.rule.dwell_s is not None:
        return dict.fromkeys(known, question.rule.dwell_s)
    return {
        venue.id: 60 * (terms.dwell_of(venue.type) if venue.dwell_min is None else venue.dwell_min)
        for venue in known.values()
    }


def resolve(connection: Connection, ref: str) -> int:
    """The id of the venue of this reference. Raises NotKnown."""
    found = connection.scalar(select(Venue.id).where(Venue.ref == ref))
    if found is None:
        raise NotKnown(
            f"venue {ref!r}: không có địa điểm này / no such venue; see `fleet venue list`"
        )
    return found


def rooms(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """References of these rooms: of the venue, and of the room in it."""
    rows = connection.execute(
        select(Room.id, Venue.ref, Room.ref)
        .join(Venue, Room.venue_id == Venue.id)
        .where(Room.id.in_(sorted(set(ids))))
    )
    return {room_id: (venue, room) for room_id, venue, room in rows}
