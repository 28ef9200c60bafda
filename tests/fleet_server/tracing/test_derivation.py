"""Visits in the database keep in step with scans, however these arrive."""

import random
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, insert, select, update

from fleet_server import database
from fleet_server.fleet import hours, registry
from fleet_server.identity import links, people
from fleet_server.models import (
    Base,
    Credential,
    OpeningHours,
    OrphanExit,
    Person,
    Pseudonym,
    Scan,
    ScanKey,
    StaleVisits,
    VenueStaff,
)
from fleet_server.tracing import derivation, stale, storage
from fleet_server.tracing.derivation import EVER
from fleet_server.tracing.storage.rows import StoredVisit
from tests.support import world
from tests.support.world import NOON_MS, Place

MIN = 60_000


class Town:
    """Two venues, some people, and scans put straight into the tables."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.places = [
            world.one_venue(engine),
            world.one_venue(engine, ref="quan-mau", kiosk="quan-mau-1", kind="restaurant"),
        ]
        self.counter = 0
        self.now_ms = NOON_MS
        with engine.execution_options(**database.WRITES).begin() as connection:
            digests = [bytes([number]) * 16 for number in range(6)]
            known = people.pseudonyms(connection, dict.fromkeys(digests, "qid"), at_s=0)
            self.pseudonyms = [known.ids[digest] for digest in digests]
            held = {("national", pseudonym): False for pseudonym in self.pseudonyms}
            self.credentials = people.credentials(connection, held, at_s=0)

    def scan(self, who: int, minute: float, direction: str, place: int = 0) -> int:
        self.counter += 1
        return self.put(self.counter, who, minute, direction, place)

    def put(self, counter: int, who: int, minute: float, direction: str, place: int) -> int:
        where: Place = self.places[place]
        at_ms = NOON_MS + round(minute * MIN)
        pseudonym = self.pseudonyms[who]
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            scan_id = connection.scalar(
                insert(Scan)
                .values(
                    kiosk_id=where.kiosk_id,
                    epoch=world.EPOCH,
                    counter=counter,
                    digest=bytes(32),
                    venue_id=where.venue_id,
                    direction=direction,
                    wall_ms=at_ms,
                    corrected_ms=at_ms,
                    earliest_ms=at_ms,
                    latest_ms=at_ms,
                    received_ms=at_ms,
                    mono_ms=0,
                    boot="b",
                    synced=True,
                    credential_id=self.credentials["national", pseudonym],
                    label="",
                )
                .returning(Scan.id)
            )
            assert isinstance(scan_id, int)
            key = {"scan_id": scan_id, "position": 0, "pseudonym_id": pseudonym}
            connection.execute(insert(ScanKey).values(**key))
            stale.mark(connection, people.persons_of(connection, [pseudonym]), at_ms)
        return scan_id

    def drain(self) -> derivation.Drained:
        """A second after the last one."""
        self.now_ms += 1000
        return derivation.drain(self.engine, now_ms=self.now_ms)

    def stored(self) -> list[StoredVisit]:
        with self.engine.connect() as connection:
            return storage.of(connection).of_persons(connection, range(1, 100), *EVER)

    def visits(self) -> list[tuple[Any, ...]]:
        """(person, place, minutes in, minutes out, source), without row ids."""
        venues = [place.venue_id for place in self.places]
        return [
            (
                person,
                venues.index(visit.venue_id),
                (visit.entered_at - NOON_MS // 1000) / 60,
                None if visit.left_at is None else (visit.left_at - NOON_MS // 1000) / 60,
                visit.end_source,
                visit.end_latest,
            )
            for person, visit, _ in sorted(
                self.stored(), key=lambda each: (each.visit.entered_at, each.person_id)
            )
        ]

    def person(self, who: int) -> int:
        with self.engine.connect() as connection:
            return connection.scalars(
                select(Pseudonym.person_id).where(Pseudonym.id == self.pseudonyms[who])
            ).one()


@pytest.fixture
def town(engine: Engine) -> Town:
    return Town(engine)


def _count(engine: Engine, table: type[Base]) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_visits_follow_scans_and_nobody_stays_marked(town: Town) -> None:
    town.scan(0, 0, "in")
    town.scan(0, 30, "out")
    town.scan(1, 5, "in", place=1)
    drained = town.drain()
    assert (drained.persons, drained.added) == (2, 2)
    assert [visit[:5] for visit in town.visits()] == [
        (town.person(0), 0, 0, 30, "exit_scan"),
        (town.person(1), 1, 5, None, "dwell_default"),
    ]
    assert _count(town.engine, StaleVisits) == 0


def test_only_what_changed_is_written(town: Town) -> None:
    for minute in (0, 300, 600):
        town.scan(0, minute, "in")
    town.drain()
    before = town.stored()
    town.scan(0, 320, "out")
    drained = town.drain()
    assert (drained.added, drained.changed, drained.removed) == (0, 1, 0)
    after = town.stored()
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1].since_ms == town.now_ms


def test_a_late_scan_changes_the_visits_around_it(town: Town) -> None:
    town.scan(0, 0, "in")
    town.scan(0, 90, "in", place=1)
    town.drain()
    assert town.visits()[0][5] == NOON_MS // 1000 + 90 * 60
    town.scan(0, 40, "out")
    town.drain()
    assert town.visits()[0][3:5] == (40, "exit_scan")


def test_orphan_exits_are_kept_until_their_entry_arrives(town: Town) -> None:
    scan_id = town.scan(0, 30, "out")
    town.drain()
    with town.engine.connect() as connection:
        orphan = connection.execute(select(OrphanExit.__table__)).one()
    assert (orphan.scan_id, orphan.person_id) == (scan_id, town.person(0))
    assert town.visits() == []
    town.scan(0, 0, "in")
    town.drain()
    assert _count(town.engine, OrphanExit) == 0
    assert [visit[2:4] for visit in town.visits()] == [(0, 30)]


def test_closing_hours_bound_visits(town: Town) -> None:
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        for weekday in range(7):
            hours = {"venue_id": town.places[0].venue_id, "weekday": weekday}
            connection.execute(insert(OpeningHours).values(**hours, opens_min=360, closes_min=780))
    town.scan(0, 0, "in")
    town.drain()
    assert town.visits()[0][4:] == ("venue_closed", NOON_MS // 1000 + 3600)


def test_stays_until_closing_follow_the_opening_hours(town: Town) -> None:
    def set_hours(*texts: str) -> None:
        with town.engine.execution_options(**database.WRITES).begin() as connection:
            registry.set_hours(
                connection, venue="cho-mau", opening=hours.parse(texts), at_ms=1, actor="t"
            )
        town.drain()

    town.scan(0, 0, "in")
    town.scan(1, 0, "in", place=1)
    town.drain()
    set_hours("daily 06:00-13:00")
    assert town.visits()[0][4:] == ("venue_closed", NOON_MS // 1000 + 3600)
    set_hours("daily 06:00-14:00")
    assert town.visits()[0][4:] == ("venue_closed", NOON_MS // 1000 + 7200)
    set_hours()
    assert [visit[4] for visit in town.visits()] == ["dwell_default"] * 2


def link(town: Town, first: int, second: int) -> int:
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        return links.link(
            connection, town.person(first), town.person(second), reason="r", made_by="t", at_ms=1
        )


def test_linked_pseudonyms_share_one_persons_visits(town: Town) -> None:
    town.scan(0, 0, "in")
    town.scan(1, 30, "out")
    town.drain()
    assert _count(town.engine, OrphanExit) == 1
    other = town.person(1)
    person = link(town, 0, 1)
    town.drain()
    assert [visit[:4] for visit in town.visits()] == [(person, 0, 0, 30)]
    assert _count(town.engine, OrphanExit) == 0
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        links.unlink(connection, 1, reason="r", undone_by="t", at_ms=2)
    town.drain()
    assert [visit[:4] for visit in town.visits()] == [(person, 0, 0, None)]
    with town.engine.connect() as connection:
        assert connection.scalar(select(OrphanExit.person_id)) == other


def test_an_orphan_exit_moves_with_its_person(town: Town) -> None:
    town.scan(1, 30, "out")
    town.drain()
    person = link(town, 0, 1)
    town.drain()
    with town.engine.connect() as connection:
        assert connection.scalars(select(OrphanExit.person_id)).all() == [person]


def test_a_scan_that_carried_two_numbers_of_one_person_counts_once(town: Town) -> None:
    scan_id = town.scan(0, 0, "in")
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        key = {"scan_id": scan_id, "position": 1, "pseudonym_id": town.pseudonyms[1]}
        connection.execute(insert(ScanKey).values(**key))
    link(town, 0, 1)
    town.drain()
    assert len(town.visits()) == 1


def test_a_visit_is_authentic_by_its_credentials(town: Town) -> None:
    town.scan(0, 0, "in")
    town.drain()
    (stored,) = town.stored()
    assert stored.visit.authentic is False
    with town.engine.connect() as connection:
        assert connection.scalar(select(Credential.authentic)) is False


def test_rebuilding_gives_what_arrival_gave(engine: Engine) -> None:
    rng = random.Random(3)
    events = [
        (n, rng.randrange(6), rng.randrange(1500), rng.choice(["in", "out", "both"]), n % 2)
        for n in range(1, 80)
    ]
    town = Town(engine)
    rng.shuffle(events)
    for number, (counter, who, minute, direction, place) in enumerate(events):
        town.put(counter, who, minute, direction, place)
        if number % 7 == 0:
            town.drain()
        if number == 40:
            link(town, 1, 4)
    town.drain()
    arrived = town.visits()
    assert len(arrived) > 20
    with engine.execution_options(**database.WRITES).begin() as connection:
        for day in storage.of(connection).days(connection):
            storage.drop_day(connection, day)
        connection.execute(delete(OrphanExit))
    assert town.visits() == []
    derivation.rebuild(engine, now_ms=town.now_ms)
    assert town.visits() == arrived
    assert derivation.rebuild(engine, now_ms=town.now_ms).added == 0
    assert town.visits() == arrived


@pytest.mark.slow
def test_derivations_and_arrivals_at_once_end_in_step(town: Town) -> None:
    stop = threading.Event()
    failures: list[Exception] = []

    def derive() -> None:
        while not stop.is_set():
            try:
                derivation.drain(town.engine, now_ms=NOON_MS)
            except Exception as problem:  # noqa: BLE001  reported below
                failures.append(problem)
                return

    workers = [threading.Thread(target=derive) for _ in range(3)]
    for worker in workers:
        worker.start()
    rng = random.Random(5)
    for number in range(150):
        town.scan(rng.randrange(6), number, rng.choice(["in", "out"]), number % 2)
        if number in (50, 100):
            link(town, number // 50, number // 50 + 2)
    stop.set()
    for worker in workers:
        worker.join()
    assert failures == []
    town.drain()
    arrived = town.visits()
    assert arrived
    assert derivation.rebuild(town.engine, now_ms=NOON_MS).changed == 0
    assert town.visits() == arrived


def test_persons_somebody_else_is_at_keep_their_marks_and_nobody_waits(town: Town) -> None:
    if town.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    town.scan(0, 0, "in")
    town.scan(1, 30, "in")
    with town.engine.begin() as at_it:
        # As somebody who links persons: holds the person first, then wants the mark.
        person = town.person(0)
        at_it.execute(update(Person).where(Person.id == person).values(merged_into=None))
        drained = derivation.drain(town.engine, now_ms=NOON_MS, wait=False)
        assert drained.persons == 1
        stale.mark(at_it, [person], 1)
    assert _count(town.engine, StaleVisits) == 1
    town.drain()
    assert len(town.visits()) == 2


def test_what_a_visit_was_is_kept_when_it_changes(town: Town) -> None:
    town.scan(0, 0, "in")
    town.drain()
    (first,) = town.stored()
    town.scan(0, 40, "out")
    town.drain()
    with town.engine.connect() as connection:
        (was,) = storage.of(connection).superseded_of(connection, [first.person_id], *EVER)
    assert (was.stored, was.until_ms) == (first, town.now_ms)
    assert (was.stored.visit.left_at, was.stored.visit.end_source) == (None, "dwell_default")
    assert town.visits()[0][3:5] == (40, "exit_scan")


def test_a_visit_taken_away_is_kept_as_what_was_known(town: Town) -> None:
    town.scan(0, 0, "in")
    town.scan(1, 90, "in")
    town.drain()
    alone = town.stored()
    link(town, 0, 1)
    town.drain()
    with town.engine.connect() as connection:
        was = storage.of(connection).superseded_of(connection, range(1, 100), *EVER)
    assert {each.stored for each in was} == set(alone)
    assert {each.person_id for each in town.stored()} == {town.person(0)}


def test_whoever_works_at_a_venue_is_expected_to_stay_to_the_end(town: Town) -> None:
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        for weekday in range(7):
            hours = {"venue_id": town.places[0].venue_id, "weekday": weekday}
            connection.execute(insert(OpeningHours).values(**hours, opens_min=360, closes_min=1080))
        connection.execute(
            insert(VenueStaff).values(
                venue_id=town.places[0].venue_id,
                person_id=town.person(0),
                since=0,
                reason="bán rau",
                made_at=0,
                made_by="t",
            )
        )
    town.scan(0, 0, "in")
    town.scan(0, 24 * 60, "in", place=1)
    town.scan(1, 0, "in")
    town.drain()
    at_market, elsewhere, other = (each.visit for each in town.stored())
    assert (at_market.staff, elsewhere.staff, other.staff) == (True, False, False)
    assert at_market.end_latest == NOON_MS // 1000 + 6 * 3600


def test_a_note_about_somebody_holds_for_whom_links_made_of_them(town: Town) -> None:
    town.scan(0, 0, "in")
    town.scan(1, 60, "in")
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        note = {"venue_id": town.places[0].venue_id, "person_id": town.person(1), "since": 0}
        note |= {"reason": "bán rau", "made_at": 0, "made_by": "t"}
        connection.execute(insert(VenueStaff).values(**note))
    town.drain()
    assert [each.visit.staff for each in town.stored()] == [False, True]
    link(town, 0, 1)
    town.drain()
    assert [(each.person_id, each.visit.staff) for each in town.stored()] == [
        (town.person(0), True),
        (town.person(0), True),
    ]


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 3000),
        st.sampled_from(["in", "out", "both"]),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=14,
)


@pytest.mark.slow
@given(EVENTS, st.randoms(use_true_random=False))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_of_arrival_gives_the_same_visits(
    sqlite_url: str, events: list[tuple[int, int, str, int]], rng: random.Random
) -> None:
    """The scans in order at once, or in any order with derivations in between."""
    engine = database.connect(sqlite_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        for day in storage.of(connection).days(connection):
            storage.drop_day(connection, day)
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in ("audit_log", "venue_types", "exposure_rules"):
                connection.execute(table.delete())
    town = Town(engine)
    numbered = list(enumerate(events, start=1))
    rng.shuffle(numbered)
    for counter, event in numbered:
        town.put(counter, *event)
        if rng.random() < 0.4:
            town.drain()
    town.drain()
    arrived = town.visits()
    with engine.execution_options(**database.WRITES).begin() as connection:
        for day in storage.of(connection).days(connection):
            storage.drop_day(connection, day)
    derivation.rebuild(engine, now_ms=town.now_ms)
    assert town.visits() == arrived
    engine.dispose()
