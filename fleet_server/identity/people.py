"""Knows pseudonyms and credentials again, and writes down those seen for the first time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, insert, literal, select

from fleet_server import bulk
from fleet_server.bulk import among
from fleet_server.database import chunks
from fleet_server.models import Base, Person

_TABLES: Final = Base.metadata.tables
_PSEUDONYMS: Final = _TABLES["pseudonyms"].c
_CREDENTIALS: Final = _TABLES["credentials"].c


class Recognised(NamedTuple):
    """Pseudonyms by digest."""

    ids: dict[bytes, int]
    fresh: set[int]
    """Those seen for the first time."""
    persons: dict[int, int]
    """The person each was first seen as, by id. Never changes; leads to whom links make of it."""


def pseudonyms(connection: Connection, spaces: Mapping[bytes, str], *, at_s: int) -> Recognised:
    """The pseudonyms with these digests (each with its space); unknown ones are made."""
    ids, persons = _by_digest(connection, spaces)
    # Sorted, so that two processes that meet the same new people wait instead of deadlocking.
    new = sorted(digest for digest in spaces if digest not in ids)
    if not new:
        return Recognised(ids, set(), persons)
    rows = [
        {"digest": digest, "space": spaces[digest], "created_at": at_s}
        | {"person_id": person, "own_person_id": person}
        for digest, person in zip(new, _new_persons(connection, len(new), at_s), strict=True)
    ]
    made = bulk.add_new(
        connection,
        _TABLES["pseudonyms"],
        rows,
        key=["digest"],
        returning=["digest", "id", "own_person_id"],
    )
    fresh = set()
    for digest, found, person in made:
        ids[bytes(digest)] = found
        persons[found] = person
        fresh.add(found)
    # Another process may have been first with some.
    others = _by_digest(connection, [digest for digest in new if digest not in ids])
    return Recognised(ids | others[0], fresh, persons | others[1])


def credentials(
    connection: Connection, authentic: Mapping[tuple[str, int], bool], *, at_s: int
) -> dict[tuple[str, int], int]:
    """Ids of the credentials with these (kind, pseudonym); unknown ones are made."""
    ids = _by_pseudonym(connection, {pseudonym for _, pseudonym in authentic})
    rows = [
        {"kind": kind, "pseudonym_id": pseudonym, "first_seen_at": at_s}
        | {"authentic": authentic[kind, pseudonym]}
        for kind, pseudonym in sorted(authentic)
        if (kind, pseudonym) not in ids
    ]
    if rows:
        made = bulk.add_new(
            connection,
            _TABLES["credentials"],
            rows,
            key=["kind", "pseudonym_id"],
            returning=["kind", "pseudonym_id", "id"],
        )
        ids |= {(kind, pseudonym): found for kind, pseudonym, found in made}
        missing = {pseudonym for kind, pseudonym in authentic if (kind, pseudonym) not in ids}
        ids |= _by_pseudonym(connection, missing)
    return ids


def persons_of(connection: Connection, pseudonym_ids: Iterable[int]) -> set[int]:
    """The persons these pseudonyms belong to."""
    found: set[int] = set()
    for chunk in chunks(pseudonym_ids):
        found.update(
            connection.scalars(
                select(_PSEUDONYMS.person_id)
                .where(among(connection, _PSEUDONYMS.id, chunk))
                .distinct()
            )
        )
    return found


def _new_persons(connection: Connection, count: int, at_s: int) -> Sequence[int]:
    if connection.dialect.name == "sqlite":
        rows = [{"created_at": at_s} for _ in range(count)]
        return connection.scalars(insert(Person).returning(Person.id), rows).all()
    # One statement without a parameter per row.
    many = select(literal(at_s)).select_from(func.generate_series(1, count).alias())
    made = insert(Person).from_select(["created_at"], many)
    return connection.scalars(made.returning(Person.id)).all()


def _by_digest(
    connection: Connection, digests: Iterable[bytes]
) -> tuple[dict[bytes, int], dict[int, int]]:
    """Ids by digest, and first persons by id."""
    ids: dict[bytes, int] = {}
    persons: dict[int, int] = {}
    for chunk in chunks(digests):
        rows = connection.execute(
            select(_PSEUDONYMS.digest, _PSEUDONYMS.id, _PSEUDONYMS.own_person_id).where(
                among(connection, _PSEUDONYMS.digest, chunk)
            )
        )
        for digest, found, person in rows:
            ids[bytes(digest)] = found
            persons[found] = person
    return ids, persons


def _by_pseudonym(
    connection: Connection, pseudonym_ids: Iterable[int]
) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    for chunk in chunks(pseudonym_ids):
        rows = connection.execute(
            select(_CREDENTIALS.kind, _CREDENTIALS.pseudonym_id, _CREDENTIALS.id).where(
                among(connection, _CREDENTIALS.pseudonym_id, chunk)
            )
        )
        found.update(((row.kind, row.pseudonym_id), row.id) for row in rows)
    return found
