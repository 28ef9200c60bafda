"""Gates and rooms of venues: made, renamed, retired. Each change is written to the audit log.

A retired one keeps its scans and its reference; no kiosk is put there until it is taken back.
"""

from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from fleet_server.fleet.references import Taken, Unfit, check_name, check_reference, unknown
from fleet_server.fleet.venues import venue_id
from fleet_server.identity import audit
from fleet_server.models import Gate, Kiosk, Posting, Room

Kind = type[Gate] | type[Room]


class Part(NamedTuple):
    """A gate or a room."""

    ref: str
    name: str
    retired_at: int | None
    """Seconds UTC; None: in use."""


def listed(connection: Connection, kind: Kind, venue: int) -> list[Part]:
    """The gates or rooms of the venue of this id, the retired ones last."""
    rows = connection.execute(
        select(kind.ref, kind.name, kind.retired_at)
        .where(kind.venue_id == venue)
        .order_by(kind.retired_at.is_not(None), kind.ref)
    )
    return [Part._make(row) for row in rows]


def for_kiosk(connection: Connection, kind: Kind, venue: int, ref: str) -> int:
    """The id of a gate or room that a kiosk may be put at. Raises NotKnown, Unfit."""
    found, retired_at = _find(connection, kind, venue, ref)
    if retired_at is not None:
        what = _what(kind)
        raise Unfit(
            f"{what} {ref}: đã ngừng dùng / is retired; `fleet {what} take-back` first, or name"
            " another"
        )
    return found


def create(
    connection: Connection, kind: Kind, *, venue: str, ref: str, name: str, at_ms: int, actor: str
) -> None:
    """Write down a gate or a room. Raises Unfit, Taken, NotKnown."""
    what, found = _what(kind), venue_id(connection, venue)
    check_reference(what, ref)
    if connection.scalar(select(kind.id).where(kind.venue_id == found, kind.ref == ref)):
        raise Taken(f"{what} {ref} of {venue}: đã có / is there already")
    connection.execute(insert(kind).values(venue_id=found, ref=ref, name=check_name("name", name)))
    _log(connection, f"{what}.created", venue, {what: ref}, at_ms=at_ms, actor=actor)


def rename(
    connection: Connection, kind: Kind, *, venue: str, ref: str, name: str, at_ms: int, actor: str
) -> None:
    """Another name. Raises Unfit, NotKnown."""
    found, _ = _find(connection, kind, venue_id(connection, venue), ref)
    what, name = _what(kind), check_name("name", name)
    connection.execute(update(kind).where(kind.id == found).values(name=name))
    _log(connection, f"{what}.renamed", venue, {what: ref, "name": name}, at_ms=at_ms, actor=actor)


def retire(
    connection: Connection, kind: Kind, *, venue: str, ref: str, at_ms: int, actor: str
) -> None:
    """No kiosk is put there any more. Raises NotKnown, and Taken where one stands or it is so."""
    found, retired_at = _find(connection, kind, venue_id(connection, venue), ref)
    what = _what(kind)
    if retired_at is not None:
        raise Taken(f"{ref}: đã ngừng dùng rồi / {what} {ref} is retired already")
    place = Posting.gate_id if kind is Gate else Posting.room_id
    standing = connection.scalars(
        select(Kiosk.ref)
        .join(Posting, Posting.kiosk_id == Kiosk.id)
        .where(place == found, Posting.valid_to.is_(None), Kiosk.revoked_at.is_(None))
        .order_by(Kiosk.ref)
    ).all()
    if standing:
        kiosks = ", ".join(standing)
        raise Taken(
            f"{ref}: trạm {kiosks} đang đặt ở đó, hãy chuyển trạm đi trước / {what} {ref}: {kiosks}"
            " stands there, move the kiosk first"
        )
    connection.execute(update(kind).where(kind.id == found).values(retired_at=at_ms // 1000))
    _log(connection, f"{what}.retired", venue, {what: ref}, at_ms=at_ms, actor=actor)


def take_back(
    connection: Connection, kind: Kind, *, venue: str, ref: str, at_ms: int, actor: str
) -> None:
    """It is in use again. Raises NotKnown, and Taken where it was never retired."""
    found, retired_at = _find(connection, kind, venue_id(connection, venue), ref)
    what = _what(kind)
    if retired_at is None:
        raise Taken(f"{ref}: đang được dùng / {what} {ref} is in use already")
    connection.execute(update(kind).where(kind.id == found).values(retired_at=None))
    _log(connection, f"{what}.taken_back", venue, {what: ref}, at_ms=at_ms, actor=actor)


def _find(connection: Connection, kind: Kind, venue: int, ref: str) -> tuple[int, int | None]:
    row = connection.execute(
        # Locked: whoever puts a kiosk there and whoever retires it go one after the other.
        select(kind.id, kind.retired_at)
        .where(kind.venue_id == venue, kind.ref == ref)
        .with_for_update()
    ).one_or_none()
    if row is None:
        known = connection.scalars(select(kind.ref).where(kind.venue_id == venue))
        raise unknown(_what(kind), ref, known)
    return row.id, row.retired_at


def _what(kind: Kind) -> str:
    return kind.__name__.lower()


def _log(
    connection: Connection,
    action: str,
    venue: str,
    detail: dict[str, str],
    *,
    at_ms: int,
    actor: str,
) -> None:
    audit.append(connection, at_ms=at_ms, actor=actor, action=action, subject=venue, detail=detail)
