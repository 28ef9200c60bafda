"""Deletes everything kept about one person at their wish, and counts afterwards that it is gone."""

from collections import Counter
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select

from fleet_server.cases import holds
from fleet_server.errors import Refused
from fleet_server.identity import links
from fleet_server.models import Case, Person, Pseudonym
from fleet_server.privacy import erasure, rights, wiping
from fleet_server.times import iso


class Whole(NamedTuple):
    """A person under all ids that links made one."""

    persons: frozenset[int]
    pseudonyms: frozenset[int]


class Deleted(NamedTuple):
    """What was there, and what is left: nothing."""

    person: str
    rows: dict[str, int]
    left: dict[str, int]


def whole(connection: Connection, person: int) -> Whole:
    """All ids and numbers of the person `person` leads to."""
    (end,) = links.today(connection, [person]).values()
    persons = {end}
    frontier = persons
    while frontier:
        rows = connection.scalars(select(Person.id).where(Person.merged_into.in_(frontier)))
        frontier = set(rows) - persons
        persons = persons | frontier
    numbers = connection.scalars(select(Pseudonym.id).where(Pseudonym.person_id.in_(persons)))
    return Whole(frozenset(persons), frozenset(numbers))


def may_delete(connection: Connection, ref: str) -> int:
    """The person of an open request to delete. Raises Refused where an open case holds them."""
    person = rights.the_person(connection, ref, "delete")
    held = holds.cases_of(connection, whole(connection, person).persons)
    refs = sorted({case for cases in held.values() for case in cases})
    if refs:
        opened = connection.execute(
            select(Case.ref, Case.opened_at).where(Case.ref.in_(refs)).order_by(Case.ref)
        )
        told = ", ".join(f"{row.ref} (since {iso(row.opened_at)})" for row in opened)
        raise Refused(
            f"{ref}: chưa xóa được, ca còn mở / not deleted yet: an open case needs it: {told}."
            " It can be once that case is closed (`fleet case close`), and at the latest with the"
            " days that retention lets go"
        )
    return person


def delete(engine: Engine, ref: str, *, at_ms: int, actor: str) -> Deleted:
    """Deletes in one transaction and closes the request. Raises Refused, NotKnown."""
    with wiping.connected(engine) as connection:
        with connection.begin():
            person = may_delete(connection, ref)
            mine = whole(connection, person)
            rows = {name: n for name, n in erasure.count(connection, *mine).items() if n}
            gone: Counter[str] = erasure.people(connection, *mine, at_ms=at_ms)
            left = {name: n for name, n in erasure.count(connection, *mine).items() if n}
            if left:
                raise Refused(f"{ref}: rows were left, so nothing was deleted: {left}")
            detail = {"rows": {name: n for name, n in sorted(gone.items()) if n}, "left": 0}
            rights.finish(
                connection,
                ref,
                outcome=rights.DONE,
                at_ms=at_ms,
                actor=actor,
                subject=f"P{person}",
                detail=detail,
            )
        wiping.sweep(connection)
    return Deleted(f"P{person}", rows | dict(gone), left)
