"""What the audit log says of one person: who looked at them, who linked them, what their cases did.

A line is about a person by any id that links make theirs today, by a case's reference of them, by
being named in a link, and by the id of somebody they were one with until that link was undone. What
a case did as a whole, exports above all, is about everybody who was in it then.
"""

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, tuple_

from fleet_server.database import chunks
from fleet_server.identity import audit
from fleet_server.identity.audit import LOG
from fleet_server.models import Case, CasePerson, Link, Pseudonym
from fleet_server.privacy.deleting import Whole

PERSON: Final = "person"
LINK: Final = "link"
CASE: Final = "case"
_LINKS: Final = ("persons.linked", "persons.merged", "persons.unlinked")
_EVER: Final = 2**62


class Look(NamedTuple):
    """One line of the log and what makes it one about the person."""

    entry: audit.Entry
    about: str
    """`person`, `link` or `case`: the person themself, their links, a case they were in."""


class _Stood(NamedTuple):
    """A reference that meant the person for a time. Milliseconds."""

    ref: str
    since_ms: int
    until_ms: int


def of(connection: Connection, mine: Whole) -> Iterator[Look]:
    """All lines about a person, the oldest first, one after the other from the database."""
    refs = {f"P{person}" for person in mine.persons}
    linking, once = _links(connection, mine.persons), _once(connection, mine)
    members = connection.execute(
        select(CasePerson.ref, Case.ref.label("case"), CasePerson.added_at, CasePerson.removed_at)
        .join(Case, Case.id == CasePerson.case_id)
        .where(CasePerson.person_id.in_(mine.persons))
    ).all()
    inside = {(member.ref, member.case) for member in members}
    cases = [
        _Stood(
            member.case,
            member.added_at * 1000,
            _EVER if member.removed_at is None else (member.removed_at + 1) * 1000,
        )
        for member in members
    ]

    def about(entry: audit.Entry) -> str | None:
        if entry.subject in refs or (entry.subject, entry.case_ref) in inside:
            return PERSON
        if entry.line in linking:
            return LINK
        if _stood(once, entry.subject, entry.at_ms):
            return PERSON
        return CASE if not entry.subject and _stood(cases, entry.case_ref, entry.at_ms) else None

    which: list[ColumnElement[bool]] = [
        LOG.subject.in_(refs | {each.ref for each in once}),
        tuple_(LOG.subject, LOG.case_ref).in_(inside),
        LOG.id.in_(linking),
        and_(
            LOG.subject == "", LOG.action.like("case.%"), LOG.case_ref.in_({c.ref for c in cases})
        ),
    ]
    for entry in audit.entries(connection, or_(*which)):
        if (why := about(entry)) is not None:
            yield Look(entry, why)


def _links(connection: Connection, persons: Collection[int]) -> set[int]:
    """Lines of links that name the person, whoever's reference they stand under."""
    rows = connection.execute(select(LOG.id, LOG.detail).where(LOG.action.in_(_LINKS)))
    return {
        row.id
        for row in rows
        if not set(msgspec.json.decode(row.detail).get("persons", ())).isdisjoint(persons)
    }


def _once(connection: Connection, mine: Whole) -> list[_Stood]:
    """Whose references meant the person, too, while links since undone were in force."""
    made = _ever_linked(connection, mine.pseudonyms)
    numbers = mine.pseudonyms | {end for link in made for end in (link.first_id, link.second_id)}
    own: dict[int, int] = {}
    for some in chunks(numbers):
        query = select(Pseudonym.id, Pseudonym.own_person_id).where(Pseudonym.id.in_(some))
        own |= {row.id: row.own_person_id for row in connection.execute(query)}
    turns = sorted({at for link in made for at in (link.made_at, link.undone_at) if at is not None})
    found = []
    for since, until in pairwise([*turns, _EVER // 1000 - 1]):
        held = [
            link
            for link in made
            if link.made_at <= since and (link.undone_at is None or link.undone_at > since)
        ]
        for number in mine.pseudonyms:
            oldest = min(own[each] for each in _together(number, held))
            if oldest not in mine.persons:
                found.append(_Stood(f"P{oldest}", since * 1000, (until + 1) * 1000))
    return found


def _ever_linked(connection: Connection, numbers: Collection[int]) -> list[Row[Any]]:
    """All links, in force or undone, that hold these pseudonyms to others, and those to others."""
    found: dict[int, Row[Any]] = {}
    seen: set[int] = set()
    frontier = set(numbers)
    while frontier:
        seen |= frontier
        for some in chunks(sorted(frontier)):
            for column in (Link.first_id, Link.second_id):
                query = select(Link.id, Link.first_id, Link.second_id).add_columns(
                    Link.made_at, Link.undone_at
                )
                found |= {row.id: row for row in connection.execute(query.where(column.in_(some)))}
        frontier = {end for row in found.values() for end in (row.first_id, row.second_id)} - seen
    return list(found.values())


def _together(number: int, held: Collection[Row[Any]]) -> set[int]:
    """The pseudonyms that these links make one with `number`, itself among them."""
    found, grown = set[int](), {number}
    while grown != found:
        found = grown
        ends = [{link.first_id, link.second_id} for link in held]
        grown = found.union(*(pair for pair in ends if not pair.isdisjoint(found)))
    return found


def _stood(periods: Collection[_Stood], ref: str, at_ms: int) -> bool:
    return any(each.ref == ref and each.since_ms <= at_ms <= each.until_ms for each in periods)
