"""Lines of the audit log as somebody reads them: the newest first, a page at a time."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from fleet_server.identity import audit
from fleet_server.identity.audit import LOG, Entry
from fleet_server.models import Area, Case, Kiosk, Posting, Venue


class Which(NamedTuple):
    """Which lines; what is empty or None narrows nothing."""

    actor: str = ""
    action: str = ""
    """Or what several begin with, such as `vault.`."""
    case: str = ""
    subject: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    """Not among them."""
    areas: Collection[int] | None = None
    """Ids of the areas the reader is for: what is known to lie elsewhere is left out."""


def page(
    connection: Connection, which: Which, *, limit: int, before: int | None = None
) -> list[Entry]:
    """Up to `limit` lines, those numbered below `before`."""
    conditions = [true(), *_conditions(which)]
    if before is not None:
        conditions.append(LOG.id < before)
    return audit.newest(connection, and_(*conditions), limit)


def _conditions(which: Which) -> list[ColumnElement[bool]]:
    found = [
        column == wanted
        for column, wanted in (
            (LOG.actor, which.actor),
            (LOG.case_ref, which.case),
            (LOG.subject, which.subject),
        )
        if wanted
    ]
    if which.action.endswith("."):
        found.append(LOG.action.startswith(which.action, autoescape=True))
    elif which.action:
        found.append(LOG.action == which.action)
    if which.since_ms is not None:
        found.append(LOG.at_ms >= which.since_ms)
    if which.until_ms is not None:
        found.append(LOG.at_ms < which.until_ms)
    if which.areas is not None:
        found += _inside(which.areas)
    return found


def _inside(areas: Collection[int]) -> list[ColumnElement[bool]]:
    """Lines about a case, venue, kiosk or area of other areas, or of none, are left out.

    So are links of persons, which tell their case in words only: the case's own lines stay.
    """
    cases = select(Case.ref).where(_elsewhere(Case.area_id, areas))
    venues = select(Venue.ref).where(_elsewhere(Venue.area_id, areas))
    kiosks = (
        select(Kiosk.ref)
        .join(Posting, and_(Posting.kiosk_id == Kiosk.id, Posting.valid_to.is_(None)))
        .join(Venue, Venue.id == Posting.venue_id)
        .where(_elsewhere(Venue.area_id, areas))
    )
    others = select(Area.code).where(Area.id.not_in(areas))
    about = [LOG.subject.not_in(refs) for refs in (venues, kiosks)]
    of_areas = or_(LOG.action.not_like("area.%"), LOG.subject.not_in(others))
    of_links = LOG.action.not_like("persons.%")
    return [LOG.case_ref.not_in(cases), *about, of_areas, of_links]


def _elsewhere(
    column: InstrumentedAttribute[int | None], areas: Collection[int]
) -> ColumnElement[bool]:
    return or_(column.is_(None), column.not_in(areas))
