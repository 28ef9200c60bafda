"""The people of a case, each under a reference that means nothing outside it."""

import secrets
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, insert, select, update
from sqlalchemy.orm import aliased

from fleet_server.cases.acting import Acting, BadWords, line
from fleet_server.cases.states import TO_CALL
from fleet_server.errors import Already, NotKnown, Refused
from fleet_server.identity import links
from fleet_server.models import Case, CaseEvent, CasePerson, Link, Person, Pseudonym
from fleet_server.tracing import visitors

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O, which look alike."""
REF_LETTERS: Final = 6
INDEX: Final = "index"
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


def add_index(connection: Connection, acting: Acting, visitor: str, reason: str) -> Member:
    """Makes a visitor an index person; a contact becomes one. Raises NotKnown, Refused."""
    person_id = visitors.resolve(connection, visitor)
    known = by_person(connection, acting.case.id).get(person_id)
    if known is not None and known.role == F0:
        raise Already(f"{visitor}: là F0 của ca này rồi / is {known.ref} of this case already")
    was: dict[str, str] = {}
    if known is None:
        member = add(connection, acting, [person_id], role=F0, state=INDEX)[0]
    else:
        if person_id in {each.person_id for each in members(connection, acting.case.id)}:
            was = {"role": known.role, "was": known.state}
        connection.execute(
            update(CasePerson)
            .where(CasePerson.id == known.id)
            .values(role=F0, state=INDEX, removed_at=None)
        )
        member = known._replace(role=F0, state=INDEX)
    acting.note(
        connection,
        "index_added",
        person_id=member.id,
        subject=f"P{person_id}",
        words=line("reason", reason),
        detail=was,
    )
    return member


def remove_index(connection: Connection, acting: Acting, ref: str, reason: str) -> None:
    """Takes an index person out again, under all their references; who was a contact before is
    that again, as far as it was followed up. Raises Refused.
    """
    member = find(connection, acting.case.id, ref)
    if member.role != F0:
        raise Refused(f"{ref}: không phải F0 / is a contact; `fleet case dismiss` sets one aside")
    for each in standing_for(connection, acting.case.id, member.ref):
        if each.role != F0:
            continue
        was = _before_index(connection, each.id)
        values: dict[str, object] = {"role": F2, "state": TO_CALL, "removed_at": acting.now}
        if was:
            values = {"role": was["role"], "state": was["was"]}
        connection.execute(update(CasePerson).where(CasePerson.id == each.id).values(**values))
    acting.note(
        connection,
        "index_removed",
        person_id=member.id,
        subject=f"P{member.person_id}",
        words=line("reason", reason),
    )


def _before_index(connection: Connection, number: int) -> dict[str, str]:
    """Role and state somebody had as a contact, on record as they became an index person."""
    detail = connection.scalar(
        select(CaseEvent.detail)
        .where(CaseEvent.person_id == number, CaseEvent.kind == "index_added")
        .order_by(CaseEvent.id.desc())
        .limit(1)
    )
    return msgspec.json.decode(detail or "{}", type=dict[str, str])


def link(
    connection: Connection, acting: Acting, first: str, second: str, reason: str
) -> tuple[int, int]:
    """Two visitors are one person: several cards. The link's id and the person's.

    Undone by `unlink`. Raises NotKnown, Already, BadWords.
    """
    reason = line("reason", reason, 150)
    if not reason:
        raise BadWords(
            "Cần nêu vì sao là một người / reason: expected why these cards are one person's, for"
            " the record"
        )
    ends = [visitors.resolve(connection, each) for each in (first, second)]
    person_id = links.link(
        connection,
        *ends,
        reason=f"{acting.case.ref}: {reason}"[:200],
        made_by=acting.actor.name,
        at_ms=acting.now_ms,
        case_ref=acting.case.ref,
    )
    found = connection.scalar(
        select(Link.id)
        .join(Pseudonym, Pseudonym.id == Link.first_id)
        .where(Pseudonym.person_id == person_id, Link.undone_at.is_(None))
        .order_by(Link.id.desc())
        .limit(1)
    )
    if found is None:
        raise NotKnown(f"link of P{person_id}: is gone again")
    acting.note(connection, "linked", subject=f"P{person_id}", detail={"link": found})
    return found, person_id


class LinkSeen(NamedTuple):
    """A link made in a case, in force."""

    id: int
    first: str
    second: str
    """References of the visitors as they were before any link."""
    reason: str
    made_at: int
    made_by: str


def linked(connection: Connection, acting: Acting) -> list[LinkSeen]:
    """The links made in this case that are in force, the oldest first."""
    first, second = aliased(Pseudonym), aliased(Pseudonym)
    prefix = f"{acting.case.ref}: "
    rows = connection.execute(
        select(
            Link.id,
            first.own_person_id,
            second.own_person_id,
            Link.reason,
            Link.made_at,
            Link.made_by,
        )
        .join(first, first.id == Link.first_id)
        .join(second, second.id == Link.second_id)
        .where(Link.undone_at.is_(None), Link.reason.startswith(prefix, autoescape=True))
        .order_by(Link.id)
    )
    return [
        LinkSeen(number, f"P{one}", f"P{other}", reason.removeprefix(prefix), at, by)
        for number, one, other, reason, at, by in rows
    ]


def unlink(connection: Connection, acting: Acting, link_id: int, reason: str) -> set[int]:
    """Undoes a link; the persons there are now. Raises NotKnown.

    Only one that was made in this case, or that somebody in it is held together by.
    """
    made = connection.execute(
        select(Link.reason, Pseudonym.person_id)
        .join(Pseudonym, Pseudonym.id == Link.first_id)
        .where(Link.id == link_id)
    ).one_or_none()
    own = made is not None and (
        made.reason.startswith(f"{acting.case.ref}: ")
        or made.person_id in by_person(connection, acting.case.id)
    )
    if not own:
        raise NotKnown(f"link {link_id}: không thuộc ca này / is none of this case's")
    persons = links.unlink(
        connection,
        link_id,
        reason=f"{acting.case.ref}: {line('reason', reason, 150)}"[:200],
        undone_by=acting.actor.name,
        at_ms=acting.now_ms,
        case_ref=acting.case.ref,
    )
    acting.note(connection, "unlinked", subject=f"P{min(persons)}", detail={"link": link_id})
    return persons


def add(
    connection: Connection,
    acting: Acting,
    person_ids: Iterable[int],
    *,
    role: str,
    state: str,
    area_ids: dict[int, int] | None = None,
) -> list[Member]:
    """People who are not in the case yet; `area_ids`: the commune that calls, by person."""
    person_ids = list(person_ids)
    if not person_ids:
        return []
    taken = set(
        connection.scalars(select(CasePerson.ref).where(CasePerson.case_id == acting.case.id))
    )
    refs: list[str] = []
    while len(refs) < len(person_ids):
        ref = "".join(secrets.choice(ALPHABET) for _ in range(REF_LETTERS))
        if ref not in taken:
            taken.add(ref)
            refs.append(ref)
    areas = area_ids or {}
    rows = [
        {
            "case_id": acting.case.id,
            "person_id": person_id,
            "ref": ref,
            "role": role,
            "state": state,
            "area_id": areas.get(person_id),
            "area_source": "venue" if person_id in areas else "",
            "added_at": acting.now,
            "added_by": acting.actor.name,
        }
        for person_id, ref in zip(person_ids, refs, strict=True)
    ]
    made = connection.execute(
        insert(CasePerson).returning(CasePerson.id, CasePerson.ref, CasePerson.person_id), rows
    )
    return [Member(row.id, row.ref, row.person_id, role, state) for row in made]


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
    known = {member.ref: member for member in members(connection, case_id)}
    found = {}
    for ref in dict.fromkeys(ref.strip().upper() for ref in refs):
        member = known.get(ref)
        if member is None:
            # A link may have made one person of two since the reference was written down.
            member = next(iter(standing_for(connection, case_id, ref)), None)
        if member is None or member.ref not in known:
            raise NotKnown(
                f"{ref[:32]!r}: không có trong ca này / nobody in this case has this reference"
            )
        found[member.id] = member
    return list(found.values())
