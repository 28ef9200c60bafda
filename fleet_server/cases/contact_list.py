"""The list of a case's contacts: who, how close, and how far each has been followed up."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, func, select

from fleet_server.cases import persons
from fleet_server.errors import NotKnown
from fleet_server.models import Area, CaseEvent, CaseExposure, CasePerson
from fleet_server.times import iso
from fleet_server.tracing.answers import Time
from fleet_server.tracing.exposure import TIERS

_ORDER: Final = {tier: number for number, tier in enumerate((*TIERS, ""))}


class CaseContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as the list shows it: nothing that names anybody."""

    ref: str
    role: str
    state: str
    reachable: bool | None
    area: str | None
    """Code of the commune that calls."""
    area_name: str
    area_source: str
    tier: str
    """Of the closest exposure; empty where the last evaluation found none."""
    certain_s: int
    expected_s: int
    possible_s: int
    first: Time | None
    places: list[str]
    exposed_to: list[str]
    """References of whom, the closest first."""
    notes: int


class _Exposure(NamedTuple):
    source: str
    tier: str
    certain_s: int
    expected_s: int
    possible_s: int
    first_at: int
    places: list[str]


_NOT_EXPOSED: Final = [_Exposure("", "", 0, 0, 0, 0, [])]


class _Row(NamedTuple):
    """A contact as far as filter and rank look at it."""

    id: int
    ref: str
    role: str
    state: str
    reachable: bool | None
    area: str | None
    area_name: str
    area_source: str
    tier: str
    exposed: list[_Exposure]
    """The closest first."""


class Filter(NamedTuple):
    """Which contacts; None: all."""

    role: str | None = None
    state: str | None = None
    tier: str | None = None
    area: str | None = None

    def takes(self, contact: _Row) -> bool:
        return (
            self.role in (None, contact.role)
            and self.state in (None, contact.state)
            and self.tier in (None, contact.tier)
            and self.area in (None, contact.area)
        )


ALL: Final = Filter()


class Listing(NamedTuple):
    """Some contacts of a case, and how many there are."""

    contacts: list[CaseContact]
    total: int
    """That fit the filter."""
    everybody: int
    areas: Counter[tuple[str, str]]
    """Of everybody: code and name of the commune that calls; empty where none is known."""


def listed(connection: Connection, case_id: int, which: Filter = ALL) -> list[CaseContact]:
    """Contacts of a case, ranked: F1 before F2, then the closest exposure first."""
    return listing(connection, case_id, which).contacts


def listing(
    connection: Connection,
    case_id: int,
    which: Filter = ALL,
    *,
    offset: int = 0,
    limit: int | None = None,
) -> Listing:
    """As `listed`, some at a time."""
    rows = _rows(connection, case_id)
    areas = Counter((row.area or "", row.area_name) for row in rows)
    fit = sorted((row for row in rows if which.takes(row)), key=_rank)
    shown = fit[offset : None if limit is None else offset + limit]
    notes = _notes(connection, case_id)
    return Listing([_contact_of(row, notes) for row in shown], len(fit), len(rows), areas)


def _rows(connection: Connection, case_id: int) -> list[_Row]:
    members = {
        member.id: member
        for member in persons.members(connection, case_id)
        if member.role != persons.F0
    }
    rows = connection.execute(
        select(
            CasePerson.id,
            CasePerson.reachable,
            Area.code,
            Area.name,
            CasePerson.area_source,
        )
        .outerjoin(Area, Area.id == CasePerson.area_id)
        .where(CasePerson.case_id == case_id, CasePerson.removed_at.is_(None))
    )
    exposures = _exposures(connection, case_id)
    found = []
    for number, reachable, area, area_name, area_source in rows:
        if (member := members.get(number)) is None:
            continue
        exposed = exposures.get(number, _NOT_EXPOSED)
        about = (reachable, area, area_name or "", area_source, exposed[0].tier, exposed)
        found.append(_Row(number, member.ref, member.role, member.state, *about))
    return found


def _contact_of(row: _Row, notes: Mapping[int, int]) -> CaseContact:
    best = row.exposed[0]
    return CaseContact(
        ref=row.ref,
        role=row.role,
        state=row.state,
        reachable=row.reachable,
        area=row.area,
        area_name=row.area_name,
        area_source=row.area_source,
        tier=best.tier,
        certain_s=best.certain_s,
        expected_s=best.expected_s,
        possible_s=best.possible_s,
        first=iso(min(each.first_at for each in row.exposed)) if best.tier else None,
        places=sorted({place for each in row.exposed for place in each.places}),
        exposed_to=[each.source for each in row.exposed if each.source],
        notes=notes.get(row.id, 0),
    )


def tally(connection: Connection, case_id: int) -> Counter[tuple[str, str]]:
    """How many contacts have each role and tier; no tier where the last evaluation found none."""
    index = CasePerson.__table__.alias("index_persons")
    closest = dict(
        connection.execute(
            select(CaseExposure.contact_id, func.min(CaseExposure.tier))
            .join(index, index.c.id == CaseExposure.index_id)
            .where(index.c.case_id == case_id)
            .group_by(CaseExposure.contact_id)
        ).all()
    )
    return Counter(
        (member.role, closest.get(member.id, ""))
        for member in persons.members(connection, case_id)
        if member.role != persons.F0
    )


def one(connection: Connection, case_id: int, ref: str) -> CaseContact:
    """The contact with this reference. Raises NotKnown."""
    wanted = ref.strip().upper()
    for row in _rows(connection, case_id):
        if row.ref == wanted:
            return _contact_of(row, _notes(connection, case_id))
    raise NotKnown(f"{ref[:32]!r}: không phải người tiếp xúc của ca này / no contact of this case")


def _exposures(connection: Connection, case_id: int) -> dict[int, list[_Exposure]]:
    """By contact, the closest first."""
    index = CasePerson.__table__.alias("index_persons")
    rows = connection.execute(
        select(
            CaseExposure.contact_id,
            index.c.ref,
            CaseExposure.tier,
            CaseExposure.certain_s,
            CaseExposure.expected_s,
            CaseExposure.possible_s,
            CaseExposure.first_at,
            CaseExposure.places,
        )
        .join(index, index.c.id == CaseExposure.index_id)
        .where(index.c.case_id == case_id)
        .order_by(CaseExposure.tier, CaseExposure.expected_s.desc(), CaseExposure.certain_s.desc())
    )
    found: dict[int, list[_Exposure]] = defaultdict(list)
    decoded: dict[str, list[str]] = {}  # hundreds were at the same few places
    for contact, source, tier, certain, expected, possible, first, places in rows:
        there = decoded.get(places)
        if there is None:
            there = decoded[places] = msgspec.json.decode(places, type=list[str])
        exposure = _Exposure(source, tier, certain, expected, possible, first, there)
        found[contact].append(exposure)
    return found


def _notes(connection: Connection, case_id: int) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    rows = connection.scalars(
        select(CaseEvent.person_id).where(CaseEvent.case_id == case_id, CaseEvent.words != "")
    )
    for person in rows:
        if person is not None:
            counts[person] += 1
    return counts


def _rank(row: _Row) -> tuple[object, ...]:
    best = row.exposed[0]
    order = _ORDER[row.tier]
    return (row.role, order, -best.expected_s, -best.certain_s, -best.possible_s, row.ref)
