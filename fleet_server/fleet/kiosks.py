"""Kiosks: created at a place, moved to another, revoked. Each change goes to the audit log."""

from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from fleet_server.fleet import parts
from fleet_server.fleet.references import Taken, Unfit, unknown
from fleet_server.fleet.venues import venue_id
from fleet_server.identity import audit
from fleet_server.models import Gate, Kiosk, Posting, Presence, Room, Venue
from wire.records import BOTH, DIRECTIONS
from wire.topics import is_kiosk_id


class Place(NamedTuple):
    """Where a kiosk stands and which way it counts, by reference."""

    venue: str
    direction: str
    gate: str | None = None
    room: str | None = None


class ListedKiosk(NamedTuple):
    """One kiosk as it is listed. Seconds, or milliseconds (`_ms`), UTC."""

    ref: str
    venue: str | None
    gate: str | None
    room: str | None
    direction: str | None
    since: int | None
    """When it was posted there."""
    state: str
    """As last heard; empty where never."""
    heard_ms: int | None
    certificate: str
    revoked_at: int | None


def check_new(connection: Connection, ref: str) -> None:
    """Raises Unfit for what cannot be a kiosk's id, Taken for one that is or was in use."""
    if not is_kiosk_id(ref):
        raise Unfit(
            f"kiosk {ref[:80]!r}: expected 1 to 48 of a-z, 0-9 and inner hyphens, such as "
            "cho-mau-1; some words of the protocol (server, ingest, …) are taken"
        )
    revoked = connection.execute(select(Kiosk.revoked_at).where(Kiosk.ref == ref)).one_or_none()
    if revoked is not None:
        how = "đã có / is there already" if revoked[0] is None else "đã thu hồi / was revoked"
        raise Taken(f"kiosk {ref}: {how}; choose another id")


def create(
    connection: Connection, *, ref: str, place: Place, certificate: str, at_ms: int, actor: str
) -> None:
    """Write down a kiosk posted at `place`. Raises Unfit, Taken, NotKnown.

    `certificate` is the fingerprint of the one it was given.
    """
    check_new(connection, ref)
    kiosk = connection.scalar(
        insert(Kiosk)
        .values(ref=ref, certificate=certificate, created_at=at_ms // 1000)
        .returning(Kiosk.id)
    )
    assert kiosk is not None  # noqa: S101 (RETURNING of an INSERT)
    _post(connection, kiosk, place, at_ms // 1000)
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="kiosk.created",
        subject=ref,
        detail={**place._asdict(), "cert": certificate},
    )


def move(connection: Connection, *, ref: str, place: Place, at_ms: int, actor: str) -> None:
    """Post a kiosk elsewhere from now on: scans made before stay with the old place.

    Raises Unfit, NotKnown, Taken where it stands there already.
    """
    kiosk = active_id(connection, ref)
    now = at_ms // 1000
    current = connection.execute(
        select(Posting.id, Posting.venue_id, Posting.gate_id, Posting.room_id, Posting.direction)
        .where(Posting.kiosk_id == kiosk, Posting.valid_to.is_(None))
        .order_by(Posting.id)
    ).all()
    connection.execute(
        update(Posting)
        .where(Posting.kiosk_id == kiosk, Posting.valid_to.is_(None))
        .values(valid_to=now)
    )
    wanted = _post(connection, kiosk, place, now)
    if any(tuple(row)[1:] == wanted for row in current):
        raise Taken(f"kiosk {ref}: đang đặt ở đó / stands there already")
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="kiosk.moved",
        subject=ref,
        detail=dict(place._asdict()),
    )


def revoke(connection: Connection, *, ref: str, reason: str, at_ms: int, actor: str) -> None:
    """Shut a kiosk out for good: stolen, lost, or scrapped. Raises NotKnown."""
    kiosk = active_id(connection, ref)
    now = at_ms // 1000
    connection.execute(update(Kiosk).where(Kiosk.id == kiosk).values(revoked_at=now))
    connection.execute(
        update(Posting)
        .where(Posting.kiosk_id == kiosk, Posting.valid_to.is_(None))
        .values(valid_to=now)
    )
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="kiosk.revoked",
        subject=ref,
        detail={"reason": reason},
    )


def renewed(connection: Connection, *, ref: str, certificate: str, at_ms: int, actor: str) -> None:
    """Write down that a kiosk got another certificate. Raises NotKnown."""
    kiosk = active_id(connection, ref)
    connection.execute(update(Kiosk).where(Kiosk.id == kiosk).values(certificate=certificate))
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="kiosk.renewed",
        subject=ref,
        detail={"cert": certificate},
    )


def active_id(connection: Connection, ref: str) -> int:
    """The id of a kiosk that is not revoked. Raises NotKnown."""
    found = connection.scalar(select(Kiosk.id).where(Kiosk.ref == ref, Kiosk.revoked_at.is_(None)))
    if found is None:
        raise unknown("kiosk", ref, active(connection))
    return found


def direction_of(connection: Connection, ref: str) -> str:
    """Which way a kiosk counts where it is posted now. Raises NotKnown."""
    kiosk = active_id(connection, ref)
    found = connection.scalar(
        select(Posting.direction).where(Posting.kiosk_id == kiosk, Posting.valid_to.is_(None))
    )
    return found or BOTH


def active(connection: Connection) -> list[str]:
    """The kiosks that may connect."""
    return list(
        connection.scalars(select(Kiosk.ref).where(Kiosk.revoked_at.is_(None)).order_by(Kiosk.ref))
    )


def revoked(connection: Connection) -> list[str]:
    """The kiosks that may not connect any more."""
    return list(
        connection.scalars(
            select(Kiosk.ref).where(Kiosk.revoked_at.is_not(None)).order_by(Kiosk.ref)
        )
    )


def listed(connection: Connection) -> list[ListedKiosk]:
    """All kiosks by reference, the revoked ones included."""
    query = (
        select(
            Kiosk.ref,
            Venue.ref,
            Gate.ref,
            Room.ref,
            Posting.direction,
            Posting.valid_from,
            func.coalesce(Presence.state, ""),
            Presence.heard_ms,
            Kiosk.certificate,
            Kiosk.revoked_at,
        )
        .select_from(Kiosk)
        .outerjoin(Posting, (Posting.kiosk_id == Kiosk.id) & Posting.valid_to.is_(None))
        .outerjoin(Venue, Venue.id == Posting.venue_id)
        .outerjoin(Gate, Gate.id == Posting.gate_id)
        .outerjoin(Room, Room.id == Posting.room_id)
        .outerjoin(Presence, Presence.kiosk_id == Kiosk.id)
        .order_by(Kiosk.ref)
    )
    return [ListedKiosk._make(row) for row in connection.execute(query)]


def _post(
    connection: Connection, kiosk: int, place: Place, at: int
) -> tuple[int, int | None, int | None, str]:
    if place.direction not in DIRECTIONS:
        raise Unfit(f"direction {place.direction[:20]!r}: expected {', '.join(DIRECTIONS)}")
    venue = venue_id(connection, place.venue)
    gate = None if place.gate is None else parts.for_kiosk(connection, Gate, venue, place.gate)
    room = None if place.room is None else parts.for_kiosk(connection, Room, venue, place.room)
    connection.execute(
        insert(Posting).values(
            kiosk_id=kiosk,
            venue_id=venue,
            gate_id=gate,
            room_id=room,
            direction=place.direction,
            valid_from=at,
        )
    )
    return venue, gate, room, place.direction
