"""The list of a case's contacts: who, how close, and how far each has been followed up.

Ranked by the database, so that a page of it costs the same whatever the case has grown to.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    func,
    select,
)
from sqlalchemy.orm import aliased

from fleet_server.cases import roster
from fleet_server.cases.states import TO_CALL
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


class Commune(NamedTuple):
    """A commune's part of the list."""

    code: str
    """Empty: it is not known who calls."""
    name: str
    to_call: int
    unreachable: int
    everybody: int


class Listing(NamedTuple):
    """Some contacts of a case, and how many there are."""

    contacts: list[CaseContact]
    total: int
    """That fit the filter."""
    communes: list[Commune]
    """Of everybody, most to call first."""

    @property
    def everybody(self) -> int:
        return sum(each.everybody for each in self.communes)


class Offered(NamedTuple):
    """A contact to choose."""

    ref: str
    role: str
    tier: str
    expected_s: int


def listed(connection: Connection, case_id: int, which: Filter = ALL) -> list[CaseContact]:
    """Contacts of a case, ranked: F1 before F2, then the closest exposure first."""
    asked = _asked(which)
    return _read(connection, _ranked(frozenset(asked)), _there(connection, case_id) | asked)


def listing(
    connection: Connection,
    case_id: int,
    which: Filter,
    *,
    offset: int,
    limit: int,
    to_call_first: bool = False,
) -> Listing:
    """As `listed`, some at a time."""
    there, asked = _there(connection, case_id), _asked(which)
    communes = [Commune(*row) for row in connection.execute(_COMMUNES, there)]
    communes.sort(key=lambda each: (-each.to_call, each.code))
    total = sum(each.everybody for each in communes)
    if asked:
        total = connection.scalar(_count(frozenset(asked)), there | asked) or 0
    query = _ranked(frozenset(asked), to_call_first=to_call_first, cut=True)
    some = _read(connection, query, {**there, **asked, "offset": offset, "limit": limit})
    return Listing(some, total, communes)


def offered(
    connection: Connection, case_id: int, which: Filter, *, limit: int
) -> tuple[list[Offered], int]:
    """The closest of those who fit, and how many fit."""
    asked = _asked(which)
    there = _there(connection, case_id) | asked
    query = _ranked(frozenset(asked), cut=True)
    rows = connection.execute(query, there | {"offset": 0, "limit": limit})
    found = [Offered(row.ref, row.role, row.tier, row.expected_s) for row in rows]
    return found, connection.scalar(_count(frozenset(asked)), there) or 0


def one(connection: Connection, case_id: int, ref: str) -> CaseContact:
    """The contact with this reference. Raises NotKnown."""
    people = roster.standing_for(connection, case_id, ref)
    asked = {"ref": people[0].ref if people else ""}
    found = _read(connection, _ranked(frozenset(asked)), _there(connection, case_id) | asked)
    if not found:
        raise NotKnown(
            f"{ref[:32]!r}: không phải người tiếp xúc của ca này / no contact of this case"
        )
    return found[0]


def tally(connection: Connection, case_id: int) -> Counter[tuple[str, str]]:
    """How many contacts have each role and tier; no tier where the last evaluation found none."""
    rows = connection.execute(_TALLY, _there(connection, case_id))
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


def _closest() -> ColumnElement[int]:
    """To whom somebody was exposed most closely."""
    others = aliased(CaseExposure)
    return (
        select(others.index_id)
        .where(others.contact_id == CasePerson.id)
        .order_by(*_closest_first(others))
        .limit(1)
        .correlate(CasePerson)
        .scalar_subquery()
    )


# Asked with nearly every page of a case, so built once: building one takes longer than answering
# it. All but the last two take what `_there` gives.
_PEOPLE: Final[FromClause] = CasePerson.__table__.outerjoin(
    Area.__table__, Area.id == CasePerson.area_id
)
_CONTACTS: Final[FromClause] = _PEOPLE.outerjoin(
    CaseExposure.__table__,
    and_(CaseExposure.contact_id == CasePerson.id, CaseExposure.index_id == _closest()),
)
_THERE: Final[tuple[ColumnElement[bool], ...]] = (
    CasePerson.case_id == bindparam("case_id"),
    CasePerson.removed_at.is_(None),
    CasePerson.role != roster.F0,
    CasePerson.id.not_in(bindparam("doubles", expanding=True)),
)
_TIER: Final = func.coalesce(CaseExposure.tier, "")
_CODE: Final = func.coalesce(Area.code, "")
_CERTAIN, _EXPECTED, _POSSIBLE = (
    func.coalesce(column, 0)
    for column in (CaseExposure.certain_s, CaseExposure.expected_s, CaseExposure.possible_s)
)
_FITS: Final[Mapping[str, ColumnElement[bool]]] = {
    "role": CasePerson.role == bindparam("role"),
    "state": CasePerson.state == bindparam("state"),
    "tier": bindparam("tier") == _TIER,
    "area": bindparam("area") == _CODE,
    "ref": CasePerson.ref == bindparam("ref"),
}
_COMMUNES: Final = (
    select(
        _CODE.label("code"),
        func.max(func.coalesce(Area.name, "")),
        func.count().filter(CasePerson.state == TO_CALL),
        func.count().filter(CasePerson.reachable.is_(False)),
        func.count(),
    )
    .select_from(_PEOPLE)
    .where(*_THERE)
    .group_by("code")
)
_TALLY: Final = (
    select(CasePerson.role, _TIER.label("tier"), func.count())
    .select_from(_CONTACTS)
    .where(*_THERE)
    .group_by(CasePerson.role, CaseExposure.tier)
)
_INDEX: Final = CasePerson.__table__.alias("index_persons")
_EXPOSURES: Final = (
    select(CaseExposure.contact_id, _INDEX.c.ref, CaseExposure.first_at, CaseExposure.places)
    .join(_INDEX, _INDEX.c.id == CaseExposure.index_id)
    .where(CaseExposure.contact_id.in_(bindparam("contacts", expanding=True)))
    .order_by(*_closest_first(CaseExposure))
)
_NOTES: Final = (
    select(func.coalesce(CaseEvent.person_id, 0), func.count())
    .where(CaseEvent.words != "", CaseEvent.person_id.in_(bindparam("people", expanding=True)))
    .group_by(CaseEvent.person_id)
)


@cache
def _count(asked: frozenset[str]) -> Select[Any]:
    fits = [_FITS[name] for name in asked]
    return select(func.count()).select_from(_CONTACTS).where(*_THERE, *fits)


@cache
def _ranked(
    asked: frozenset[str], *, to_call_first: bool = False, cut: bool = False
) -> Select[*tuple[Any, ...]]:
    """Contacts that fit; `cut`: those from `offset` on, up to `limit`."""
    found = (
        select(
            CasePerson.id,
            CasePerson.ref,
            CasePerson.role,
            CasePerson.state,
            CasePerson.reachable,
            Area.code,
            func.coalesce(Area.name, ""),
            CasePerson.area_source,
            _TIER.label("tier"),
            _CERTAIN,
            _EXPECTED.label("expected_s"),
            _POSSIBLE,
        )
        .select_from(_CONTACTS)
        .where(*_THERE, *(_FITS[name] for name in asked))
        .order_by(
            *([CasePerson.state != TO_CALL] if to_call_first else []),
            CasePerson.role,
            func.coalesce(CaseExposure.tier, _LAST),
            _EXPECTED.desc(),
            _CERTAIN.desc(),
            _POSSIBLE.desc(),
            CasePerson.id,
        )
    )
    return found.offset(bindparam("offset")).limit(bindparam("limit")) if cut else found


def _there(connection: Connection, case_id: int) -> dict[str, Any]:
    """Whose contacts: a case's, without those who are in it twice."""
    return {"case_id": case_id, "doubles": list(roster.doubles(connection, [case_id]))}


def _asked(which: Filter) -> dict[str, str]:
    return {name: wanted for name, wanted in which._asdict().items() if wanted is not None}


def _read(
    connection: Connection, query: Select[Any], asked: Mapping[str, Any]
) -> list[CaseContact]:
    rows = connection.execute(query, asked).all()
    return [each for some in chunks(rows) for each in _with_details(connection, some, asked)]


def _with_details(
    connection: Connection, rows: Sequence[Row[Any]], asked: Mapping[str, Any]
) -> list[CaseContact]:
    ids = [row.id for row in rows]
    exposures = _exposures(connection, ids)
    stand = {}
    if asked["doubles"]:
        stand = roster.members_of(connection, asked["case_id"], asked["doubles"])
    notes: Counter[int] = Counter()
    for person, count in connection.execute(_NOTES, {"people": [*ids, *stand]}):
        notes[stand[person].id if person in stand else person] += count
    return [
        CaseContact(
            **dict(zip(_AS_READ, row[1:], strict=True)),
            first=iso(min(each.first_at for each in exposures[row.id])) if row.tier else None,
            places=sorted({place for each in exposures[row.id] for place in each.places}),
            exposed_to=[each.source for each in exposures[row.id]],
            notes=notes[row.id],
        )
        for row in rows
    ]


def _exposures(connection: Connection, ids: Sequence[int]) -> dict[int, list[_Exposure]]:
    """By contact, the closest first."""
    found: dict[int, list[_Exposure]] = defaultdict(list)
    # Hundreds were at the same few places.
    decode = cache(lambda places: msgspec.json.decode(places, type=list[str]))
    for contact, source, first_at, places in connection.execute(_EXPOSURES, {"contacts": ids}):
        found[contact].append(_Exposure(source, first_at, decode(places)))
    return found
