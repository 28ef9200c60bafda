"""Writes the rows of one import as stays, some at a time, and settles them when all are there.

What is known already stays; of two rows that differ only in the exit, the one that says more wins,
and what it takes the place of goes to the history, unless it is of this very import.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, Table, select, text, update
from sqlalchemy.exc import IntegrityError

from fleet_server import bulk, database
from fleet_server.models import Base, VisitImport
from fleet_server.tracing import derivation, storage
from fleet_server.tracing.import_refs import Venues, Visitors
from fleet_server.tracing.import_rows import Row
from fleet_server.tracing.opening import Hours
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.spans import Span
from fleet_server.tracing.storage.port import VisitKey
from fleet_server.tracing.storage.rows import StoredVisit, day_of
from fleet_server.tracing.visits import DWELL_DEFAULT, EXIT_SCAN, DerivedVisit, settle, works

_LOCK: Final = 0x696D706F  # any number, the same in all processes
_TABLES: Final = Base.metadata.tables
_PERSONS: Final[Table] = _TABLES["persons"]
_SLOTS: Final = 1 << 27
"""Bits to tell keys apart by: of ten million, one in fourteen is looked up for nothing."""
_CACHE_KIB: Final = 65_536

Exit = tuple[int | None, bool]
"""When somebody left, and whether that is where the cap cut it."""
Change = tuple[StoredVisit, DerivedVisit]
"""A stored visit and what takes its place."""
Staff = dict[int, dict[int, list[Span]]]
"""Where and when persons work: by person and venue."""


class Entry(NamedTuple):
    """An import on its way, as the database knows it."""

    id: int
    records: int
    """So many from the file's beginning are written."""
    began_ms: int


class Stored(NamedTuple):
    """What became of some rows."""

    stored: int
    changed: int
    repeated: int
    visitors: int
    """New ones."""
    venues: Sequence[str]
    """New ones."""


class Stays:
    """The stays of one import."""

    def __init__(self, engine: Engine, entry: Entry, *, timezone: str, now_ms: int) -> None:
        self._writing = engine.execution_options(**database.WRITES)
        self._entry = entry
        self._timezone = timezone
        self._now_ms = now_ms
        self._seen = _Seen()
        self._begin()

    def _begin(self) -> None:
        at = self._now_ms // 1000
        self._visitors, self._venues = Visitors(at=at), Venues(at=at, timezone=self._timezone)

    def store(self, rows: Sequence[Row], records: int) -> Stored:
        """Writes these rows, and that so many `records` of the file are done."""
        try:
            return self._store(rows, records)
        except (IntegrityError, sqlite3.IntegrityError):
            # Another import wrote to the same new days: from now on every key is looked up.
            self._seen.everything = True
            self._begin()
            return self._store(rows, records)

    def settle(self, day: int) -> None:
        """Gives a day's stays without exit what follows from the entries that are there now."""
        with self._writing.begin() as connection:
            _alone(connection)
            open_stays = storage.of(connection).open_imported(connection, day)
            hours = derivation.opening_hours(
                connection, {stored.visit.venue_id for stored, _ in open_stays}
            )
            staff = _staff(connection, {stored.person_id for stored, _ in open_stays})
            changes = []
            for stored, following in open_stays:
                person, visit, _ = stored
                spans = staff[person].get(visit.venue_id, ()) if person in staff else ()
                wanted = settle(visit, following, hours.get(visit.venue_id), spans)
                if wanted != visit:
                    changes.append((stored, wanted))
            self._replace(connection, _unchanged(connection, changes))

    def _store(self, rows: Sequence[Row], records: int) -> Stored:
        with self._writing.begin() as connection:
            _alone(connection)
            done = self._add(connection, rows)
            connection.execute(
                update(VisitImport).where(VisitImport.id == self._entry.id).values(records=records)
            )
        return done

    def _add(self, connection: Connection, rows: Sequence[Row]) -> Stored:
        persons, new = self._visitors.ids(connection, {row[0] for row in rows})
        venues, created = self._venues.ids(connection, {row[1] for row in rows})
        keys = [(persons[row[0]], row[2], venues[row[1]]) for row in rows]
        known = set(persons.values()) - new
        _hold(connection, known)
        earlier = self._stored(connection, keys, new)
        fresh, changed, repeated = _choose(keys, rows, earlier)
        hours = derivation.opening_hours(
            connection, {key[2] for key, left in fresh.items() if left[0] is None}
        )
        # Who is new is nowhere known to work.
        staff = _staff(connection, known)
        since = self._entry.began_ms
        added, changes = [], []
        for key, left in fresh.items():
            visit = _visit(key, left, hours, staff)
            if key in earlier:
                changes.append((earlier[key], visit))
            else:
                added.append(StoredVisit(key[0], visit, since))
        self._replace(connection, changes)
        storage.add(connection, added)
        stored = len(rows) - changed - repeated
        return Stored(stored, changed, repeated, len(new), created)

    def _stored(
        self, connection: Connection, keys: Sequence[tuple[int, int, int]], new: Collection[int]
    ) -> dict[tuple[int, int, int], StoredVisit]:
        """What is stored already under these keys. Who is new has nothing there."""
        store = storage.of(connection)
        maybe = self._seen.among(keys, store.days(connection))
        wanted = sorted(key for key in maybe if key[0] not in new)
        return {
            (person, visit.entered_at, visit.venue_id): StoredVisit(person, visit, since)
            for person, visit, since in store.whole(connection, list(map(VisitKey._make, wanted)))
        }

    def _replace(self, connection: Connection, changes: Iterable[Change]) -> None:
        """Writes visits in place of stored ones. Of this import's own nothing is kept."""
        at_once: dict[int, list[Change]] = defaultdict(list)
        for stored, visit in changes:
            # What is newer than this import came while it was cut off.
            came_since = stored.since_ms > self._entry.began_ms
            at = max(self._now_ms, stored.since_ms) if came_since else self._entry.began_ms
            at_once[at].append((stored, visit))
        for at, pairs in at_once.items():
            storage.remove(connection, [stored for stored, _ in pairs], at_ms=at)
            storage.add(
                connection, [StoredVisit(stored.person_id, visit, at) for stored, visit in pairs]
            )


class _Seen:
    """Which keys may be stored already; it may be wrong about those that are not."""

    def __init__(self) -> None:
        self.everything = False
        self._mine: set[int] = set()
        """Days that had no stays before this run wrote there."""
        self._slots = bytearray(_SLOTS // 8)

    def among(
        self, keys: Iterable[tuple[int, int, int]], days: Collection[int]
    ) -> set[tuple[int, int, int]]:
        """Those of `keys` that may be stored; from now on they all are. `days` have tables."""
        slots, maybe = self._slots, set()
        others = set(days) - self._mine
        for key in keys:
            at = hash(key) % _SLOTS
            place, bit = at >> 3, 1 << (at & 7)
            if self.everything or slots[place] & bit or day_of(key[1]) in others:
                maybe.add(key)
            slots[place] |= bit
        self._mine.update({day_of(key[1]) for key in keys} - others)
        return maybe


def _choose(
    keys: Sequence[tuple[int, int, int]],
    rows: Sequence[Row],
    stored: dict[tuple[int, int, int], StoredVisit],
) -> tuple[dict[tuple[int, int, int], Exit], int, int]:
    """Exits that say more than what is stored or in rows before; how many changed, repeated."""
    best: dict[tuple[int, int, int], Exit] = {
        key: (each.visit.left_at, each.visit.capped) for key, each in stored.items()
    }
    fresh: dict[tuple[int, int, int], Exit] = {}
    changed = repeated = 0
    for key, row in zip(keys, rows, strict=True):
        left = row[3:]
        have = fresh.get(key) or best.get(key)
        if have is not None:
            if not _says_more(left, have):
                repeated += 1
                continue
            changed += 1
        fresh[key] = left
    return fresh, changed, repeated


def _says_more(left: Exit, than: Exit) -> bool:
    """A known exit says more than none, a later one more than an earlier."""
    if left[0] is None:
        return False
    return than[0] is None or (left[0], left[1]) > (than[0], than[1])


def _visit(
    key: tuple[int, int, int], left: Exit, hours: dict[int, Hours], staff: Staff
) -> DerivedVisit:
    person, entered, venue = key
    left_at, capped = left
    spans = staff[person].get(venue, ()) if person in staff else ()
    source, end, latest = EXIT_SCAN, left_at, left_at
    if end is None or latest is None:
        source, end, latest = DWELL_DEFAULT, entered, entered + CAP_S
    visit = DerivedVisit(
        venue,
        None,
        entered,
        entered,
        entered,
        left_at,
        source,
        end,
        latest,
        None,
        None,
        False,
        capped,
        bool(spans) and works(entered, spans),
    )
    if left_at is None and venue in hours:
        # The next entry may be further on in the file.
        return settle(visit, None, hours[venue], spans)
    return visit


def _staff(connection: Connection, persons: Collection[int]) -> Staff:
    """Where and when these work. Few imported visitors do: they are looked for from that end."""
    staff, imported = _TABLES["venue_staff"].c, _TABLES["imported_visitors"].c
    working = connection.scalars(
        select(staff.person_id)
        .join(_TABLES["imported_visitors"], imported.person_id == staff.person_id)
        .where(staff.undone_at.is_(None))
        .distinct()
    )
    return derivation.staff_of(connection, set(working) & set(persons))


def _alone(connection: Connection) -> None:
    """One import writes at a time; SQLite has only one writer anyway, and room to sort pages in."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    else:
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KIB}")


def _hold(connection: Connection, persons: Collection[int]) -> None:
    """Keeps a derivation away from these persons' visits until this transaction ends."""
    if persons and connection.dialect.name == "postgresql":
        connection.execute(
            select(_PERSONS.c.id)
            .where(bulk.among(connection, _PERSONS.c.id, sorted(persons)))
            .order_by(_PERSONS.c.id)
            .with_for_update(key_share=True)
        ).all()


def _unchanged(connection: Connection, changes: list[Change]) -> list[Change]:
    """Those whose visit a derivation did not settle meanwhile."""
    if not changes or connection.dialect.name == "sqlite":
        return changes
    _hold(connection, {stored.person_id for stored, _ in changes})
    keys = [
        VisitKey(stored.person_id, stored.visit.entered_at, stored.visit.venue_id)
        for stored, _ in changes
    ]
    still = set(storage.of(connection).whole(connection, keys))
    return [(stored, visit) for stored, visit in changes if stored in still]
