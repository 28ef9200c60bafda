"""Who may have infected whom in a case, from F0 over F1 to F2, by its last evaluation."""

from functools import cache
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from fleet_server.cases import roster
from fleet_server.models import CaseExposure, CasePerson


class Passing(NamedTuple):
    """One exposure: from a person of the case to another, by their references."""

    source: str
    contact: str
    tier: str
    expected_s: int
    places: tuple[str, ...]

    @property
    def order(self) -> tuple[str, int]:
        """The closest first."""
        return self.tier, -self.expected_s


class Spread(NamedTuple):
    """The people of a case by reference, in their order, and what passed between them."""

    roles: dict[str, str]
    """`F0`, `F1` or `F2`."""
    passings: list[Passing]
    """The closest first."""


def spread(connection: Connection, case_id: int) -> Spread:
    """Everybody who is in the case, with all exposures between them."""
    members = {member.id: member for member in roster.members(connection, case_id)}
    rows = connection.execute(
        select(
            CaseExposure.index_id,
            CaseExposure.contact_id,
            CaseExposure.tier,
            CaseExposure.expected_s,
            CaseExposure.places,
        )
        .join(CasePerson, CasePerson.id == CaseExposure.contact_id)
        .where(CasePerson.case_id == case_id)
    )
    decode = cache(lambda places: tuple(msgspec.json.decode(places, type=list[str])))
    passings = [
        Passing(members[source].ref, members[contact].ref, tier, expected_s, decode(places))
        for source, contact, tier, expected_s, places in rows
        if source in members and contact in members
    ]
    passings.sort(key=lambda each: (each.order, each.source, each.contact))
    return Spread({member.ref: member.role for member in members.values()}, passings)
