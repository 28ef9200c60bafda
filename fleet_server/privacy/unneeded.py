"""Persons and numbers that nothing stands on any more: no scan, no card, no case, no request.

Who is linked with somebody who stays, stays too; a link holds whether it is in force or was undone,
for an undone one says that the two must not be joined again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select

from fleet_server.bulk import among
from fleet_server.database import chunks
from fleet_server.models import Base
from fleet_server.tracing import storage
from fleet_server.tracing.derivation import EVER

_TABLES: Final = Base.metadata.tables
_NUMBERS: Final = _TABLES["pseudonyms"]
_PERSONS: Final = _TABLES["persons"]


class Group(NamedTuple):
    """Persons and numbers that go together."""

    persons: frozenset[int]
    pseudonyms: frozenset[int]


def groups(connection: Connection, *, cutoff: int) -> list[Group]:
    """All that nothing needs. `cutoff`: seconds UTC of the first moment that is kept."""
    loose = {
        row.id: (row.person_id, row.own_person_id) for row in connection.execute(_loose(cutoff))
    }
    together = _Together()
    barren = connection.execute(
        select(_PERSONS.c.id, _PERSONS.c.merged_into).where(
            ~exists().where(_NUMBERS.c.person_id == _PERSONS.c.id)
        )
    )
    for person, into in barren:
        together.join(("P", person), ("P", person if into is None else into))
    for number, ends in loose.items():
        for person in ends:
            together.join(("N", number), ("P", person))
    for one, other in _links(connection, loose):
        together.join(("N", one), ("N", other))
        for end in (one, other):
            if end not in loose:
                together.hold(("N", end))
    for person in _held(connection, together.persons(), loose, cutoff):
        together.hold(("P", person))
    return list(together.free())


def still(connection: Connection, some: Sequence[Group], *, cutoff: int) -> list[Group]:
    """Those of `some` groups that nothing needs now that this transaction holds their rows."""
    numbers = sorted(number for group in some for number in group.pseudonyms)
    persons = sorted(person for group in some for person in group.persons)
    for table, ids in ((_NUMBERS, numbers), (_PERSONS, persons)):
        for few in chunks(ids):
            which = among(connection, table.c.id, few)
            held = select(table.c.id).where(which).order_by(table.c.id).with_for_update()
            connection.execute(held).all()
    loose: set[int] = set()
    for few in chunks(numbers):
        which = among(connection, _NUMBERS.c.id, few)
        loose |= {row.id for row in connection.execute(_loose(cutoff).where(which))}
    held_persons = _held(connection, persons, loose, cutoff)
    elsewhere: dict[int, set[int]] = defaultdict(set)
    for one, other in _links(connection, numbers):
        elsewhere[one].add(other)
        elsewhere[other].add(one)
    return [
        group
        for group in some
        if group.pseudonyms <= loose
        and not group.persons & held_persons
        and all(elsewhere[number] <= group.pseudonyms for number in group.pseudonyms)
    ]


def _loose(cutoff: int) -> Select[Any]:
    """Numbers that no scan carried and no card in use stands for."""
    keys, held = _TABLES["scan_keys"].c, _TABLES["credentials"].c
    card = and_(
        held.pseudonym_id == _NUMBERS.c.id,
        held.issued_at.is_not(None),
        or_(held.revoked_at.is_(None), held.revoked_at >= cutoff),
    )
    return select(_NUMBERS.c.id, _NUMBERS.c.person_id, _NUMBERS.c.own_person_id).where(
        ~exists().where(keys.pseudonym_id == _NUMBERS.c.id), ~exists().where(card)
    )


def _links(connection: Connection, numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    links = _TABLES["links"].c
    for some in chunks(sorted(numbers)):
        for column in (links.first_id, links.second_id):
            rows = connection.execute(
                select(links.first_id, links.second_id).where(among(connection, column, some))
            )
            yield from ((row.first_id, row.second_id) for row in rows)


def _held(
    connection: Connection, persons: list[int], loose: Collection[int], cutoff: int
) -> set[int]:
    """Those of `persons` that something stands on."""
    held: set[int] = set()
    number, staff = _NUMBERS.c, _TABLES["venue_staff"].c
    asked, resting = _TABLES["rights_requests"].c, _TABLES["restricted_persons"].c
    grounds: tuple[tuple[ColumnElement[int], ColumnElement[bool] | None], ...] = (
        (_TABLES["case_persons"].c.person_id, None),
        (_TABLES["opened_names"].c.person_id, None),
        (
            staff.person_id,
            and_(staff.undone_at.is_(None), or_(staff.until.is_(None), staff.until > cutoff)),
        ),
        (asked.person_id, or_(asked.done_at.is_(None), asked.done_at >= cutoff)),
        (resting.person_id, resting.lifted_ms.is_(None)),
    )
    for some in chunks(persons):
        rows = connection.execute(
            select(number.id, number.person_id).where(among(connection, number.person_id, some))
        )
        held |= {row.person_id for row in rows if row.id not in loose}
        for column, ground in grounds:
            which = among(connection, column, some)
            query = select(column).where(which if ground is None else and_(which, ground))
            held |= set(connection.scalars(query))
    return held | _imported(connection, persons, cutoff)


def _imported(connection: Connection, persons: list[int], cutoff: int) -> set[int]:
    """Those known by an import that have stays, or that a file on its way may bring some for."""
    imported = _TABLES["imported_visitors"].c
    known: list[int] = []
    for some in chunks(persons):
        known += connection.scalars(
            select(imported.person_id).where(among(connection, imported.person_id, some))
        )
    if not known:
        return set()
    on_its_way = _TABLES["visit_imports"].c.began_ms >= cutoff * 1000
    if connection.scalar(select(exists().where(on_its_way))):
        return set(known)
    return storage.of(connection).seen(connection, known, *EVER)


Node = tuple[str, int]
"""`P` and a person's id, or `N` and a number's."""


class _Together:
    """What is joined with what, and what of it is held."""

    def __init__(self) -> None:
        self._above: dict[Node, Node] = {}
        self._held: set[Node] = set()

    def join(self, one: Node, other: Node) -> None:
        self._above[self._top(one)] = self._top(other)

    def hold(self, node: Node) -> None:
        self._held.add(node)

    def persons(self) -> list[int]:
        return sorted(number for kind, number in self._above if kind == "P")

    def free(self) -> Iterator[Group]:
        """Groups of which nothing is held, those of the lowest persons first."""
        held = {self._top(node) for node in self._held}
        found: dict[Node, list[Node]] = {}
        for node in sorted(self._above, key=lambda node: (node[0] == "N", node[1])):
            if (top := self._top(node)) not in held:
                found.setdefault(top, []).append(node)
        for nodes in found.values():
            yield Group(
                frozenset(number for kind, number in nodes if kind == "P"),
                frozenset(number for kind, number in nodes if kind == "N"),
            )

    def _top(self, node: Node) -> Node:
        self._above.setdefault(node, node)
        while self._above[node] != node:
            self._above[node] = self._above[self._above[node]]
            node = self._above[node]
        return node
