"""Deletes rows with all that hangs on them. Whoever lets go of visitors' data comes by here.

What refers to what stands in `REFERENCES`, in the order in which rows must go; a test holds it to
the tables, so that a new table that refers to people is not forgotten. In the caller's writing
transaction. The audit log is never touched.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from sqlalchemy import (
    Connection,
    Table,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)

from fleet_server.bulk import among
from fleet_server.database import chunks
from fleet_server.models import Base, VaultMark
from fleet_server.tracing import stale, storage
from fleet_server.tracing.derivation import EVER
from fleet_server.tracing.storage import naming

_TABLES: Final = Base.metadata.tables


class Reference(NamedTuple):
    """A column that refers to rows that go."""

    table: str
    column: str
    forgotten: bool = False
    """The row stays, without the reference."""


REFERENCES: Final[dict[str, tuple[Reference, ...]]] = {
    "scans": (
        Reference("scan_keys", "scan_id"),
        Reference("scan_identities", "scan_id"),
        Reference("orphan_exits", "scan_id"),
        Reference("links", "scan_id", forgotten=True),
    ),
    "case_persons": (
        Reference("case_exposures", "contact_id"),
        Reference("case_exposures", "index_id"),
        Reference("milestones", "index_id"),
        Reference("case_events", "person_id"),
    ),
    "credentials": (
        Reference("card_identities", "credential_id"),
        Reference("scans", "credential_id"),
    ),
    "pseudonyms": (
        Reference("links", "first_id"),
        Reference("links", "second_id"),
        Reference("sealed_numbers", "pseudonym_id"),
        Reference("scan_keys", "pseudonym_id"),
        Reference("credentials", "pseudonym_id"),
    ),
    "rights_requests": (Reference("restricted_persons", "request_id"),),
    "persons": (
        Reference("case_persons", "person_id"),
        Reference("opened_names", "person_id"),
        Reference("orphan_exits", "person_id"),
        Reference("unsure_stays", "person_id"),
        Reference("stale_visits", "person_id"),
        Reference("venue_staff", "person_id"),
        Reference("imported_visitors", "person_id"),
        Reference("restricted_persons", "person_id"),
        Reference("rights_requests", "person_id", forgotten=True),
        Reference("pseudonyms", "person_id"),
        Reference("pseudonyms", "own_person_id"),
        Reference("persons", "merged_into", forgotten=True),
    ),
    "milestones": (Reference("milestones", "replaces_id", forgotten=True),),
    "frozen_results": (Reference("case_looks", "frozen_id"),),
    "cases": (
        Reference("case_looks", "case_id"),
        Reference("frozen_results", "case_id"),
        Reference("milestones", "case_id"),
        Reference("case_events", "case_id"),
        Reference("opened_names", "case_id"),
        Reference("name_openings", "case_id"),
        Reference("case_persons", "case_id"),
    ),
}
_MARKED: Final = {"scans": "scans", "cards": "credentials"}
"""What the vault reads in the order of ids, by the name of its mark."""


def scans(connection: Connection, ids: Collection[int]) -> Counter[str]:
    """Erases scans with their keys, sealed identities, companions and lonely exits."""
    counts: Counter[str] = Counter()
    table = _TABLES["scans"]
    companions = _TABLES["companions"].c
    for some in chunks(sorted(ids)):
        named = select(table.c.kiosk_id, table.c.epoch, table.c.counter).where(
            among(connection, table.c.id, some)
        )
        which = tuple_(companions.kiosk_id, companions.epoch, companions.of_counter).in_(named)
        gone = connection.execute(delete(_TABLES["companions"]).where(which))
        counts["companions"] += gone.rowcount
        _referring(connection, "scans", some, counts)
        _rows(connection, table, "id", some, counts)
    _lower_marks(connection)
    return counts


def case(connection: Connection, case_id: int) -> Counter[str]:
    """Erases everything in a case. Its row stays as a shell: reference and dates."""
    counts: Counter[str] = Counter()
    members = _TABLES["case_persons"].c
    inside = connection.scalars(select(members.id).where(members.case_id == case_id)).all()
    for some in chunks(inside):
        _referring(connection, "case_persons", some, counts)
    _referring(connection, "cases", [case_id], counts)
    blank = {"onset_at": None, "isolated_at": None, "since_at": None, "until_at": None}
    cases = _TABLES["cases"]
    connection.execute(update(cases).where(cases.c.id == case_id).values(lab_ref="", **blank))
    return counts


def people(
    connection: Connection, persons: Collection[int], pseudonyms: Collection[int], *, at_ms: int
) -> Counter[str]:
    """Erases persons with their numbers, credentials, identities, scans and visits.

    A scan that carried somebody else's number too goes whole; that one's visits are derived again.
    """
    counts: Counter[str] = Counter()
    for some in chunks(sorted(pseudonyms)):
        counts += scans(connection, _scans_of(connection, some, persons, at_ms))
    counts += visits(connection, persons)
    for some in chunks(sorted(persons)):
        for member in chunks(_ids(connection, "case_persons", "person_id", some)):
            _referring(connection, "case_persons", member, counts)
    for some in chunks(sorted(pseudonyms)):
        credentials = _ids(connection, "credentials", "pseudonym_id", some)
        for few in chunks(credentials):
            _referring(connection, "credentials", few, counts)
        _referring(connection, "pseudonyms", some, counts)
    _keep_number(connection, persons, at_ms)
    people_table = _TABLES["persons"]
    for some in chunks(sorted(pseudonyms)):
        _rows(connection, _TABLES["pseudonyms"], "id", some, counts)
    for some in chunks(sorted(persons)):
        _referring(connection, "persons", some, counts)
        _rows(connection, people_table, "id", some, counts)
    _lower_marks(connection)
    return counts


def visits(connection: Connection, persons: Collection[int]) -> Counter[str]:
    """Erases stays of these persons and what they were before."""
    counts: Counter[str] = Counter()
    store = storage.of(connection)
    for some in chunks(sorted(persons), 500):
        found = store.of_persons(connection, some, *EVER)
        # As if they had become known only then: nothing of them is kept as history.
        storage.remove(connection, found, at_ms=0)
        counts["visits"] += len(found)
        who = ", ".join(map(str, some))
        for table in _histories(connection):
            statement = f"DELETE FROM {table} WHERE person_id IN ({who})"  # noqa: S608  ids
            counts["stay_history"] += connection.execute(text(statement)).rowcount
    return counts


def count(
    connection: Connection, persons: Collection[int], pseudonyms: Collection[int]
) -> dict[str, int]:
    """Rows that refer to these persons or numbers, by table: none is left after `people`."""
    found: Counter[str] = Counter()
    for root, ids in (("persons", persons), ("pseudonyms", pseudonyms)):
        for some in chunks(sorted(ids)):
            found[root] += _count(connection, root, "id", some)
            for table, column, _ in REFERENCES[root]:
                if table != root:
                    found[table] += _count(connection, table, column, some)
    # Once by each of two columns is still one row.
    found["pseudonyms"] = sum(
        _count(connection, "pseudonyms", "id", some) for some in chunks(sorted(pseudonyms))
    )
    store = storage.of(connection)
    for some in chunks(sorted(persons), 500):
        found["visits"] += len(store.of_persons(connection, some, *EVER))
        found["stay_history"] += len(store.superseded_of(connection, some, *EVER))
    return dict(sorted(found.items()))


def _referring(
    connection: Connection, root: str, ids: Collection[int], counts: Counter[str]
) -> None:
    for name, column, forgotten in REFERENCES[root]:
        table = _TABLES[name]
        if forgotten:
            which = among(connection, table.c[column], list(ids))
            connection.execute(update(table).where(which).values({column: None}))
        else:
            _rows(connection, table, column, ids, counts)


def _rows(
    connection: Connection, table: Table, column: str, ids: Iterable[int], counts: Counter[str]
) -> None:
    gone = connection.execute(delete(table).where(among(connection, table.c[column], list(ids))))
    counts[table.name] += gone.rowcount


def _ids(connection: Connection, name: str, column: str, values: list[int]) -> list[int]:
    table = _TABLES[name]
    which = among(connection, table.c[column], values)
    return list(connection.scalars(select(table.c.id).where(which)))


def _count(connection: Connection, name: str, column: str, values: list[int]) -> int:
    table = _TABLES[name]
    which = among(connection, table.c[column], values)
    return connection.scalar(select(func.count()).select_from(table).where(which)) or 0


def _scans_of(
    connection: Connection, pseudonyms: list[int], persons: Collection[int], at_ms: int
) -> set[int]:
    """Scans that carried these numbers; others they carried are marked for deriving anew."""
    keys, numbers = _TABLES["scan_keys"].c, _TABLES["pseudonyms"].c
    held, table = _TABLES["credentials"].c, _TABLES["scans"].c
    found = set(
        connection.scalars(
            select(keys.scan_id).where(among(connection, keys.pseudonym_id, pseudonyms))
        )
    )
    by_credential = select(held.id).where(among(connection, held.pseudonym_id, pseudonyms))
    found |= set(connection.scalars(select(table.id).where(table.credential_id.in_(by_credential))))
    others: set[int] = set()
    for some in chunks(sorted(found)):
        carried = select(numbers.person_id).join(
            _TABLES["scan_keys"], keys.pseudonym_id == numbers.id
        )
        others |= set(connection.scalars(carried.where(among(connection, keys.scan_id, some))))
    stale.mark(connection, others - set(persons), at_ms)
    return found


def _histories(connection: Connection) -> list[str]:
    if connection.dialect.name == "postgresql":
        return ["stay_history"]
    return [naming.history(day) for day in storage.of(connection).days(connection)]


def _keep_number(connection: Connection, persons: Collection[int], at_ms: int) -> None:
    """SQLite gives the highest number again once its row is gone; the log would then tell of one
    person what was done to another. A blank row keeps it, until a higher one is there."""
    table = _TABLES["persons"]
    if connection.dialect.name == "sqlite":
        highest = connection.scalar(select(func.max(table.c.id)))
        if highest in persons:
            connection.execute(insert(table).values(id=highest + 1, created_at=at_ms // 1000))


def _lower_marks(connection: Connection) -> None:
    """SQLite gives ids of rows that were the last ones again: the vault must not pass them over."""
    if connection.dialect.name == "sqlite":
        for name, table in _MARKED.items():
            last = select(func.coalesce(func.max(_TABLES[table].c.id), 0)).scalar_subquery()
            connection.execute(
                update(VaultMark)
                .where(VaultMark.name == name, VaultMark.upto > last)
                .values(upto=last)
            )


def blank_last(connection: Connection) -> int | None:
    """SQLite: the person of the highest number where nothing refers to it any more."""
    if connection.dialect.name != "sqlite":
        return None
    persons, numbers = _TABLES["persons"].c, _TABLES["pseudonyms"].c
    highest = connection.scalar(select(func.max(persons.id)))
    used = connection.scalar(select(func.count()).where(numbers.own_person_id == highest))
    imported = _TABLES["imported_visitors"].c.person_id
    used = used or connection.scalar(select(func.count()).where(imported == highest))
    return None if used else highest
