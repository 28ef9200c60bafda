"""Everything kept about one person, to be shown or handed to them; and who looked at it.

Says nothing of others: a case is named by its area only. Names are no part of it: the vault opens
them and the desk adds them.
"""

from typing import Any, Final

from sqlalchemy import Connection, or_, select

from fleet_server.database import chunks
from fleet_server.models import (
    Area,
    Case,
    CasePerson,
    Credential,
    Gate,
    ImportedVisitor,
    Link,
    RestrictedPerson,
    RightsRequest,
    Scan,
    ScanKey,
    Venue,
    VenueStaff,
)
from fleet_server.privacy import looks, rights
from fleet_server.privacy.deleting import Whole, whole
from fleet_server.times import iso
from fleet_server.tracing import storage
from fleet_server.tracing.derivation import EVER

CORRECTION: Final = "correction-"


def of(connection: Connection, person: int) -> dict[str, Any]:
    """All that is kept about a person, under whatever id; JSON-ready, the oldest first."""
    mine = whole(connection, person)
    return {
        "visitor": f"P{person}",
        "also_known_as": [f"P{each}" for each in sorted(mine.persons - {person})],
        "scans": _scans(connection, mine),
        "stays": _stays(connection, mine),
        "credentials": _credentials(connection, mine),
        "links": _links(connection, mine),
        "works_at": _works_at(connection, mine),
        "imported_as": list(
            connection.scalars(
                select(ImportedVisitor.ref).where(ImportedVisitor.person_id.in_(mine.persons))
            )
        ),
        "cases": _cases(connection, mine),
        "requests": _requests(connection, mine),
        "restricted": connection.scalar(
            select(RestrictedPerson.id)
            .where(
                RestrictedPerson.person_id.in_(mine.persons), RestrictedPerson.lifted_ms.is_(None)
            )
            .limit(1)
        )
        is not None,
        "looks": _looks(connection, mine),
    }


def kind(stored: str) -> str:
    """What a credential is called to its holder."""
    return "correction" if stored.startswith(CORRECTION) else stored


def _scans(connection: Connection, mine: Whole) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for some in chunks(sorted(mine.pseudonyms)):
        rows = connection.execute(
            select(
                Scan.id,
                Scan.corrected_ms,
                Scan.received_ms,
                Scan.direction,
                Scan.label,
                Venue.ref,
                Venue.name,
                Gate.name.label("gate"),
                Credential.kind,
            )
            .select_from(Scan)
            .join(ScanKey, ScanKey.scan_id == Scan.id)
            .join(Venue, Venue.id == Scan.venue_id)
            .join(Credential, Credential.id == Scan.credential_id)
            .outerjoin(Gate, Gate.id == Scan.gate_id)
            .where(ScanKey.pseudonym_id.in_(some))
        )
        for row in rows:
            found[row.id] = {
                "at": iso(row.corrected_ms // 1000),
                "received_at": iso(row.received_ms // 1000),
                "venue": row.ref,
                "venue_name": row.name,
                "gate": row.gate or "",
                "direction": row.direction,
                "code": row.kind,
                "label": row.label,
            }
    return sorted(found.values(), key=lambda scan: (scan["at"], scan["venue"]))


def _stays(connection: Connection, mine: Whole) -> list[dict[str, Any]]:
    store = storage.of(connection)
    now = store.of_persons(connection, sorted(mine.persons), *EVER)
    before = store.superseded_of(connection, sorted(mine.persons), *EVER)
    rows = connection.execute(select(Venue.id, Venue.ref, Venue.name))
    venues = {row.id: (row.ref, row.name) for row in rows}
    told = []
    for visit, until_ms in [
        *((stored.visit, None) for stored in now),
        *((each.stored.visit, each.until_ms) for each in before),
    ]:
        ref, name = venues[visit.venue_id]
        told.append(
            {
                "venue": ref,
                "venue_name": name,
                "entered_at": iso(visit.entered_at),
                "left_at": None if visit.left_at is None else iso(visit.left_at),
                "ended_at_the_latest": iso(visit.end_latest),
                "end_by": visit.end_source,
                "corrected_at": None if until_ms is None else iso(until_ms // 1000),
            }
        )
    return sorted(told, key=lambda stay: (stay["entered_at"], stay["corrected_at"] or ""))


def _credentials(connection: Connection, mine: Whole) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(Credential)
        .where(Credential.pseudonym_id.in_(mine.pseudonyms))
        .order_by(Credential.id)
        .with_only_columns(
            Credential.kind, Credential.first_seen_at, Credential.issued_at, Credential.revoked_at
        )
    )
    return [
        {
            "kind": kind(row.kind),
            "first_seen_at": iso(row.first_seen_at),
            "issued_at": None if row.issued_at is None else iso(row.issued_at),
            "revoked_at": None if row.revoked_at is None else iso(row.revoked_at),
        }
        for row in rows
    ]


def _links(connection: Connection, mine: Whole) -> list[dict[str, Any]]:
    ends = or_(Link.first_id.in_(mine.pseudonyms), Link.second_id.in_(mine.pseudonyms))
    rows = connection.execute(
        select(Link.reason, Link.made_at, Link.undone_at).where(ends).order_by(Link.id)
    )
    return [
        {
            "reason": row.reason,
            "made_at": iso(row.made_at),
            "undone_at": None if row.undone_at is None else iso(row.undone_at),
        }
        for row in rows
    ]


def _works_at(connection: Connection, mine: Whole) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(Venue.ref, VenueStaff.since, VenueStaff.until, VenueStaff.undone_at)
        .join(Venue, Venue.id == VenueStaff.venue_id)
        .where(VenueStaff.person_id.in_(mine.persons))
        .order_by(VenueStaff.id)
    )
    return [
        {
            "venue": row.ref,
            "since": iso(row.since),
            "until": None if row.until is None else iso(row.until),
            "taken_back": row.undone_at is not None,
        }
        for row in rows
    ]


def _cases(connection: Connection, mine: Whole) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(CasePerson.added_at, CasePerson.removed_at, Case.closed_at, Area.name)
        .select_from(CasePerson)
        .join(Case, Case.id == CasePerson.case_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .where(CasePerson.person_id.in_(mine.persons))
        .order_by(CasePerson.id)
    )
    return [
        {
            "case": f"một ca của {row.name} / a case of {row.name}"
            if row.name
            else "một ca / a case",
            "since": iso(row.added_at),
            "removed_at": None if row.removed_at is None else iso(row.removed_at),
            "open": row.closed_at is None,
        }
        for row in rows
    ]


def _requests(connection: Connection, mine: Whole) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(RightsRequest.id, RightsRequest.kind, RightsRequest.asked_ms, RightsRequest.outcome)
        .where(RightsRequest.person_id.in_(mine.persons))
        .order_by(RightsRequest.id)
    )
    return [
        {
            "request": f"right:{row.id}",
            "kind": row.kind,
            "asked_at": iso(row.asked_ms // 1000),
            "outcome": row.outcome,
        }
        for row in rows
    ]


def _looks(connection: Connection, mine: Whole) -> list[dict[str, Any]]:
    """Lines of the log about this person, without the case and the asker's own words: both may tell
    of others.
    """
    return [
        {
            "line": entry.line,
            "at": iso(entry.at_ms // 1000),
            "by": entry.actor,
            "what": entry.action,
            "for": _ground(entry.case_ref),
            "found": entry.detail.get("found"),
        }
        for entry, _ in looks.of(connection, mine)
    ]


def _ground(case_ref: str) -> str:
    if case_ref.startswith(rights.PREFIX):
        return "yêu cầu của chính người đó / their own request"
    return "một ca / a case" if case_ref else ""
