"""The list of a case's contacts: who, how close, and how far each has been followed up.

Ranked by the database, so that a page of it costs the same whatever the case has grown to.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, FromClause, Row, and_, func, select
from sqlalchemy.orm import aliased

from fleet_server.cases import persons
from fleet_server.database import chunks
from fleet_server.errors import NotKnown
from fleet_server.models import Area, CaseEvent, CaseExposure, CasePerson
from fleet_server.times import iso
from fleet_server.tracing.answers import Time

_LAST: Final = "~"
"""In place of a tier where there is none: after all of them."""


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


class Filter(NamedTuple):
    """Which contacts; None: all."""

    role: str | None = None
    state: str | None = None
    tier: str | None = None
    """Empty: those without one."""
    area: str | None = None
    """Code of the commune that calls; empty: where none is known."""


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
    contacts = _Contacts(connection, case_id)
    return contacts.read(*contacts.fit(which))


def listing(
    connection: Connection, case_id: int, which: Filter, *, offset: int, limit: int
) -> Listing:
    """As `listed`, some at a time."""
    contacts = _Contacts(connection, case_id)
    areas = contacts.areas()
    everybody, fit = areas.total(), contacts.fit(which)
    total = everybody if which == ALL else contacts.count(*fit)
    return Listing(contacts.read(*fit, offset=offset, limit=limit), total, everybody, areas)


def one(connection: Connection, case_id: int, ref: str) -> CaseContact:
    """The contact with this reference. Raises NotKnown."""
    found = _Contacts(connection, case_id).read(CasePerson.ref == ref.strip().upper())
    if not found:
        raise NotKnown(
            f"{ref[:32]!r}: không phải người tiếp xúc của ca này / no contact of this case"
        )
    return found[0]


def tally(connection: Connection, case_id: int) -> Counter[tuple[str, str]]:
    """How many contacts have each role and tier; no tier where the last evaluation found none."""
    contacts = _Contacts(connection, case_id)
    tier = contacts.tier
    rows = connection.execute(
        select(CasePerson.role, tier, func.count())
        .select_from(contacts.table)
        .where(contacts.there)
        .group_by(CasePerson.role, tier)
    )
    return Counter({(role, tier): count for role, tier, count in rows})


class _Exposure(NamedTuple):
    source: str
    first_at: int
    places: list[str]


_AS_READ: Final = tuple(
    name
    for name in CaseContact.__struct_fields__
    if name not in ("first", "places", "exposed_to", "notes")
)


def _closest_first(exposure: type[CaseExposure]) -> tuple[Any, ...]:
    columns = (exposure.tier, exposure.expected_s.desc(), exposure.certain_s.desc())
    return (*columns, exposure.index_id)


class _Contacts:
    """The contacts of one case with each one's closest exposure."""

    def __init__(self, connection: Connection, case_id: int) -> None:
        self._connection = connection
        self._case_id = case_id
        others = aliased(CaseExposure)
        closest = (
            select(others.index_id)
            .where(others.contact_id == CasePerson.id)
            .order_by(*_closest_first(others))
            .limit(1)
            .correlate(CasePerson)
            .scalar_subquery()
        )
        self.tier = func.coalesce(CaseExposure.tier, "")
        self.people: FromClause = CasePerson.__table__.outerjoin(
            Area.__table__, Area.id == CasePerson.area_id
        )
        self.table = self.people.outerjoin(
            CaseExposure.__table__,
            and_(CaseExposure.contact_id == CasePerson.id, CaseExposure.index_id == closest),
        )
        self.there: ColumnElement[bool] = and_(
            CasePerson.case_id == case_id,
            CasePerson.removed_at.is_(None),
            CasePerson.role != persons.F0,
            CasePerson.id.not_in(persons.doubles(connection, [case_id])),
        )

    def fit(self, which: Filter) -> list[ColumnElement[bool]]:
        """The conditions a filter makes."""
        asked = (
            (CasePerson.role, which.role),
            (CasePerson.state, which.state),
            (self.tier, which.tier),
            (func.coalesce(Area.code, ""), which.area),
        )
        return [column == wanted for column, wanted in asked if wanted is not None]

    def areas(self) -> Counter[tuple[str, str]]:
        rows = self._connection.execute(
            select(Area.code, Area.name, func.count())
            .select_from(self.people)
            .where(self.there)
            .group_by(Area.code, Area.name)
        )
        return Counter({(code or "", name or ""): count for code, name, count in rows})

    def count(self, *fit: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(self.table).where(self.there, *fit)
        return self._connection.scalar(query) or 0

    def read(
        self, *fit: ColumnElement[bool], offset: int = 0, limit: int | None = None
    ) -> list[CaseContact]:
        """Those that fit, ranked."""
        certain, expected, possible = (
            func.coalesce(column, 0)
            for column in (CaseExposure.certain_s, CaseExposure.expected_s, CaseExposure.possible_s)
        )
        rows = self._connection.execute(
            select(
                CasePerson.id,
                CasePerson.ref,
                CasePerson.role,
                CasePerson.state,
                CasePerson.reachable,
                Area.code,
                func.coalesce(Area.name, ""),
                CasePerson.area_source,
                self.tier.label("tier"),
                certain,
                expected,
                possible,
            )
            .select_from(self.table)
            .where(self.there, *fit)
            .order_by(
                CasePerson.role,
                func.coalesce(CaseExposure.tier, _LAST),
                expected.desc(),
                certain.desc(),
                possible.desc(),
                CasePerson.id,
            )
            .offset(offset)
            .limit(limit)
        ).all()
        return [each for some in chunks(rows) for each in self._with_details(some)]

    def _with_details(self, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[CaseContact]:
        ids = [row.id for row in rows]
        exposures, notes = self._exposures(ids), self._notes(ids)
        return [
            CaseContact(
                **dict(zip(_AS_READ, row[1:], strict=True)),
                first=iso(min(each.first_at for each in exposures[row.id])) if row.tier else None,
                places=sorted({place for each in exposures[row.id] for place in each.places}),
                exposed_to=[each.source for each in exposures[row.id]],
                notes=notes.get(row.id, 0),
            )
            for row in rows
        ]

    def _exposures(self, ids: Sequence[int]) -> dict[int, list[_Exposure]]:
        """By contact, the closest first."""
        index = CasePerson.__table__.alias("index_persons")
        rows = self._connection.execute(
            select(
                CaseExposure.contact_id,
                index.c.ref,
                CaseExposure.first_at,
                CaseExposure.places,
            )
            .join(index, index.c.id == CaseExposure.index_id)
            .where(CaseExposure.contact_id.in_(ids))
            .order_by(*_closest_first(CaseExposure))
        )
        found: dict[int, list[_Exposure]] = defaultdict(list)
        decoded: dict[str, list[str]] = {}  # hundreds were at the same few places
        for contact, source, first_at, places in rows:
            there = decoded.get(places)
            if there is None:
                there = decoded[places] = msgspec.json.decode(places, type=list[str])
            found[contact].append(_Exposure(source, first_at, there))
        return found

    def _notes(self, ids: Sequence[int]) -> dict[int, int]:
        rows = self._connection.execute(
            select(CaseEvent.person_id, func.count())
            .where(
                CaseEvent.case_id == self._case_id,
                CaseEvent.words != "",
                CaseEvent.person_id.in_(ids),
            )
            .group_by(CaseEvent.person_id)
        )
        return {person: count for person, count in rows if person is not None}
