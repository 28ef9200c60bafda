"""A venue's log: who passed which gate when, by masked label. Never a name, never a reference."""

import datetime as dt
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    SQLColumnExpression,
    and_,
    bindparam,
    func,
    select,
    tuple_,
)

from fleet_server.errors import NotKnown
from fleet_server.models import Companions, Gate, Room, Scan, Venue
from fleet_server.times import day_bounds, local
from wire.records import ENTRY, EXIT

PAGE: Final = 200
"""Lines at a time."""


Direction = Literal["in", "out", "both"]
"""`both` where the kiosk does not tell, and for words of a newer release."""


class LoggedVenue(NamedTuple):
    """The venue whose log it is."""

    id: int
    ref: str
    name: str
    timezone: str
    area_id: int | None
    capacity: int | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def today(self, now: int) -> dt.date:
        """The date on the venue's clocks; `now` in seconds UTC."""
        return local(now, self.zone).date()


class Line(NamedTuple):
    """One scan as its venue may see it."""

    id: int
    at_ms: int
    exact: bool
    """False where the kiosk's clock was not synchronised: the time is an estimate."""
    gate: str | None
    room: str | None
    direction: Direction
    label: str
    companions: int
    """How many came along without a code."""


class Counts(NamedTuple):
    """A day's people by direction: whoever was scanned, and who came along with them."""

    entries: int
    exits: int
    passages: int
    """At kiosks that do not tell which way."""


class Search(NamedTuple):
    """Which of a day's lines; None: all."""

    since_ms: int | None = None
    until_ms: int | None = None
    """Not itself in it."""
    gate: str | None = None
    """A gate's reference."""
    direction: Direction | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.since_ms is not None:
            found.append(Scan.corrected_ms >= self.since_ms)
        if self.until_ms is not None:
            found.append(Scan.corrected_ms < self.until_ms)
        if self.gate is not None:
            found.append(Gate.ref == self.gate)
        if self.direction == "both":
            found.append(Scan.direction.not_in((ENTRY, EXIT)))
        elif self.direction is not None:
            found.append(Scan.direction == {"in": ENTRY, "out": EXIT}[self.direction])
        return found


ALL: Final = Search()


class Cursor(NamedTuple):
    """Where a page of older lines begins."""

    at_ms: int
    id: int


def venue(connection: Connection, ref: str) -> LoggedVenue:
    """The venue `ref` names. Raises NotKnown."""
    if not ref.isprintable():
        raise unknown(ref)
    row = connection.execute(_VENUE, {"ref": ref}).one_or_none()
    if row is None:
        raise unknown(ref)
    return LoggedVenue(*row)


def unknown(ref: str) -> NotKnown:
    """Said of a venue that is not there, and of one the caller has nothing to do with."""
    return NotKnown(f"không có địa điểm {ref[:64]!r} / venue {ref[:64]!r} is not known")


def newest(
    connection: Connection,
    where: LoggedVenue,
    day: dt.date,
    *,
    which: Search = ALL,
    before: Cursor | None = None,
    limit: int = PAGE,
) -> list[Line]:
    """A day's lines, latest first; `before` goes on where a page ended."""
    older = [] if before is None else [tuple_(Scan.corrected_ms, Scan.id) < tuple_(*before)]
    order = (Scan.corrected_ms.desc(), Scan.id.desc())
    return _lines(connection, where, day, *which.conditions(), *older, order=order, limit=limit)


def every(
    connection: Connection, where: LoggedVenue, day: dt.date, *, which: Search = ALL
) -> Iterator[Line]:
    """All of a day's lines, latest first, read a page at a time."""
    before = None
    while lines := newest(connection, where, day, which=which, before=before, limit=PAGE):
        yield from lines
        before = Cursor(lines[-1].at_ms, lines[-1].id)


def arrived_after(
    connection: Connection, where: LoggedVenue, day: dt.date, *, after: int, limit: int = PAGE
) -> list[Line]:
    """A day's lines that arrived after the one with id `after`, in the order of arrival."""
    return _lines(connection, where, day, Scan.id > after, order=(Scan.id,), limit=limit)


def joined_since(
    connection: Connection, where: LoggedVenue, day: dt.date, *, since_ms: int, limit: int = PAGE
) -> list[Line]:
    """A day's lines whose companions changed by what arrived since `since_ms`."""
    changed = (
        select(Scan.id)
        .join(Companions, _came_with())
        .where(Companions.received_ms >= since_ms, Scan.venue_id == where.id)
    )
    return _lines(connection, where, day, Scan.id.in_(changed), order=(Scan.id,), limit=limit)


def counts(connection: Connection, where: LoggedVenue, day: dt.date) -> Counts:
    """The day's people by direction."""
    on = _on(where, day)
    total, went_in, went_out = connection.execute(_COUNTS, on).one()
    more: dict[str, int] = {"in": 0, "out": 0, "both": 0}
    for direction, companions in connection.execute(_ALONG, on):
        more[_DIRECTIONS.get(direction, "both")] += int(companions)
    through = total - went_in - went_out
    return Counts(went_in + more["in"], went_out + more["out"], through + more["both"])


def last_id(connection: Connection, where: LoggedVenue, day: dt.date) -> int:
    """The id that arrived last among the day's lines; 0 where there is none."""
    return connection.scalar(_LAST, _on(where, day)) or 0


_DIRECTIONS: Final[dict[str, Direction]] = {ENTRY: "in", EXIT: "out"}


def _on(where: LoggedVenue, day: dt.date) -> dict[str, int]:
    """What the statements below take of a venue's day."""
    start, end = day_bounds(day, where.zone)
    return {"venue": where.id, "start_ms": start * 1000, "end_ms": end * 1000}


def _came_with() -> ColumnElement[bool]:
    return and_(
        Companions.kiosk_id == Scan.kiosk_id,
        Companions.epoch == Scan.epoch,
        Companions.of_counter == Scan.counter,
    )


def _companions() -> ScalarSelect[int]:
    """How many came with the scan of the enclosing query."""
    came = select(func.coalesce(func.sum(Companions.change), 0)).where(_came_with())
    return came.correlate(Scan).scalar_subquery()


# Asked every few seconds by each open log: built once.
_VENUE: Final = select(
    Venue.id, Venue.ref, Venue.name, Venue.timezone, Venue.area_id, Venue.capacity
).where(Venue.ref == bindparam("ref"))
_ON: Final[tuple[ColumnElement[bool], ...]] = (
    Scan.venue_id == bindparam("venue"),
    Scan.corrected_ms >= bindparam("start_ms"),
    Scan.corrected_ms < bindparam("end_ms"),
)
_LAST: Final = select(func.max(Scan.id)).where(*_ON)
_COUNTS: Final = select(
    func.count(),
    func.count().filter(Scan.direction == ENTRY),
    func.count().filter(Scan.direction == EXIT),
).where(*_ON)
_ALONG: Final = (
    select(Scan.direction, func.sum(Companions.change))
    .join(Companions, _came_with())
    .where(*_ON)
    .group_by(Scan.direction)
)
_LINES: Final = (
    select(
        Scan.id,
        Scan.corrected_ms,
        Scan.earliest_ms == Scan.latest_ms,
        Gate.name,
        Room.name,
        Scan.direction,
        Scan.label,
        _companions(),
    )
    .outerjoin(Gate, Scan.gate_id == Gate.id)
    .outerjoin(Room, Scan.room_id == Room.id)
    .where(*_ON)
)


def _lines(
    connection: Connection,
    where: LoggedVenue,
    day: dt.date,
    *further: ColumnElement[bool],
    order: tuple[SQLColumnExpression[int], ...],
    limit: int,
) -> list[Line]:
    asked = _LINES.where(*further).order_by(*order).limit(limit)
    rows = connection.execute(asked, _on(where, day))
    return [
        Line(
            id=scan_id,
            at_ms=at_ms,
            exact=bool(exact),
            gate=gate,
            room=room,
            direction=_DIRECTIONS.get(direction, "both"),
            label=label,
            companions=int(companions),
        )
        for scan_id, at_ms, exact, gate, room, direction, label, companions in rows
    ]
