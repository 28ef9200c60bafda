"""Types of venues: what a place is called, and what dwell the rule in force gives it."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from fleet_server.fleet.references import Taken, Unfit, check_name, check_reference, unknown
from fleet_server.identity import audit
from fleet_server.models import Venue, VenueType
from fleet_server.tracing import rulebook
from fleet_server.tracing.rules import OTHER

MAX_CODE: Final = 32
MAX_NAME: Final = 100


class ListedType(NamedTuple):
    """One type as it is listed."""

    code: str
    name_vi: str
    name_en: str
    venues: int
    """How many are of it."""
    dwell_min: int
    """Minutes, by the rule in force."""
    ruled: bool
    """False where the rule in force is older than the type: the dwell is that of `other`."""


def listed(connection: Connection) -> list[ListedType]:
    """All types in the order they were made, `other` last."""
    terms = rulebook.in_force(connection).terms
    rows = connection.execute(
        select(VenueType.code, VenueType.name_vi, VenueType.name_en, func.count(Venue.id))
        .outerjoin(Venue, Venue.type_id == VenueType.id)
        .group_by(VenueType.id, VenueType.code, VenueType.name_vi, VenueType.name_en)
        .order_by(VenueType.code == OTHER, VenueType.id)
    )
    return [
        ListedType(
            *(code, name_vi, name_en, venues),
            dwell_min=terms.dwell_of(code),
            ruled=code in terms.dwell_min,
        )
        for code, name_vi, name_en, venues in rows
    ]


def names(connection: Connection) -> dict[str, tuple[str, str]]:
    """Vietnamese and English names by code, in the order of `listed`."""
    rows = connection.execute(
        select(VenueType.code, VenueType.name_vi, VenueType.name_en).order_by(
            VenueType.code == OTHER, VenueType.id
        )
    )
    return {code: (name_vi, name_en) for code, name_vi, name_en in rows}


def type_id(connection: Connection, code: str) -> int:
    """The id of a type. Raises NotKnown naming those there are."""
    found = connection.scalar(select(VenueType.id).where(VenueType.code == code))
    if found is None:
        raise unknown("venue type", code, connection.scalars(select(VenueType.code)))
    return found


def add(
    connection: Connection, *, code: str, name_vi: str, name_en: str, at_ms: int, actor: str
) -> None:
    """Write down a type. Versions of the rules there are take it for `other`.

    Raises Unfit, Taken.
    """
    check_reference("venue type", code)
    if len(code) > MAX_CODE:
        raise Unfit(
            f"mã loại: cần nhiều nhất {MAX_CODE} ký tự / venue type: expected {MAX_CODE} characters"
            " at most"
        )
    if connection.scalar(select(VenueType.id).where(VenueType.code == code)):
        raise Taken(f"{code}: đã có loại này / venue type {code} is there already")
    said = _names(name_vi, name_en)
    connection.execute(insert(VenueType).values(code=code, **said))
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="venue_type.created",
        subject=code,
        detail=said,
    )


def rename(
    connection: Connection, *, code: str, name_vi: str, name_en: str, at_ms: int, actor: str
) -> None:
    """Other names for a type; its code stays. Raises Unfit, NotKnown."""
    said = _names(name_vi, name_en)
    found = type_id(connection, code)
    connection.execute(update(VenueType).where(VenueType.id == found).values(**said))
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="venue_type.renamed",
        subject=code,
        detail=said,
    )


def _names(name_vi: str, name_en: str) -> dict[str, str]:
    return {
        "name_vi": check_name("tên tiếng Việt / Vietnamese name", name_vi, MAX_NAME),
        "name_en": check_name("tên tiếng Anh / English name", name_en, MAX_NAME),
    }
