"""Venues as they stand: found by reference, described, listed."""

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from fleet_server.fleet import hours
from fleet_server.fleet.references import unknown
from fleet_server.models import Area, Gate, OpeningHours, Posting, Room, Venue, VenueType
from fleet_server.tracing import rulebook
from fleet_server.tracing.opening import Stretch


class ListedVenue(NamedTuple):
    """One venue as it is listed. Minutes; seconds UTC."""

    ref: str
    name: str
    type: str
    area: str | None
    timezone: str
    dwell_min: int
    """Its own, else its type's."""
    gates: tuple[str, ...]
    rooms: tuple[str, ...]
    """Gates and rooms in use."""
    hours: tuple[str, ...]
    kiosks: int
    """Posted there now."""
    capacity: int | None
    """People it holds; None: not said."""
    created_at: int


class About(NamedTuple):
    """What a venue says of itself."""

    name: str
    kind: str
    capacity: int | None
    """People; None: not said."""
    dwell_min: int
    """Minutes: its own, else its type's."""


def venue_id(connection: Connection, ref: str) -> int:
    """The id of a venue. Raises NotKnown naming those there are."""
    found = connection.scalar(select(Venue.id).where(Venue.ref == ref))
    if found is None:
        raise unknown("venue", ref, connection.scalars(select(Venue.ref)))
    return found


def about(connection: Connection, venue: int) -> About:
    """What the venue of this id says of itself."""
    name, kind, capacity, own = connection.execute(
        select(Venue.name, VenueType.code, Venue.capacity, Venue.dwell_min)
        .join(VenueType, VenueType.id == Venue.type_id)
        .where(Venue.id == venue)
    ).one()
    dwell_min = rulebook.in_force(connection).terms.dwell_of(kind) if own is None else own
    return About(name, kind, capacity, dwell_min)


def opening(connection: Connection, venue: int) -> list[Stretch]:
    """When the venue of this id is open, in the week's order."""
    columns = (OpeningHours.weekday, OpeningHours.opens_min, OpeningHours.closes_min)
    rows = connection.execute(
        select(*columns).where(OpeningHours.venue_id == venue).order_by(*columns)
    )
    return [Stretch(*row) for row in rows]


def listed(connection: Connection) -> list[ListedVenue]:
    """All venues by reference."""
    terms = rulebook.in_force(connection).terms
    rows = connection.execute(
        select(
            Venue.id,
            Venue.ref,
            Venue.name,
            VenueType.code,
            Area.code,
            Venue.timezone,
            Venue.dwell_min,
            Venue.capacity,
            Venue.created_at,
        )
        .join(VenueType, VenueType.id == Venue.type_id)
        .outerjoin(Area, Area.id == Venue.area_id)
        .order_by(Venue.ref)
    ).all()
    gates, rooms = _in_use(connection, Gate), _in_use(connection, Room)
    posted: dict[int, int] = {}
    for venue, kiosks in connection.execute(
        select(Posting.venue_id, func.count())
        .where(Posting.valid_to.is_(None))
        .group_by(Posting.venue_id)
    ):
        posted[venue] = kiosks
    opening: dict[int, list[str]] = {}
    columns = (OpeningHours.weekday, OpeningHours.opens_min, OpeningHours.closes_min)
    for venue, *stretch in connection.execute(
        select(OpeningHours.venue_id, *columns).order_by(*columns)
    ):
        opening.setdefault(venue, []).append(hours.in_words(Stretch(*stretch)))
    return [
        ListedVenue(
            *(ref, name, kind, area, zone, terms.dwell_of(kind) if dwell is None else dwell),
            gates=tuple(gates.get(found, ())),
            rooms=tuple(rooms.get(found, ())),
            hours=tuple(opening.get(found, ())),
            kiosks=posted.get(found, 0),
            capacity=capacity,
            created_at=created,
        )
        for found, ref, name, kind, area, zone, dwell, capacity, created in rows
    ]


def _in_use(connection: Connection, kind: type[Gate] | type[Room]) -> dict[int, list[str]]:
    """References by venue."""
    found: dict[int, list[str]] = {}
    for venue, ref in connection.execute(
        select(kind.venue_id, kind.ref).where(kind.retired_at.is_(None)).order_by(kind.ref)
    ):
        found.setdefault(venue, []).append(ref)
    return found
