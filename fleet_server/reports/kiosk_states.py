"""Kiosks by how they do, those in trouble first. Sees no visitor."""

from typing import Any, Final, Literal, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from fleet_server.models import Area, Gate, Kiosk, Posting, Presence, Venue
from fleet_server.tracing import gaps
from wire import codec
from wire.errors import WireError
from wire.presence import About, Health

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
    if reach is not None:
        statement = statement.where(reach)
    if wanted.area is not None:
        statement = statement.where(Area.code == wanted.area)
    if wanted.venue is not None:
        statement = statement.where(Venue.ref == wanted.venue)
    found = [_state(row, now) for row in connection.execute(statement)]
    if wanted.state is not None:
        found = [each for each in found if each.state == wanted.state]
    return sorted(found, key=lambda each: (ORDER.index(each.state), each.since or 0, each.kiosk))


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
