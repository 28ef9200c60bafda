"""Who sells or works at a venue: unseen exits are expected at closing. Noted, never deleted."""

from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from fleet_server.errors import NotKnown
from fleet_server.fleet.references import Unfit
from fleet_server.fleet.venues import venue_id
from fleet_server.identity import audit, links
from fleet_server.models import Credential, Pseudonym, Scan, Venue, VenueStaff
from fleet_server.times import iso
from fleet_server.tracing import stale, visitors

MAX_REASON = 200
_HIGHEST = 2**63 - 1
"""No row has a higher number."""


class Listed(NamedTuple):
    """One note; seconds UTC."""

    id: int
    visitor: str
    since: int
    until: int | None
    reason: str
    label: str
    """Masked, of the scan they were noted from; empty where it was by reference."""
    made_at: int
    made_by: str


class Seen(NamedTuple):
    """Somebody as a scan at the venue shows them."""

    visitor: str
    label: str
    at: int
    """Seconds UTC."""


def seen(connection: Connection, venue: int, scan: int) -> Seen:
    """Whose scan this is at the venue of this id. Raises NotKnown."""
    row = connection.execute(
        select(Scan.label, Scan.corrected_ms, Pseudonym.own_person_id)
        .join(Credential, Credential.id == Scan.credential_id)
        .join(Pseudonym, Pseudonym.id == Credential.pseudonym_id)
        .where(Scan.id == min(scan, _HIGHEST), Scan.venue_id == venue)
    ).one_or_none()
    if row is None:
        raise NotKnown("không có lượt này ở đây / no such scan here")
    return Seen(f"{visitors.SCANNED}P{row.own_person_id}", row.label, row.corrected_ms // 1000)


def add(
    connection: Connection,
    *,
    venue: str,
    visitor: str,
    since: int,
    until: int | None,
    reason: str,
    label: str = "",
    at_ms: int,
    actor: str,
) -> int:
    """Notes that a person works at a venue in [since, until); the note's id.

    Raises NotKnown, Unfit.
    """
    if until is not None and until <= since:
        raise Unfit("Lúc nghỉ phải sau lúc bắt đầu / to: expected a time after `from`")
    if not reason.strip() or len(reason) > MAX_REASON or not reason.isprintable():
        raise Unfit(
            f"Làm gì ở đây: cần 1 đến {MAX_REASON} ký tự / reason: expected 1 to {MAX_REASON}"
            " printable characters"
        )
    found, person = venue_id(connection, venue), visitors.named(connection, visitor)
    note = connection.execute(
        insert(VenueStaff)
        .values(
            venue_id=found,
            person_id=person,
            since=since,
            until=until,
            reason=reason.strip(),
            label=label,
            made_at=at_ms // 1000,
            made_by=actor,
        )
        .returning(VenueStaff.id)
    ).scalar_one()
    stale.mark(connection, [person], at_ms)
    detail = {
        "note": note,
        "visitor": visitors.refs(connection, [person])[person],
        "from": iso(since),
        "to": None if until is None else iso(until),
    }
    audit.append(
        connection, at_ms=at_ms, actor=actor, action="staff.added", subject=venue, detail=detail
    )
    return note


def remove(connection: Connection, note: int, *, at_ms: int, actor: str) -> None:
    """Takes a note back. Raises NotKnown where there is none in force."""
    row = connection.execute(
        update(VenueStaff)
        .where(VenueStaff.id == min(max(note, 0), _HIGHEST), VenueStaff.undone_at.is_(None))
        .values(undone_at=at_ms // 1000, undone_by=actor)
        .returning(VenueStaff.person_id, VenueStaff.venue_id)
    ).one_or_none()
    if row is None:
        raise NotKnown(
            f"note {note}: không còn / no such note in force; see `fleet venue staff list`"
        )
    stale.mark(connection, [row.person_id], at_ms)
    venue = connection.execute(select(Venue.ref).where(Venue.id == row.venue_id)).scalar_one()
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="staff.removed",
        subject=venue,
        detail={"note": note},
    )


def listed(connection: Connection, venue: str) -> list[Listed]:
    """The notes in force at a venue. Raises NotKnown."""
    rows = connection.execute(
        select(
            VenueStaff.id,
            VenueStaff.person_id,
            VenueStaff.since,
            VenueStaff.until,
            VenueStaff.reason,
            VenueStaff.label,
            VenueStaff.made_at,
            VenueStaff.made_by,
        )
        .where(VenueStaff.venue_id == venue_id(connection, venue), VenueStaff.undone_at.is_(None))
        .order_by(VenueStaff.id)
    ).all()
    today = links.today(connection, [row.person_id for row in rows])
    refs = visitors.refs(connection, set(today.values()))
    return [Listed(row.id, refs[today[row.person_id]], *row[2:]) for row in rows]
