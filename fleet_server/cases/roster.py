"""Who is in a case today: of two whom links have made one, one stands for both."""

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, select

from fleet_server.errors import NotKnown
from fleet_server.identity import links
from fleet_server.models import Case, CasePerson, Person

F0: Final = "F0"
F1: Final = "F1"
F2: Final = "F2"
# Asked with every page of a case: built once.
_MERGED: Final = (
    select(CasePerson.person_id)
    .join(Person, Person.id == CasePerson.person_id)
    .where(
        CasePerson.case_id.in_(bindparam("cases", expanding=True)),
        CasePerson.removed_at.is_(None),
        Person.merged_into.is_not(None),
    )
)
_IN_CASE: Final = select(
    *(getattr(CasePerson, name) for name in ("id", "ref", "person_id", "role", "state"))
).where(CasePerson.case_id == bindparam("case"))
_OWN: Final = _IN_CASE.where(CasePerson.id.in_(bindparam("numbers", expanding=True)))
_NAMED: Final = _IN_CASE.where(CasePerson.ref == bindparam("ref"))


class Member(NamedTuple):
    """A person of a case."""

    id: int
    ref: str
    person_id: int
    """Today's, whatever links have made of the one that was added."""
    role: str
    state: str


def members(connection: Connection, case_id: int, *, role: str | None = None) -> list[Member]:
    """Who is in a case today; of two whom a link has made one, the one added first."""
    found = _today(connection, case_id, CasePerson.removed_at.is_(None))
    return [member for member in found.values() if role in (None, member.role)]


def doubles(connection: Connection, case_ids: Collection[int]) -> set[int]:
    """Numbers (`Member.id`) of those who are in their case twice, as links have made two one: all
    but the one that `members` names.
    """
    merged = connection.scalars(_MERGED, {"cases": list(case_ids)}).all()
    if not merged:
        return set()
    leads = links.today(connection, merged)
    rows = connection.execute(
        select(CasePerson.id, CasePerson.case_id, CasePerson.person_id)
        .where(
            CasePerson.case_id.in_(case_ids),
            CasePerson.removed_at.is_(None),
            CasePerson.person_id.in_({*leads, *leads.values()}),
        )
        .order_by(CasePerson.role, CasePerson.id)
    )
    seen, found = set(), set()
    for number, case_id, person in rows:
        somebody = case_id, leads.get(person, person)
        if somebody in seen:
            found.add(number)
        seen.add(somebody)
    return found


def members_of(connection: Connection, case_id: int, ids: Collection[int]) -> dict[int, Member]:
    """Who each of these (`Member.id`) stands for today: for somebody links made one of with another
    of the case, the one that `members` names.
    """
    found = {
        row.id: Member(*row)
        for row in connection.execute(_OWN, {"case": case_id, "numbers": list(ids)})
    }
    twice = doubles(connection, [case_id]) & found.keys()
    if twice:
        everybody = members(connection, case_id)
        by_id = {member.person_id: member for member in everybody}
        leads = links.today(connection, [found[number].person_id for number in twice])
        found |= {number: by_id[leads[found[number].person_id]] for number in twice}
    return found


def standing_for(connection: Connection, case_id: int, ref: str) -> list[Member]:
    """Everybody of the case who is this person today, under whichever of their references it is
    asked: first who stands for them, then those that links made one with. Empty for a strange one.
    """
    rows = connection.execute(_NAMED, {"case": case_id, "ref": ref.strip().upper()}).all()
    if not rows:
        return []
    twice = doubles(connection, [case_id])
    stand = members_of(connection, case_id, {rows[0].id, *twice})
    lead = stand[rows[0].id]
    same = [number for number in twice if stand[number].id == lead.id]
    others = connection.execute(_OWN, {"case": case_id, "numbers": same})
    return [lead, *(Member(*row) for row in others)]


def by_ref(connection: Connection, case_id: int) -> dict[str, Member]:
    """Who each reference of the case stands for today; without those of people who left it."""
    there = {member.person_id: member for member in members(connection, case_id)}
    rows = connection.execute(_IN_CASE, {"case": case_id}).all()
    leads = links.today(connection, [row.person_id for row in rows])
    today = {row.ref: leads.get(row.person_id, row.person_id) for row in rows}
    return {ref: there[person] for ref, person in today.items() if person in there}


def by_person(connection: Connection, case_id: int) -> dict[int, Member]:
    """Everybody who is or was in a case, by who they are today; who is, before who was."""
    return _today(connection, case_id)


def _today(connection: Connection, case_id: int, *which: ColumnElement[bool]) -> dict[int, Member]:
    rows = connection.execute(
        select(
            CasePerson.id,
            CasePerson.ref,
            CasePerson.person_id,
            CasePerson.role,
            CasePerson.state,
            Person.merged_into,
        )
        .join(Person, Person.id == CasePerson.person_id)
        .where(CasePerson.case_id == case_id, *which)
        .order_by(CasePerson.removed_at.is_not(None), CasePerson.role, CasePerson.id)
    ).all()
    leads = links.today(connection, {person for _, _, person, _, _, merged in rows if merged})
    found: dict[int, Member] = {}
    for number, ref, person, role, state, _ in rows:
        person_id = leads.get(person, person)
        if person_id not in found:
            found[person_id] = Member(number, ref, person_id, role, state)
    return found


def refs_in(
    connection: Connection, cases: Collection[str]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Reference and role of the people of these cases by (case, visitor): (`CA-17`, `P12`)."""
    rows = connection.execute(
        select(Case.ref.label("case"), CasePerson.ref, CasePerson.role, CasePerson.person_id)
        .join(Case, Case.id == CasePerson.case_id)
        .where(Case.ref.in_(cases))
        .order_by(CasePerson.id)
    ).all()
    leads = links.today(connection, [row.person_id for row in rows])
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        for person in (row.person_id, leads[row.person_id]):
            found.setdefault((row.case, f"P{person}"), (row.ref, row.role))
    return found


def find(connection: Connection, case_id: int, ref: str) -> Member:
    """The person with this reference in the case. Raises NotKnown."""
    (found,) = find_all(connection, case_id, [ref])
    return found


def find_all(connection: Connection, case_id: int, refs: Iterable[str]) -> list[Member]:
    """The people with these references, each once, in their order. Raises NotKnown."""
    known = by_ref(connection, case_id)
    found = {}
    for ref in dict.fromkeys(ref.strip().upper() for ref in refs):
        member = known.get(ref)
        if member is None:
            raise NotKnown(
                f"{ref[:32]!r}: không có trong ca này / nobody in this case has this reference"
            )
        found[member.id] = member
    return list(found.values())
