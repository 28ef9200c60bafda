"""What every store of visits must do, on each engine; and the one in memory beside them."""

import random

import numpy as np
import pytest
from sqlalchemy import Engine, inspect

from fleet_server import database
from fleet_server.tracing import storage
from fleet_server.tracing.columns import Found, ending
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.storage.memory import MemoryStays
from fleet_server.tracing.storage.port import VenueSpan, VisitKey
from fleet_server.tracing.storage.rows import DAY_S, StoredVisit, day_of, from_row, to_row
from fleet_server.tracing.visits import DerivedVisit

EVER = (-(2**40), 2**40)
START = 1_767_200_400


def a_visit(
    entered: int,
    length: int | None = 3600,
    *,
    venue: int = 1,
    early: int = 0,
    room: int | None = None,
) -> DerivedVisit:
    """A stay; without a length its exit was not seen."""
    left = None if length is None else entered + length
    return DerivedVisit(
        venue_id=venue,
        room_id=room,
        entered_at=entered,
        entered_earliest=entered - early,
        entered_latest=entered,
        left_at=left,
        end_source="dwell_default" if left is None else "exit_scan",
        end_earliest=entered if left is None else left,
        end_latest=entered + CAP_S if left is None else left,
        entry_scan_id=None,
        exit_scan_id=None,
        authentic=False,
        capped=False,
    )


def stored(person: int, visit: DerivedVisit, since_ms: int = 1) -> StoredVisit:
    return StoredVisit(person, visit, since_ms)


def add(engine: Engine, *visits: StoredVisit) -> None:
    with engine.execution_options(**database.WRITES).begin() as connection:
        storage.add(connection, visits)


def people_at(engine: Engine, span: VenueSpan, known_ms: int | None = None) -> list[int]:
    with engine.connect() as connection:
        found = storage.of(connection).sure_at(connection, [span], known_ms=known_ms)
    return sorted(found.found.person.tolist())


@pytest.mark.parametrize(
    "visit",
    [
        a_visit(START),
        a_visit(START, None),
        a_visit(START, early=500),
        a_visit(-5 * DAY_S, room=3),
        DerivedVisit(
            venue_id=2,
            room_id=4,
            entered_at=START,
            entered_earliest=START - 10,
            entered_latest=START + 10,
            left_at=START + 100,
            end_source="exit_scan",
            end_earliest=START + 50,
            end_latest=START + 150,
            entry_scan_id=7,
            exit_scan_id=8,
            authentic=True,
            capped=True,
            staff=True,
        ),
    ],
)
def test_a_visit_comes_back_as_it_was_written(engine: Engine, visit: DerivedVisit) -> None:
    add(engine, stored(5, visit, 77))
    key = VisitKey(5, visit.entered_at, visit.venue_id)
    with engine.connect() as connection:
        store = storage.of(connection)
        assert store.of_persons(connection, [5], *EVER) == [stored(5, visit, 77)]
        assert store.whole(connection, [VisitKey(6, 1, 1), key]) == [stored(5, visit, 77)]
        assert store.count(connection) == 1
    assert from_row(to_row(stored(5, visit, 77))) == stored(5, visit, 77)


def test_stays_are_half_open_for_the_search_too(engine: Engine) -> None:
    add(engine, stored(5, a_visit(START, 100)))
    for since, until, there in (
        (START - 10, START, False),
        (START - 10, START + 1, True),
        (START + 99, START + 200, True),
        (START + 100, START + 200, False),
    ):
        assert bool(people_at(engine, VenueSpan(1, since, until))) is there


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_the_borders_of_a_day_are_no_borders_of_a_search(engine: Engine, offset: int) -> None:
    midnight = day_of(START) * DAY_S + DAY_S
    add(engine, stored(5, a_visit(midnight + offset, CAP_S)))
    add(engine, stored(6, a_visit(midnight + offset - CAP_S, CAP_S)))
    assert people_at(engine, VenueSpan(1, midnight + offset - 1, midnight + offset)) == [6]
    assert people_at(engine, VenueSpan(1, midnight + offset, midnight + offset + 1)) == [5]
    last = midnight + offset + CAP_S
    assert people_at(engine, VenueSpan(1, last - 1, last)) == [5]
    assert people_at(engine, VenueSpan(1, last, last + 1)) == []


def test_unsure_stays_are_left_to_their_own_search(engine: Engine) -> None:
    add(engine, stored(5, a_visit(START, early=9)), stored(6, a_visit(START)))
    assert people_at(engine, VenueSpan(1, START, START + 10)) == [6]


def test_what_was_removed_is_known_for_the_time_it_was_known(engine: Engine) -> None:
    span = VenueSpan(1, START, START + 10)
    was, now = stored(5, a_visit(START, None), 100), stored(5, a_visit(START), 200)
    add(engine, was)
    with engine.execution_options(**database.WRITES).begin() as connection:
        storage.remove(connection, [was], at_ms=200)
        storage.add(connection, [now])
    assert people_at(engine, span, known_ms=199) == []
    assert people_at(engine, span, known_ms=200) == [5]
    with engine.connect() as connection:
        store = storage.of(connection)
        for known_ms, versions in ((99, []), (100, [was]), (199, [was]), (200, [])):
            assert store.superseded_at(connection, [span], known_ms) == [versions]
        (version,) = store.superseded_of(connection, [5], *EVER)
    assert (version.stored, version.until_ms) == (was, 200)


def test_what_changed_within_a_moment_leaves_no_version(engine: Engine) -> None:
    was = stored(5, a_visit(START, None), 100)
    add(engine, was)
    with engine.execution_options(**database.WRITES).begin() as connection:
        storage.remove(connection, [was], at_ms=100)
        assert storage.of(connection).superseded_of(connection, [5], *EVER) == []


def test_a_day_is_dropped_with_its_tables_and_the_others_stay(engine: Engine) -> None:
    visits = [stored(5, a_visit(START + n * DAY_S, early=n)) for n in range(3)]
    add(engine, *visits)
    with engine.execution_options(**database.WRITES).begin() as connection:
        storage.remove(connection, visits[1:2], at_ms=9)
        storage.add(connection, visits[1:2])
        before = set(inspect(connection).get_table_names())
        storage.drop_day(connection, day_of(START) + 1)
    with engine.connect() as connection:
        store = storage.of(connection)
        gone = before - set(inspect(connection).get_table_names())
        assert gone
        assert store.days(connection) == [day_of(START), day_of(START) + 2]
        assert store.of_persons(connection, [5], *EVER) == [visits[0], visits[2]]
        assert store.superseded_of(connection, [5], *EVER) == []
    add(engine, visits[1])
    with engine.connect() as connection:
        assert storage.of(connection).count(connection) == 3


@pytest.mark.parametrize("seed", range(3))
def test_every_store_finds_the_same_as_the_one_in_memory(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    visits = {}
    for _ in range(300):
        entered = START + rng.randint(-40, 40) * 1800
        length = rng.choice([None, 1, 1800, 5 * 3600, CAP_S])
        each = stored(rng.randint(1, 40), a_visit(entered, length, venue=rng.randint(1, 3)))
        visits[each.visit.venue_id, entered, each.person_id] = each
    add(engine, *visits.values())
    rows = [
        (v.venue_id, person, v.entered_at, v.end_latest, ending(v))
        for person, v, _ in visits.values()
    ]
    venue, *columns = np.array(rows, np.int64).T
    memory = MemoryStays(venue, Found(*columns))
    spans = []
    for _ in range(12):
        start = START + rng.randint(-90_000, 90_000)
        spans.append(VenueSpan(rng.randint(1, 3), start, start + rng.choice([1, 3600, 40_000])))
    with engine.connect() as connection:
        counts, found = storage.of(connection).sure_at(connection, spans)
    expected = memory.sure_at(spans)
    assert counts.tolist() == expected.counts.tolist()
    assert sum(counts.tolist()) > 20
    borders = np.cumsum(counts)[:-1]
    for ours, theirs in zip(found[:4], expected.found[:4], strict=True):
        assert ours is not None
        assert theirs is not None
    parts = zip(
        np.split(np.stack(found[:4]), borders, axis=1),  # type: ignore[arg-type]
        np.split(np.stack(expected.found[:4]), borders, axis=1),  # type: ignore[arg-type]
        strict=True,
    )
    for ours, theirs in parts:
        assert sorted(map(tuple, ours.T.tolist())) == sorted(map(tuple, theirs.T.tolist()))
