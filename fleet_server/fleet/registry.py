"""Venues with their gates, rooms and opening hours. Each change is written to the audit log."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select, update

from fleet_server.fleet import areas, hours, venue_types
from fleet_server.fleet.references import Taken, Unfit, check_name, check_reference, unknown
from fleet_server.identity import audit
from fleet_server.models import Area, Gate, OpeningHours, Posting, Room, Venue, VenueType
from fleet_server.tracing import rulebook
from fleet_server.tracing.opening import Stretch

MAX_DWELL_MIN: Final = 960
"""No stay is taken to last longer (16 h)."""


MAX_CAPACITY: Final = 1_000_000


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
    hours: tuple[str, ...]
    kiosks: int
    """Posted there now."""
    capacity: int | None
    """People it holds; None: not said."""
    created_at: int


def create_venue(
    connection: Connection,
    *,
    ref: str,
    name: str,
    kind: str,
    area: str | None,
    timezone: str,
    dwell_min: int | None,
    opening: Sequence[Stretch],
    at_ms: int,
    actor: str,
) -> None:
    """Write down a venue. Raises Unfit, Taken, NotKnown."""
    check_reference("venue", ref)
    if connection.scalar(select(Venue.id).where(Venue.ref == ref)):
        raise Taken(f"venue {ref}: đã có / is there already")
    type_id = venue_types.type_id(connection, kind)
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, KeyError) as problem:
        raise Unfit(f"timezone {timezone[:80]!r}: expected such as Asia/Ho_Chi_Minh") from problem
    if dwell_min is not None and not 1 <= dwell_min <= MAX_DWELL_MIN:
        raise Unfit(f"dwell {dwell_min}: expected 1 to {MAX_DWELL_MIN} minutes")
    connection.execute(
        insert(Venue).values(
            ref=ref,
            name=check_name("name", name),
            type_id=type_id,
            area_id=None if area is None else areas.in_force(connection, area),
            timezone=timezone,
            dwell_min=dwell_min,
            created_at=at_ms // 1000,
        )
    )
    _put_hours(connection, venue_id(connection, ref), opening)
    detail = {"type": kind, "area": area, "hours": [hours.in_words(each) for each in opening]}
    audit.append(
        connection, at_ms=at_ms, actor=actor, action="venue.created", subject=ref, detail=detail
    )


def set_hours(
    connection: Connection, *, venue: str, opening: Sequence[Stretch], at_ms: int, actor: str
) -> None:
    """Replace a venue's opening hours; none means not known. Raises NotKnown."""
    found = venue_id(connection, venue)
    connection.execute(delete(OpeningHours).where(OpeningHours.venue_id == found))
    _put_hours(connection, found, opening)
    detail = {"hours": [hours.in_words(each) for each in opening]}
    audit.append(
        connection, at_ms=at_ms, actor=actor, action="venue.hours", subject=venue, detail=detail
    )


def set_area(connection: Connection, *, venue: str, area: str, at_ms: int, actor: str) -> None:
    """The area a venue lies in. Raises NotKnown."""
    found = venue_id(connection, venue)
    before = connection.scalar(
        select(Area.code).join(Venue, Venue.area_id == Area.id).where(Venue.id == found)
    )
    area_id = areas.in_force(connection, area)
    connection.execute(update(Venue).where(Venue.id == found).values(area_id=area_id))
    detail = {"area": area, "before": before}
    audit.append(
        connection, at_ms=at_ms, actor=actor, action="venue.area", subject=venue, detail=detail
    )


def rename(connection: Connection, *, venue: str, name: str, at_ms: int, actor: str) -> None:
    """Another name for a venue. Raises Unfit, NotKnown."""
    _set(connection, venue, "name", check_name("name", name), at_ms=at_ms, actor=actor)


def set_kind(connection: Connection, *, venue: str, kind: str, at_ms: int, actor: str) -> None:
    """What kind of place it is: says how long a stay without an exit lasts. Raises NotKnown."""
    type_id = venue_types.type_id(connection, kind)
    _set(connection, venue, "type_id", type_id, at_ms=at_ms, actor=actor, said=kind)


def set_capacity(
    connection: Connection, *, venue: str, capacity: int | None, at_ms: int, actor: str
) -> None:
    """How many people may be inside; None: not said. Raises Unfit, NotKnown."""
    if capacity is not None and not 1 <= capacity <= MAX_CAPACITY:
        raise Unfit(f"capacity {capacity}: cần 1 đến {MAX_CAPACITY} / expected 1 to {MAX_CAPACITY}")
    _set(connection, venue, "capacity", capacity, at_ms=at_ms, actor=actor)


def rename_part(
    connection: Connection,
    kind: type[Gate] | type[Room],
    *,
    venue: str,
    ref: str,
    name: str,
    at_ms: int,
    actor: str,
) -> None:
    """Another name for a gate or a room. Raises Unfit, NotKnown."""
    found = part_id(connection, kind, venue_id(connection, venue), ref)
    what = kind.__name__.lower()
    connection.execute(update(kind).where(kind.id == found).values(name=check_name("name", name)))
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action=f"{what}.renamed",
        subject=venue,
        detail={what: ref, "name": name.strip()},
    )


def _set(
    connection: Connection,
    venue: str,
    column: str,
    value: object,
    *,
    at_ms: int,
    actor: str,
    said: object = None,
) -> None:
    found = venue_id(connection, venue)
    connection.execute(update(Venue).where(Venue.id == found).values({column: value}))
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action=f"venue.{column.removesuffix('_id')}",
        subject=venue,
        detail={"now": value if said is None else said},
    )


def create_gate(
    connection: Connection, *, venue: str, ref: str, name: str, at_ms: int, actor: str
) -> None:
    """Write down a gate of a venue. Raises Unfit, Taken, NotKnown."""
    _create_part(connection, Gate, venue, ref, name)
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="gate.created",
        subject=venue,
        detail={"gate": ref},
    )


def create_room(
    connection: Connection, *, venue: str, ref: str, name: str, at_ms: int, actor: str
) -> None:
    """Write down a room of a venue. Raises Unfit, Taken, NotKnown."""
    _create_part(connection, Room, venue, ref, name)
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="room.created",
        subject=venue,
        detail={"room": ref},
    )


def venue_id(connection: Connection, ref: str) -> int:
    """The id of a venue. Raises NotKnown naming those there are."""
    found = connection.scalar(select(Venue.id).where(Venue.ref == ref))
    if found is None:
        raise unknown("venue", ref, connection.scalars(select(Venue.ref)))
    return found


def part_id(connection: Connection, kind: type[Gate] | type[Room], venue: int, ref: str) -> int:
    """The id of a venue's gate or room. Raises NotKnown naming those there are."""
    found = connection.scalar(select(kind.id).where(kind.venue_id == venue, kind.ref == ref))
    if found is None:
        known = connection.scalars(select(kind.ref).where(kind.venue_id == venue))
        raise unknown(kind.__name__.lower(), ref, known)
    return found


def listed_venues(connection: Connection) -> list[ListedVenue]:
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
    gates, rooms = _parts(connection, Gate), _parts(connection, Room)
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


def _create_part(
    connection: Connection, kind: type[Gate] | type[Room], venue: str, ref: str, name: str
) -> None:
    what = kind.__name__.lower()
    check_reference(what, ref)
    found = venue_id(connection, venue)
    if connection.scalar(select(kind.id).where(kind.venue_id == found, kind.ref == ref)):
        raise Taken(f"{what} {ref} of {venue}: đã có / is there already")
    connection.execute(insert(kind).values(venue_id=found, ref=ref, name=check_name("name", name)))


def _put_hours(connection: Connection, venue: int, opening: Iterable[Stretch]) -> None:
    rows = [{"venue_id": venue, **stretch._asdict()} for stretch in opening]
    if rows:
        connection.execute(insert(OpeningHours), rows)


def _parts(connection: Connection, kind: type[Gate] | type[Room]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for venue, ref in connection.execute(select(kind.venue_id, kind.ref).order_by(kind.ref)):
        found.setdefault(venue, []).append(ref)
    return found
