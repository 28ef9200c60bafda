"""Kiosks by how they do, those in trouble first. Sees no visitor."""

from typing import Any, Final, Literal, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, or_, select

from fleet_server.errors import NotKnown
from fleet_server.models import Alarm as AlarmRow
from fleet_server.models import Area, Gate, Kiosk, Outage, Posting, Presence, Scan, Venue
from fleet_server.tracing import gaps
from wire import codec
from wire.errors import WireError
from wire.presence import DISCONNECTED, About, Health

T = TypeVar("T")
State = Literal["never_heard", "silent", "disconnected", "undelivered", "unposted", "works"]
ORDER: Final[tuple[State, ...]] = (
    "silent",
    "disconnected",
    "undelivered",
    "never_heard",
    "unposted",
    "works",
)
"""As they are listed: what worked and no longer does comes first."""


HOUR_S: Final = 3600
HOURS: Final = 48
LATE_S: Final = 300
ALARMS: Final = 20


class KioskState(NamedTuple):
    """One kiosk as it was last heard of. Seconds UTC."""

    kiosk: str
    venue: str | None
    venue_name: str
    gate: str | None
    area: str | None
    area_name: str
    state: State
    since: int | None
    """Since when its records may be missing."""
    heard: int | None
    waiting: int | None
    """Records in its queue."""
    version: str
    health: Health | None
    about: About | None


class Hour(NamedTuple):
    """Scans made in an hour; `at`: its beginning, seconds UTC."""

    at: int
    scans: int
    late: int
    """Of them, those that reached the server more than LATE_S after."""


class Alarm(NamedTuple):
    """Something an operator had to look at."""

    kind: str
    detail: str
    raised_ms: int
    cleared_ms: int | None


class Away(NamedTuple):
    """A time in which nothing was heard of a kiosk. Seconds UTC."""

    since: int
    until: int | None
    """None: still."""
    switched_off: bool
    """It had said goodbye."""


class Which(NamedTuple):
    """Which kiosks; None: all."""

    state: str | None = None
    area: str | None = None
    """Code of their venue's commune."""
    venue: str | None = None


def listed(
    connection: Connection,
    *,
    now: int,
    which: Which | None = None,
    reach: ColumnElement[bool] | None = None,
) -> list[KioskState]:
    """Kiosks that were not taken out of service, the longest in trouble first.

    `reach` narrows by a condition on `Venue`.
    """
    wanted = which or Which()
    statement = _statement(now, reach)
    if wanted.area is not None:
        statement = statement.where(Area.code == wanted.area)
    if wanted.venue is not None:
        statement = statement.where(Venue.ref == wanted.venue)
    found = [_state(row, now) for row in connection.execute(statement)]
    if wanted.state is not None:
        found = [each for each in found if each.state == wanted.state]
    return sorted(found, key=lambda each: (ORDER.index(each.state), each.since or 0, each.kiosk))


def one(
    connection: Connection, ref: str, *, now: int, reach: ColumnElement[bool] | None = None
) -> KioskState:
    """One kiosk of those within `reach`. Raises NotKnown."""
    row = connection.execute(_statement(now, reach).where(Kiosk.ref == ref)).first()
    if row is None:
        raise NotKnown(f"không có trạm {ref[:64]!r} / kiosk {ref[:64]!r} is not known")
    return _state(row, now)


def hours(connection: Connection, ref: str, *, now: int) -> list[Hour]:
    """Scans by the hour they were made in, the last HOURS of them, this hour last.

    What came late tells when the kiosk was away from the server, long after it is back.
    """
    first = now // HOUR_S - HOURS + 1
    since_ms = first * HOUR_S * 1000
    stood = connection.execute(
        select(Posting.kiosk_id, Posting.venue_id)
        .join(Kiosk, Kiosk.id == Posting.kiosk_id)
        .where(
            Kiosk.ref == ref,
            or_(Posting.valid_to.is_(None), Posting.valid_to > since_ms // 1000),
        )
        .distinct()
    ).all()
    hour = Scan.corrected_ms // (HOUR_S * 1000)
    late = func.count(case((Scan.received_ms - Scan.corrected_ms > LATE_S * 1000, 1)))
    found: dict[int, tuple[int, int]] = {}
    # One venue at a time: an engine then reads the index of scans by venue and nothing else.
    for kiosk_id, venue_id in stood:
        for row in connection.execute(
            select(hour.label("hour"), func.count().label("scans"), late.label("late"))
            .where(
                Scan.venue_id == venue_id,
                Scan.kiosk_id == kiosk_id,
                Scan.corrected_ms >= since_ms,
            )
            .group_by(hour)
        ):
            scans, later = found.get(int(row.hour), (0, 0))
            found[int(row.hour)] = (scans + row.scans, later + row.late)
    return [
        Hour((first + number) * HOUR_S, *found.get(first + number, (0, 0)))
        for number in range(HOURS)
    ]


def away(connection: Connection, each: KioskState, *, since: int, now: int) -> list[Away]:
    """When nothing was heard of it since then, the latest first."""
    found = []
    if each.heard is not None and now - each.heard > gaps.SILENT_AFTER_S:
        found.append(Away(each.heard, None, each.state == DISCONNECTED))
    rows = connection.execute(
        select(Outage.since_ms, Outage.until_ms, Outage.state)
        .join(Kiosk, Kiosk.id == Outage.kiosk_id)
        .where(Kiosk.ref == each.kiosk, Outage.until_ms > since * 1000)
        .order_by(Outage.until_ms.desc())
    )
    found += [
        Away(since_ms // 1000, until_ms // 1000, state == DISCONNECTED)
        for since_ms, until_ms, state in rows
    ]
    return found


def alarms(connection: Connection, ref: str) -> list[Alarm]:
    """What an operator had to look at, the newest first."""
    rows = connection.execute(
        select(AlarmRow.kind, AlarmRow.detail, AlarmRow.raised_ms, AlarmRow.cleared_ms)
        .join(Kiosk, Kiosk.id == AlarmRow.kiosk_id)
        .where(Kiosk.ref == ref)
        .order_by(AlarmRow.raised_ms.desc(), AlarmRow.id.desc())
        .limit(ALARMS)
    )
    return [Alarm(*row) for row in rows]


def _statement(now: int, reach: ColumnElement[bool] | None) -> Select[*tuple[Any, ...]]:
    statement = (
        select(
            Kiosk.ref.label("kiosk"),
            Venue.ref.label("venue"),
            Venue.name.label("venue_name"),
            Gate.name.label("gate"),
            Area.code.label("area"),
            Area.name.label("area_name"),
            Presence.state,
            Presence.since_ms,
            Presence.heard_ms,
            Presence.health,
            Presence.about,
        )
        .select_from(Kiosk)
        .outerjoin(
            Posting,
            (Posting.kiosk_id == Kiosk.id)
            & (Posting.valid_from <= now)
            & or_(Posting.valid_to.is_(None), Posting.valid_to > now),
        )
        .outerjoin(Venue, Posting.venue_id == Venue.id)
        .outerjoin(Gate, Posting.gate_id == Gate.id)
        .outerjoin(Area, Venue.area_id == Area.id)
        .outerjoin(Presence, Presence.kiosk_id == Kiosk.id)
        .where(Kiosk.revoked_at.is_(None))
        .order_by(Kiosk.ref)
    )
    return statement if reach is None else statement.where(reach)


def _state(row: Row[*tuple[Any, ...]], now: int) -> KioskState:
    last = None
    # 0: only a retained message was heard, which says when itself.
    if heard_ms := row.heard_ms or row.since_ms:
        last = gaps.heard(row.state, heard_ms, row.health)
    missing = gaps.hole(last, until=now, now=now)
    state: State = "works" if missing is None else missing.reason
    about = _read(row.about, About)
    return KioskState(
        kiosk=row.kiosk,
        venue=row.venue,
        venue_name=row.venue_name or "",
        gate=row.gate,
        area=row.area,
        area_name=row.area_name or "",
        state="unposted" if row.venue is None else state,
        since=None if missing is None else missing.since,
        heard=None if last is None else last.heard,
        waiting=None if last is None else last.waiting,
        version="" if about is None else about.version,
        health=_read(row.health, Health),
        about=about,
    )


def _read(content: bytes | None, kind: type[T]) -> T | None:
    if content is None:
        return None
    try:
        return codec.decode(content, kind)
    except WireError:
        return None  # a newer kiosk's words
