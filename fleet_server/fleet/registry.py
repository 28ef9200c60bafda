"""Venues with their opening hours. Each change is written to the audit log."""

from collections.abc import Iterable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, update

from fleet_server.fleet import areas, hours, venue_types
from fleet_server.fleet.references import Taken, Unfit, check_name, check_reference
from fleet_server.fleet.venues import venue_id
from fleet_server.identity import audit
from fleet_server.models import Area, OpeningHours, Venue
from fleet_server.tracing import stale
from fleet_server.tracing.opening import Stretch

MAX_DWELL_MIN: Final = 960
"""No stay is taken to last longer (16 h)."""


MAX_CAPACITY: Final = 1_000_000


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
    """Replace a venue's opening hours; none means not known. Raises NotKnown.

    Stays that were taken to last until closing are derived again.
    """
    found = venue_id(connection, venue)
    connection.execute(delete(OpeningHours).where(OpeningHours.venue_id == found))
    _put_hours(connection, found, opening)
    stale.mark_guests(connection, found, at_ms)
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


def _put_hours(connection: Connection, venue: int, opening: Iterable[Stretch]) -> None:
    rows = [{"venue_id": venue, **stretch._asdict()} for stretch in opening]
    if rows:
        connection.execute(insert(OpeningHours), rows)
