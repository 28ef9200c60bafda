"""How cases stand: what their list and their first page say. Many at once cost as much as one."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, func, select

from fleet_server.cases import freezing, names, roster
from fleet_server.cases.acting import KnownCase
from fleet_server.database import chunks
from fleet_server.identity import links
from fleet_server.models import Area, CasePerson, FrozenResult, NameOpening
from fleet_server.times import iso
from fleet_server.tracing.answers import Time


class IndexSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An index person of a case."""

    ref: str
    visitor: str


class CaseSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it stands."""

    ref: str
    disease: str
    area: str | None
    lab_ref: str
    lab_confirmed_by: str | None
    onset: Time | None
    isolated: Time | None
    since: Time | None = msgspec.field(name="from")
    until: Time | None = msgspec.field(name="to")
    rule: str
    opened_at: Time
    opened_by: str
    closed_at: Time | None
    index: list[IndexSeen]
    contacts: dict[str, int]
    """By state."""
    openings: int
    """Requests for names that wait for somebody."""
    evaluated: int | None
    """Number of the newest kept result."""


# Asked with every page of a case: built once. They take `cases`, those of people `doubles`, too.
_CASES: Final[BindParameter[int]] = bindparam("cases", expanding=True)
_THERE: Final = (
    CasePerson.case_id.in_(_CASES),
    CasePerson.removed_at.is_(None),
    CasePerson.id.not_in(bindparam("doubles", expanding=True)),
)
_PATIENTS: Final = (
    select(CasePerson.case_id, CasePerson.ref, CasePerson.person_id)
    .where(*_THERE, CasePerson.role == roster.F0)
    .order_by(CasePerson.id)
)
_COUNTS: Final = (
    select(CasePerson.case_id, CasePerson.state, func.count())
    .where(*_THERE, CasePerson.role != roster.F0)
    .group_by(CasePerson.case_id, CasePerson.state)
)
_WAITING: Final = (
    select(NameOpening.case_id, func.count())
    .where(NameOpening.case_id.in_(_CASES), NameOpening.state.in_((names.ASKED, names.BROKEN)))
    .group_by(NameOpening.case_id)
)
_EVALUATED: Final = (
    select(FrozenResult.case_id, func.max(FrozenResult.id))
    .where(FrozenResult.case_id.in_(_CASES), FrozenResult.decision == freezing.EVALUATED)
    .group_by(FrozenResult.case_id)
)
_AREAS: Final = select(Area.id, Area.code).where(Area.id.in_(bindparam("areas", expanding=True)))


def seen(connection: Connection, cases: Sequence[KnownCase]) -> list[CaseSeen]:
    """How these cases stand, in their order."""
    found: list[CaseSeen] = []
    for some in chunks(cases):
        found += _seen(connection, some)
    return found


def _seen(connection: Connection, cases: Sequence[KnownCase]) -> list[CaseSeen]:
    which = {"cases": [case.id for case in cases]}
    codes = {"areas": list({case.area_id for case in cases if case.area_id is not None})}
    areas = dict(connection.execute(_AREAS, codes).all())
    index, contacts = _people(connection, which)
    waiting = dict(connection.execute(_WAITING, which).all())
    evaluated = dict(connection.execute(_EVALUATED, which).all())
    return [
        CaseSeen(
            ref=case.ref,
            disease=case.disease,
            area=None if case.area_id is None else areas[case.area_id],
            lab_ref=case.lab_ref,
            lab_confirmed_by=case.lab_confirmed_by,
            onset=_time(case.onset_at),
            isolated=_time(case.isolated_at),
            since=_time(case.since_at),
            until=_time(case.until_at),
            rule=case.rule_version,
            opened_at=iso(case.opened_at),
            opened_by=case.opened_by,
            closed_at=_time(case.closed_at),
            index=index[case.id],
            contacts=contacts[case.id],
            openings=waiting.get(case.id, 0),
            evaluated=evaluated.get(case.id),
        )
        for case in cases
    ]


def _people(
    connection: Connection, which: dict[str, list[int]]
) -> tuple[dict[int, list[IndexSeen]], dict[int, dict[str, int]]]:
    """Index persons, and contacts by state, of each case; somebody links made one of counts once,
    as what they were added as first (`roster.members`).
    """
    there = {**which, "doubles": list(roster.doubles(connection, which["cases"]))}
    patients = connection.execute(_PATIENTS, there).all()
    leads = links.today(connection, [row.person_id for row in patients])
    index: dict[int, list[IndexSeen]] = defaultdict(list)
    for row in patients:
        index[row.case_id].append(IndexSeen(ref=row.ref, visitor=f"P{leads[row.person_id]}"))
    contacts: dict[int, dict[str, int]] = defaultdict(dict)
    for case_id, state, count in connection.execute(_COUNTS, there):
        contacts[case_id][state] = count
    return index, contacts


def _time(at: int | None) -> str | None:
    return None if at is None else iso(at)
