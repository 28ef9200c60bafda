"""References of visitors. Persons seen by kiosks are `P<id>`; imported ones keep the reference
their file gave, in a namespace of their own.
"""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection, select

from fleet_server.database import chunks
from fleet_server.errors import NotKnown
from fleet_server.identity import links
from fleet_server.models import ImportedVisitor, Pseudonym

IMPORTED: Final = "import:"
SCANNED: Final = "scan:"


def resolve(connection: Connection, ref: str) -> int:
    """The person a reference leads to today. Raises NotKnown, also where it could be either."""
    if ref.startswith(IMPORTED):
        found = _imported(connection, ref.removeprefix(IMPORTED))
        if found is None:
            raise NotKnown(f"visitor {ref!r}: no such person was imported")
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
            f"visitor {ref!r}: kiosks saw one person of this reference and a file names another;"
            f" expected {SCANNED}{ref} or {IMPORTED}{ref}"
        )
    return scanned


def refs(connection: Connection, persons: Collection[int]) -> dict[int, str]:
    """The reference of each of these persons."""
    found = {person: f"P{person}" for person in persons}
    if connection.execute(select(ImportedVisitor.person_id).limit(1)).first() is not None:
        for some in chunks(persons, 5000):
            rows = connection.execute(
                select(ImportedVisitor.person_id, ImportedVisitor.ref).where(
                    ImportedVisitor.person_id.in_(some)
                )
            )
            found.update((row.person_id, row.ref) for row in rows)
    return found


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
        raise NotKnown(f"visitor {ref!r}: no such person")
    return person_id
