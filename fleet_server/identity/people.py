"""Knows pseudonyms and credentials again, and writes down those seen for the first time."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy import insert as plain_insert

from fleet_server.database import chunks, insert
from fleet_server.models import Base, Credential, Person, Pseudonym

_PSEUDONYMS: Final = Base.metadata.tables["pseudonyms"].c
_CREDENTIALS: Final = Base.metadata.tables["credentials"].c


class Recognised(NamedTuple):
    """Pseudonyms by digest."""

    ids: dict[bytes, int]
    fresh: set[int]
    """Those seen for the first time, each as a person of its own."""


def pseudonyms(connection: Connection, spaces: Mapping[bytes, str], *, at_s: int) -> Recognised:
    """The pseudonyms with these digests (each with its space); unknown ones are made."""
    ids = _by_digest(connection, spaces)
    # Sorted, so that two processes that meet the same new people wait instead of deadlocking.
    new = sorted(digest for digest in spaces if digest not in ids)
    if not new:
        return Recognised(ids, set())
    persons = connection.scalars(
        plain_insert(Person).returning(Person.id), [{"created_at": at_s} for _ in new]
    ).all()
    rows = [
        {"digest": digest, "space": spaces[digest], "created_at": at_s}
        | {"person_id": person, "own_person_id": person}
        for digest, person in zip(new, persons, strict=True)
    ]
    statement = insert(connection, Pseudonym).on_conflict_do_nothing(index_elements=["digest"])
    made = connection.execute(statement.returning(Pseudonym.id, Pseudonym.digest), rows)
    fresh = {bytes(row.digest): row.id for row in made}
    ids |= fresh
    # Another process may have been first with some.
    ids |= _by_digest(connection, [digest for digest in new if digest not in ids])
    return Recognised(ids, set(fresh.values()))


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
        statement = insert(connection, Credential).on_conflict_do_nothing(
            index_elements=["kind", "pseudonym_id"]
        )
        made = connection.execute(
            statement.returning(Credential.id, Credential.kind, Credential.pseudonym_id), rows
        )
        ids |= {(row.kind, row.pseudonym_id): row.id for row in made}
        missing = {pseudonym for kind, pseudonym in authentic if (kind, pseudonym) not in ids}
        ids |= _by_pseudonym(connection, missing)
    return ids


def persons_of(connection: Connection, pseudonym_ids: Iterable[int]) -> set[int]:
    """The persons these pseudonyms belong to."""
    found: set[int] = set()
    for chunk in chunks(pseudonym_ids):
        found.update(
            connection.scalars(
                select(_PSEUDONYMS.person_id).where(_PSEUDONYMS.id.in_(chunk)).distinct()
            )
        )
    return found


def _by_digest(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for chunk in chunks(digests):
        rows = connection.execute(
            select(_PSEUDONYMS.digest, _PSEUDONYMS.id).where(_PSEUDONYMS.digest.in_(chunk))
        )
        found.update((bytes(row.digest), row.id) for row in rows)
    return found


def _by_pseudonym(
    connection: Connection, pseudonym_ids: Iterable[int]
) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    for chunk in chunks(pseudonym_ids):
        rows = connection.execute(
            select(_CREDENTIALS.kind, _CREDENTIALS.pseudonym_id, _CREDENTIALS.id).where(
                _CREDENTIALS.pseudonym_id.in_(chunk)
            )
        )
        found.update(((row.kind, row.pseudonym_id), row.id) for row in rows)
    return found
