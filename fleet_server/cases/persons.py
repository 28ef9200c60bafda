"""People come into a case and leave it, each under a reference that means nothing outside it."""

import secrets
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import aliased

from fleet_server.cases import roster
from fleet_server.cases.acting import Acting, BadWords, line
from fleet_server.cases.states import TO_CALL
from fleet_server.errors import Already, NotKnown, Refused
from fleet_server.identity import links
from fleet_server.models import CaseEvent, CasePerson, Link, Pseudonym
from fleet_server.tracing import visitors

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O, which look alike."""
REF_LETTERS: Final = 6
INDEX: Final = "index"


def add_index(connection: Connection, acting: Acting, visitor: str, reason: str) -> roster.Member:
    """Makes a visitor an index person; a contact becomes one. Raises NotKnown, Refused."""
    person_id = visitors.resolve(connection, visitor)
    known = roster.by_person(connection, acting.case.id).get(person_id)
    if known is not None and known.role == roster.F0:
        raise Already(f"{visitor}: là F0 của ca này rồi / is {known.ref} of this case already")
    was: dict[str, str] = {}
    if known is None:
        member = add(connection, acting, [person_id], role=roster.F0, state=INDEX)[0]
    else:
        if person_id in {each.person_id for each in roster.members(connection, acting.case.id)}:
            was = {"role": known.role, "was": known.state}
        connection.execute(
            update(CasePerson)
            .where(CasePerson.id == known.id)
            .values(role=roster.F0, state=INDEX, removed_at=None)
        )
        member = known._replace(role=roster.F0, state=INDEX)
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
    member = roster.find(connection, acting.case.id, ref)
    if member.role != roster.F0:
        raise Refused(f"{ref}: không phải F0 / is a contact; `fleet case dismiss` sets one aside")
    for each in roster.standing_for(connection, acting.case.id, member.ref):
        if each.role != roster.F0:
            continue
        was = _before_index(connection, each.id)
        values: dict[str, object] = {"role": roster.F2, "state": TO_CALL, "removed_at": acting.now}
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
        or made.person_id in roster.by_person(connection, acting.case.id)
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
) -> list[roster.Member]:
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
    return [roster.Member(row.id, row.ref, row.person_id, role, state) for row in made]
