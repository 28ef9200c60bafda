"""Which pseudonyms are one person.

Links are rows that come into force and are undone, never deleted; a person is what the links in
force hold together, worked out anew from them each time. The oldest person of those joined stands
for all, and references to the others lead there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    Table,
    bindparam,
    insert,
    select,
    text,
    update,
)

from fleet_server import bulk
from fleet_server.bulk import among
from fleet_server.database import chunks
from fleet_server.errors import Already, NotKnown
from fleet_server.identity import audit
from fleet_server.models import Base, Link, Person, Pseudonym
from fleet_server.tracing import stale

SCAN: Final = "scan"
INGEST: Final = "ingest"
_LOCK: Final = 0x6C696E6B  # any number, the same in all processes
_PSEUDONYMS: Final[Table] = Base.metadata.tables["pseudonyms"]
_LINKS: Final[Table] = Base.metadata.tables["links"]
_PERSONS: Final[Table] = Base.metadata.tables["persons"]
# Asked with every page of a case: built once.
_LEADS: Final = select(Person.id, Person.merged_into)
_FEW_LEADS: Final = _LEADS.where(Person.id.in_(bindparam("persons", expanding=True)))

Pair = tuple[int, int]
"""Two pseudonyms, the lower id first."""


class Moved(NamedTuple):
    """What a change of links did to one pseudonym."""

    pseudonym_id: int
    was: int
    now: int


def number_of(ref: str) -> int | None:
    """The id in a visitor reference `P<id>`; None for anything else."""
    number = ref.removeprefix("P")
    if number == ref or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    return int(number)


def resolve(connection: Connection, ref: str) -> int:
    """The person a visitor reference `P<id>` leads to today. Raises NotKnown."""
    person_id = number_of(ref)
    if person_id is None:
        raise NotKnown(
            f"{ref!r}: cần mã hồ sơ như P12 / visitor {ref!r}: expected a reference such as P12"
        )
    found = today(connection, [person_id]).get(person_id)
    if found is None:
        raise NotKnown(f"{ref!r}: không có hồ sơ này / visitor {ref!r}: no such person")
    return found


def today(connection: Connection, person_ids: Iterable[int]) -> dict[int, int]:
    """The person each of these ids leads to today; ids nobody has are left out."""
    leads: dict[int, int] = {}
    asked = set(person_ids)
    frontier = asked
    while frontier:
        merged = set()
        for some in chunks(sorted(frontier)):
            if len(some) < bulk.FEW:
                rows = connection.execute(_FEW_LEADS, {"persons": some})
            else:
                rows = connection.execute(_LEADS.where(among(connection, _PERSONS.c.id, some)))
            for person_id, into in rows:
                leads[person_id] = into or person_id
                if into:
                    merged.add(into)
        frontier = merged - leads.keys()
    found = {}
    for person_id in asked & leads.keys():
        end = person_id
        while leads[end] != end:
            end = leads[end]
        found[person_id] = end
    return found


def link(
    connection: Connection,
    first: int,
    second: int,
    *,
    reason: str,
    made_by: str,
    at_ms: int,
    case_ref: str = "",
) -> int:
    """Makes two persons one, by hand; the person's id. In the caller's writing transaction.

    `case_ref`: the case it was done for.

    Raises NotKnown for a person that is not there or has no pseudonym, Already where they are one
    already.
    """
    _lock(connection)
    if first == second:
        raise Already(f"đã là một người / P{first} and P{second} are one person already")
    pair = _pair(_a_pseudonym(connection, first), _a_pseudonym(connection, second))
    row = {"first_id": pair[0], "second_id": pair[1], "reason": reason}
    row |= {"made_at": at_ms // 1000, "made_by": made_by}
    connection.execute(insert(Link).values(**row))
    moved = _recompute(connection, pair)
    stale.mark(connection, _persons(moved), at_ms)
    person_id = min(first, second)
    audit.append(
        connection,
        at_ms=at_ms,
        actor=made_by,
        action="persons.linked",
        case_ref=case_ref,
        subject=f"P{person_id}",
        detail={"persons": sorted([first, second]), "reason": reason},
    )
    return person_id


def unlink(
    connection: Connection,
    link_id: int,
    *,
    reason: str,
    undone_by: str,
    at_ms: int,
    case_ref: str = "",
) -> set[int]:
    """Undoes one link; the persons its two pseudonyms belong to now, one or two.

    Raises NotKnown for a link that is not there or not in force any more.
    """
    _lock(connection)
    row = connection.execute(
        update(Link)
        .where(Link.id == link_id, Link.undone_at.is_(None))
        .values(undone_at=at_ms // 1000, undone_by=undone_by, undone_reason=reason)
        .returning(Link.first_id, Link.second_id)
    ).one_or_none()
    if row is None:
        raise NotKnown(f"link {link_id}: no such link in force")
    moved = _recompute(connection, row)
    stale.mark(connection, _persons(moved), at_ms)
    ends = select(Pseudonym.person_id).where(Pseudonym.id.in_(list(row)))
    persons = set(connection.scalars(ends))
    audit.append(
        connection,
        at_ms=at_ms,
        actor=undone_by,
        action="persons.unlinked",
        case_ref=case_ref,
        subject=f"P{min(persons)}",
        detail={"link": link_id, "persons": sorted(persons), "reason": reason},
    )
    return persons


def join_scans(connection: Connection, pairs: Mapping[Pair, int], *, at_ms: int) -> list[Moved]:
    """Links the pairs of pseudonyms that came with one scan each (its id), where not known yet.

    A pair once undone by hand stays undone. `report` what it returns last in the transaction.
    """
    if not _unknown(connection, pairs):
        return []
    _lock(connection)
    new = sorted(_unknown(connection, pairs))
    if not new:
        return []
    rows = [
        {"first_id": pair[0], "second_id": pair[1], "scan_id": pairs[pair]}
        | {"reason": SCAN, "made_at": at_ms // 1000, "made_by": INGEST}
        for pair in new
    ]
    bulk.add(connection, _LINKS, rows)
    moved = _recompute(connection, {end for pair in new for end in pair})
    stale.mark(connection, _persons(moved), at_ms)
    return moved


def report(
    connection: Connection, moved: Iterable[Moved], *, fresh: Collection[int], at_ms: int
) -> None:
    """Logs merges of persons that were there before, that is not of a `fresh` pseudonym.

    Several numbers seen together for the first time are no news; their links say when and why.
    """
    merged: dict[int, set[int]] = defaultdict(set)
    for move in moved:
        if move.pseudonym_id not in fresh:
            merged[move.now].add(move.was)
    for person_id, others in sorted(merged.items()):
        audit.append(
            connection,
            at_ms=at_ms,
            actor=INGEST,
            action="persons.merged",
            subject=f"P{person_id}",
            detail={"persons": sorted(others | {person_id}), "reason": SCAN},
        )


def pairs_of(pseudonym_ids: Iterable[int]) -> list[Pair]:
    """The pairs that hold one scan's pseudonyms together: the first one with each other."""
    first, *others = pseudonym_ids
    return [_pair(first, other) for other in others if other != first]


def _unknown(connection: Connection, pairs: Collection[Pair]) -> set[Pair]:
    known: set[Pair] = set()
    for chunk in chunks({first for first, _ in pairs}):
        rows = connection.execute(
            select(Link.first_id, Link.second_id).where(among(connection, _LINKS.c.first_id, chunk))
        )
        known.update((row.first_id, row.second_id) for row in rows)
    return set(pairs) - known


def _recompute(connection: Connection, pseudonym_ids: Iterable[int]) -> list[Moved]:
    """Works out the persons of these pseudonyms and all linked to them; who changed person."""
    neighbours = _neighbourhood(connection, set(pseudonym_ids))
    rows: list[Row[int, int, int]] = []
    for chunk in chunks(neighbours):
        rows += connection.execute(
            select(Pseudonym.id, Pseudonym.person_id, Pseudonym.own_person_id).where(
                among(connection, _PSEUDONYMS.c.id, chunk)
            )
        ).all()
    own = {row.id: row.own_person_id for row in rows}
    stands_for: dict[int, int] = {}
    for component in _components(neighbours):
        oldest = min(own[member] for member in component)
        stands_for.update(dict.fromkeys(component, oldest))
    moved = [
        Moved(row.id, row.person_id, stands_for[row.id])
        for row in sorted(rows)
        if row.person_id != stands_for[row.id]
    ]
    bulk.set_column(
        connection, _PSEUDONYMS, "person_id", {move.pseudonym_id: move.now for move in moved}
    )
    origins = {own[move.pseudonym_id]: move.now for move in moved}
    merged = {origin: None if origin == now else now for origin, now in origins.items()}
    bulk.set_column(connection, _PERSONS, "merged_into", merged)
    return moved


def _neighbourhood(connection: Connection, seeds: set[int]) -> dict[int, set[int]]:
    """All pseudonyms that links in force connect with `seeds`, each with its direct neighbours."""
    neighbours: dict[int, set[int]] = {seed: set() for seed in seeds}
    frontier = seeds
    while frontier:
        found: set[int] = set()
        for chunk in chunks(frontier):
            # One question per column: asked about either, an engine may read the whole table.
            for column in (_LINKS.c.first_id, _LINKS.c.second_id):
                rows = connection.execute(
                    select(Link.first_id, Link.second_id).where(
                        Link.undone_at.is_(None), among(connection, column, chunk)
                    )
                )
                for first, second in rows:
                    neighbours.setdefault(first, set()).add(second)
                    neighbours.setdefault(second, set()).add(first)
                    found |= {first, second}
        frontier = found - seeds
        seeds = seeds | found
    return neighbours


def _components(neighbours: Mapping[int, set[int]]) -> list[set[int]]:
    components: list[set[int]] = []
    left = set(neighbours)
    while left:
        component: set[int] = set()
        frontier = {left.pop()}
        while frontier:
            component |= frontier
            frontier = set().union(*(neighbours[member] for member in frontier)) - component
        left -= component
        components.append(component)
    return components


def _a_pseudonym(connection: Connection, person_id: int) -> int:
    found = connection.scalar(
        select(Pseudonym.id).where(Pseudonym.person_id == person_id).order_by(Pseudonym.id).limit(1)
    )
    if found is None:
        raise NotKnown(f"visitor 'P{person_id}': no such person, or one without a pseudonym")
    return int(found)


def _persons(moved: Iterable[Moved]) -> set[int]:
    return {person for move in moved for person in (move.was, move.now)}


def _pair(one: int, other: int) -> Pair:
    return (min(one, other), max(one, other))


def _lock(connection: Connection) -> None:
    """Two changes of links at once would each miss the other's: one waits for the other's end."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
