"""References of visitors. Persons seen by kiosks are `P<id>`; imported ones keep the reference
their file gave, in a namespace of their own. Where one reference could be either, both are told
with their namespace: `scan:P12` and `import:P12`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, exists, select

from fleet_server.database import chunks
from fleet_server.errors import NotKnown
from fleet_server.identity import links
from fleet_server.models import ImportedVisitor, Person, Pseudonym

IMPORTED: Final = "import:"
SCANNED: Final = "scan:"


def resolve(connection: Connection, ref: str) -> int:
    """The person a reference leads to today. Raises NotKnown, also where it could be either."""
    if ref.startswith(IMPORTED):
        found = _imported(connection, ref.removeprefix(IMPORTED))
        if found is None:
            raise NotKnown(f"visitor {ref!r}: chưa nhập ai có mã này / no such person was imported")
        return found
    imported = None if ref.startswith(SCANNED) else _imported(connection, ref)
    try:
        scanned = _scanned(connection, ref.removeprefix(SCANNED))
    except NotKnown:
        if imported is None:
            raise
        return imported
    if imported is not None:
        raise NotKnown(
            f"visitor {ref!r}: có một người quét ở trạm và một người trong tệp cùng mã, hãy ghi"
            f" {SCANNED}{ref} hoặc {IMPORTED}{ref} / kiosks saw one person of this reference and a"
            f" file names another; expected {SCANNED}{ref} or {IMPORTED}{ref}"
        )
    return scanned


def named(connection: Connection, ref: str) -> int:
    """As `resolve`, the person it names by the id that no link changes."""
    person = resolve(connection, ref)
    number = links.number_of(ref.removeprefix(SCANNED))
    if number is None or links.today(connection, [number]).get(number) != person:
        return person
    return number


def refs(connection: Connection, persons: Collection[int]) -> dict[int, str]:
    """The reference of each of these persons: `resolve` finds nobody else by it."""
    found = {person: f"P{person}" for person in persons}
    if connection.execute(select(ImportedVisitor.person_id).limit(1)).first() is not None:
        for some in chunks(persons, 5000):
            rows = connection.execute(
                select(ImportedVisitor.person_id, ImportedVisitor.ref).where(
                    ImportedVisitor.person_id.in_(some)
                )
            )
            imported = {row.person_id: row.ref for row in rows}
            scanned = {f"P{person}": person for person in set(some) - imported.keys()}
            found |= imported
            found |= {
                person: IMPORTED + found[person] for person in _like_scanned(connection, imported)
            }
            for ref in _like_imported(connection, scanned):
                found[scanned[ref]] = SCANNED + ref
    return found


def _like_scanned(connection: Connection, imported: Mapping[int, str]) -> list[int]:
    """Those of a file whose reference is that of somebody whom kiosks saw, too."""
    numbers = {person: links.number_of(ref) for person, ref in imported.items()}
    wanted = {number for number in numbers.values() if number is not None}
    if not wanted:
        return []
    of_a_file = exists().where(ImportedVisitor.person_id == Person.id)
    there = set(connection.scalars(select(Person.id).where(Person.id.in_(wanted), ~of_a_file)))
    return [person for person, number in numbers.items() if number in there]


def _like_imported(connection: Connection, refs: Collection[str]) -> Sequence[str]:
    """Those of `refs` that a file gave to somebody."""
    if not refs:
        return []
    return connection.scalars(
        select(ImportedVisitor.ref).where(ImportedVisitor.ref.in_(refs))
    ).all()


def in_order(connection: Connection, persons: Sequence[int]) -> list[str]:
    """Their references, in the order of `persons`."""
    found = refs(connection, persons)
    return [found[person] for person in persons]


def selves(connection: Connection, person: int) -> list[int]:
    """All persons that links made one with `person`, itself first: their stays were its."""
    own = select(Pseudonym.own_person_id).where(Pseudonym.person_id == person)
    return [person, *sorted({*connection.scalars(own)} - {person})]


def _imported(connection: Connection, ref: str) -> int | None:
    return connection.scalar(select(ImportedVisitor.person_id).where(ImportedVisitor.ref == ref))


def _scanned(connection: Connection, ref: str) -> int:
    person_id = links.resolve(connection, ref)
    found = select(ImportedVisitor.person_id).where(ImportedVisitor.person_id == person_id)
    if connection.scalar(found) is not None:
        # A person of a file answers to the reference the file gave, and to no other.
        raise NotKnown(f"visitor {ref!r}: không có hồ sơ này / no such person")
    return person_id
