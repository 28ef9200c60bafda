"""Keeps visits in step with scans: derives those of the persons marked, writes what differs."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    delete,
    func,
    literal,
    select,
    true,
)

from fleet_server import bulk, database
from fleet_server.database import chunks
from fleet_server.models import Base, StaleVisits
from fleet_server.tracing import places, storage
from fleet_server.tracing.opening import Hours, Stretch, next_closing
from fleet_server.tracing.spans import Span
from fleet_server.tracing.storage.rows import StoredVisit
from fleet_server.tracing.visits import Derived, DerivedVisit, PersonScan, derive, settled
from wire.records import EXIT

EVER: Final = (-(2**40), 2**40)
"""A window that leaves nothing out, seconds UTC."""
PERSONS_AT_ONCE: Final = 200
"""Persons in one transaction: few enough that scans never wait long for it."""

_TABLES: Final = Base.metadata.tables
_ORPHANS: Final[Table] = _TABLES["orphan_exits"]
_STALE: Final[Table] = _TABLES["stale_visits"]
_PERSONS: Final[Table] = _TABLES["persons"]


@dataclass(slots=True)
class Drained:
    """What a derivation did."""

    persons: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0

    def __iadd__(self, other: "Drained") -> "Drained":
        self.persons += other.persons
        self.added += other.added
        self.changed += other.changed
        self.removed += other.removed
        return self


def drain(engine: Engine, *, now_ms: int, wait: bool = True) -> Drained:
    """Derives the visits of all persons marked, some at a time.

    `wait`: also for those whom another process is at, so that nobody's visits are missing after.
    """
    total = Drained()
    with database.driver_errors(), engine.connect() as connection:
        # Whoever only looks at a page does not stand in the way of writers for nothing.
        if connection.scalar(select(_STALE.c.person_id).limit(1)) is None:
            return total
    while True:
        while done := drain_some(engine, now_ms=now_ms):
            total += done
        if not wait or not _waited(engine):
            return total


def _waited(engine: Engine) -> bool:
    """Waits for whoever is at somebody marked; False where nobody is marked any more.

    Holds no marks while it waits for persons (see `_held`).
    """
    with database.driver_errors():
        with engine.execution_options(**database.WRITES).begin() as connection:
            marks = select(_STALE.c.person_id).order_by(_STALE.c.person_id).limit(1)
            person = connection.scalar(marks.with_for_update())
        if person is None:
            return False
        with engine.execution_options(**database.WRITES).begin() as connection:
            into = select(_PERSONS.c.merged_into).where(_PERSONS.c.id == person)
            both = _PERSONS.c.id.in_([person, connection.scalar(into)])
            held = select(_PERSONS.c.id).where(both).order_by(_PERSONS.c.id)
            connection.execute(held.with_for_update(key_share=True))
    return True


def drain_some(engine: Engine, *, now_ms: int) -> Drained | None:
    """One transaction's worth; None where nobody is marked, or others are at all who are."""
    with (
        database.driver_errors(),
        engine.execution_options(**database.WRITES).begin() as connection,
    ):
        marked = connection.scalars(
            select(_STALE.c.person_id)
            .order_by(_STALE.c.person_id)
            .limit(PERSONS_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        if not marked:
            return None
        _by_index(connection)
        free = _held(connection, marked)
        if not free:
            return None
        # Taken away before the scans are read: a scan that comes later marks its person again.
        connection.execute(delete(_STALE).where(_STALE.c.person_id.in_(free.keys())))
        return _derive_persons(connection, set(free) | set(free.values()), now_ms)


def rebuild(engine: Engine, *, now_ms: int) -> Drained:
    """Derives everybody's visits again from the scans alone. Gives what arrival gave.

    Imported stays stay; only what they took from others and from opening hours is made again.
    """
    with engine.execution_options(**database.WRITES).begin() as connection:
        # "WHERE true" keeps SQLite from reading ON CONFLICT as part of a join.
        everybody = select(_PERSONS.c.id, literal(0)).where(true())
        mark = database.insert(connection, StaleVisits)
        mark = mark.from_select(["person_id", "since_ms"], everybody)
        connection.execute(mark.on_conflict_do_nothing(index_elements=["person_id"]))
    return drain(engine, now_ms=now_ms)


def _held(connection: Connection, marked: Sequence[int]) -> dict[int, int]:
    """Those of the marked that nobody else is at, each with the person it was merged into or
    itself; both are held until the transaction ends, so that one process writes their visits.

    The others keep their marks. Waiting for them could be a deadlock: who links two persons holds
    them and then waits for their marks, which are held here.
    """
    into = func.coalesce(_PERSONS.c.merged_into, _PERSONS.c.id)
    rows = connection.execute(select(_PERSONS.c.id, into).where(_PERSONS.c.id.in_(marked)))
    leads = dict(rows.all())
    held = set(
        connection.scalars(
            select(_PERSONS.c.id)
            .where(_PERSONS.c.id.in_({*leads, *leads.values()}))
            .order_by(_PERSONS.c.id)
            .with_for_update(key_share=True, skip_locked=True)
        )
    )
    return {person: into for person, into in leads.items() if {person, into} <= held}


def _derive_persons(connection: Connection, persons: Collection[int], now_ms: int) -> Drained:
    """Brings the visits of these persons in step."""
    imported = _imported(connection, persons)
    scans = _scans(connection, set(persons) - imported.keys())
    venues = {scan.venue_id for found in scans.values() for scan in found}
    venues |= {visit.venue_id for visits in imported.values() for visit in visits}
    hours = opening_hours(connection, venues)
    staff = staff_of(connection, persons)
    derived = {
        person: derive(scans[person], hours, staff.get(person))
        for person in sorted(set(persons) - imported.keys())
    }
    wanted: dict[int, Sequence[DerivedVisit]] = {
        person: result.visits for person, result in derived.items()
    }
    wanted |= {
        person: settled(visits, hours, staff.get(person)) for person, visits in imported.items()
    }
    drained = _write(connection, wanted, now_ms)
    _write_orphans(connection, derived, scans)
    return drained


def _imported(connection: Connection, persons: Collection[int]) -> dict[int, list[DerivedVisit]]:
    """The visits of those who are known by an import."""
    imported = _TABLES["imported_visitors"].c
    found: dict[int, list[DerivedVisit]] = {
        person: []
        for person in connection.scalars(
            select(imported.person_id).where(imported.person_id.in_(sorted(persons)))
        )
    }
    if found:
        for each in storage.of(connection).of_persons(connection, sorted(found), *EVER):
            found[each.person_id].append(each.visit)
    return found


def _by_index(connection: Connection) -> None:
    """For this transaction: a few persons are always quickest found by index. PostgreSQL does not
    know that of tables that filled up before it next counts them, and would read them whole."""
    if connection.dialect.name == "postgresql":
        ways = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
        connection.execute(select(*(func.set_config(way, "off", True) for way in ways)))


def _scans(connection: Connection, persons: Iterable[int]) -> dict[int, list[PersonScan]]:
    """All scans of each person; one that carried several of a person's numbers counts once."""
    scans, keys = _TABLES["scans"].c, _TABLES["scan_keys"].c
    pseudonyms, credentials = _TABLES["pseudonyms"].c, _TABLES["credentials"].c
    found: dict[int, list[PersonScan]] = defaultdict(list)
    rows = connection.execute(
        select(
            pseudonyms.person_id,
            scans.corrected_ms,
            scans.kiosk_id,
            scans.epoch,
            scans.counter,
            scans.id,
            scans.venue_id,
            scans.room_id,
            scans.direction,
            scans.earliest_ms,
            scans.latest_ms,
            credentials.authentic,
            _ORPHANS.c.scan_id.is_not(None),
        )
        .select_from(_TABLES["pseudonyms"])
        .join(_TABLES["scan_keys"], keys.pseudonym_id == pseudonyms.id)
        .join(_TABLES["scans"], scans.id == keys.scan_id)
        .join(_TABLES["credentials"], credentials.id == scans.credential_id)
        .outerjoin(_ORPHANS, _ORPHANS.c.scan_id == scans.id)
        .where(pseudonyms.person_id.in_(sorted(persons)))
        .distinct()
    )
    for person, *scan in rows:
        found[person].append(PersonScan(*scan))
    return found


def staff_of(connection: Connection, persons: Collection[int]) -> dict[int, dict[int, list[Span]]]:
    """Where and when each of these persons is known to work: by person and venue.

    A note about somebody whom links made one with another holds for both.
    """
    staff, pseudonyms = _TABLES["venue_staff"].c, _TABLES["pseudonyms"].c
    found: dict[int, dict[int, list[Span]]] = {}
    for some in chunks(sorted(persons), 500):
        stands_for = {person: person for person in some}
        rows = connection.execute(
            select(pseudonyms.own_person_id, pseudonyms.person_id).where(
                pseudonyms.person_id.in_(some)
            )
        )
        stands_for |= {row.own_person_id: row.person_id for row in rows}
        notes = connection.execute(
            select(staff.person_id, staff.venue_id, staff.since, staff.until).where(
                staff.person_id.in_(sorted(stands_for)), staff.undone_at.is_(None)
            )
        )
        for noted, venue, since, until in notes:
            span = (since, EVER[1] if until is None else until)
            found.setdefault(stands_for[noted], {}).setdefault(venue, []).append(span)
    return found


def opening_hours(connection: Connection, venues: Collection[int]) -> dict[int, Hours]:
    """Opening hours of those venues that have any."""
    opening, venue = _TABLES["opening_hours"].c, _TABLES["venues"].c
    stretches: dict[tuple[int, str], list[Stretch]] = defaultdict(list)
    for chunk in chunks(sorted(venues)):
        rows = connection.execute(
            select(
                opening.venue_id,
                venue.timezone,
                opening.weekday,
                opening.opens_min,
                opening.closes_min,
            )
            .join(_TABLES["venues"], venue.id == opening.venue_id)
            .where(opening.venue_id.in_(chunk))
        )
        for venue_id, timezone, weekday, opens_min, closes_min in rows:
            stretches[venue_id, timezone].append(Stretch(weekday, opens_min, closes_min))
    return {
        venue_id: Hours(timezone, tuple(sorted(week)))
        for (venue_id, timezone), week in stretches.items()
    }


def closing_of(connection: Connection) -> Callable[[str, int], int | None]:
    """When the venue of a reference closes next after a moment; None where that is not known."""

    def closing(venue: str, at: int) -> int | None:
        venue_id = places.resolve(connection, venue)
        hours = opening_hours(connection, {venue_id}).get(venue_id)
        return None if hours is None else next_closing(at, hours)

    return closing


def _write(
    connection: Connection, wanted: Mapping[int, Iterable[DerivedVisit]], now_ms: int
) -> Drained:
    """Writes the difference between these persons' visits as they should be and as stored."""
    stored = {
        (each.person_id, each.visit.venue_id, each.visit.entered_at): each
        for each in storage.of(connection).of_persons(connection, sorted(wanted), *EVER)
    }
    fresh = {
        (person, visit.venue_id, visit.entered_at): StoredVisit(person, visit, now_ms)
        for person, visits in wanted.items()
        for visit in visits
    }
    gone = [each for key, each in stored.items() if key not in fresh]
    new = [each for key, each in fresh.items() if key not in stored]
    changed = [key for key in fresh if key in stored and stored[key].visit != fresh[key].visit]
    storage.remove(connection, gone + [stored[key] for key in changed], at_ms=now_ms)
    storage.add(connection, new + [fresh[key] for key in changed])
    return Drained(len(wanted), len(new), len(changed), len(gone))


def _write_orphans(
    connection: Connection,
    derived: Mapping[int, Derived],
    scans: Mapping[int, Sequence[PersonScan]],
) -> None:
    lonely = {person: [*result.orphan_exits] for person, result in derived.items()}
    for person, found in scans.items():
        # What is known to be an exit by nothing but its row keeps it.
        lonely[person] += [scan for scan in found if scan.is_exit and scan.direction != EXIT]
    wanted: dict[int, dict[str, Any]] = {
        scan.id: {
            "scan_id": scan.id,
            "person_id": person,
            "venue_id": scan.venue_id,
            "left_at": scan.corrected_ms // 1000,
        }
        for person, found in lonely.items()
        for scan in found
    }
    noted = {scan.id for found in scans.values() for scan in found if scan.is_exit}
    stored = {
        row["scan_id"]: dict(row)
        for some in chunks(sorted(noted))
        for row in connection.execute(
            select(_ORPHANS).where(_ORPHANS.c.scan_id.in_(some))
        ).mappings()
    }
    gone = [scan_id for scan_id, row in stored.items() if wanted.get(scan_id) != row]
    for chunk in chunks(gone):
        connection.execute(delete(_ORPHANS).where(_ORPHANS.c.scan_id.in_(chunk)))
    new = [row for scan_id, row in wanted.items() if stored.get(scan_id) != row]
    bulk.add(connection, _ORPHANS, new)
