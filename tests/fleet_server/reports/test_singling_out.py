"""How many visitors are singled out: the same as by looking at every person, on each engine."""

import random
from collections import defaultdict
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, update

from fleet_server import database
from fleet_server.models import Area, Venue
from fleet_server.reports import singling_out
from fleet_server.reports.singling_out import (
    COMMUNE,
    KNOWN,
    LEAST,
    SMALL,
    TIMES,
    VENUE,
    Figure,
    Held,
    SinglingOut,
    Visits,
    crowds,
    draw,
    wilson,
)
from fleet_server.times import iso
from fleet_server.tracing.columns import Integers
from fleet_server.tracing.storage.rows import DAY_S
from tests.fleet_server.tracing.oracle import Stay
from tests.fleet_server.tracing.stays import stay
from tests.fleet_server.tracing.test_questions import MIDNIGHT, VENUES, fill

HOUR = 3600
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = MIDNIGHT + 40 * DAY_S
VENUE_COUNT = 3
HORIZON = 16
CUTS = (0, 4, 12)


def columns(rows: list[tuple[int, int, int]]) -> Visits:
    """Persons and venues numbered without gaps, as the library wants them."""
    person, venue, at = np.array(rows, np.int64).reshape(-1, 3).T
    return Visits(np.unique(person, return_inverse=True)[1], venue, at)


def by_pairs(
    visits: Visits, known: Integers, places: Integers, seconds: int, cut: int, k: int
) -> list[int]:
    """Every sampled person's crowd, found by looking at every other person."""
    have: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for person, venue, at in zip(*(column.tolist() for column in visits), strict=True):
        if at >= cut:
            have[person].add((int(places[venue]), at // seconds))
    out = []
    for rows in known[:, :k].tolist():
        points = {
            (int(places[visits.venue[row]]), int(visits.at[row]) // seconds)
            for row in rows
            if row >= 0 and visits.at[row] >= cut
        }
        crowd = sum(points <= theirs for theirs in have.values())
        out.append(min(crowd, SMALL) if points else SMALL)
    return out


visits_ = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, VENUE_COUNT - 1), st.integers(0, HORIZON - 1)),
    min_size=1,
    max_size=60,
    unique=True,
).map(columns)
seeds = st.integers(0, 2**63 - 1)
one_each = np.arange(VENUE_COUNT, dtype=np.int64)
together = np.array([0, 0, 1], np.int64)


@given(visits_, seeds, st.integers(1, 12), st.sampled_from([1, 2, 4]), st.booleans())
def test_crowds_are_those_found_by_looking_at_everybody(
    visits: Visits, seed: int, sample: int, seconds: int, communes: bool
) -> None:
    places = together if communes else one_each
    known = draw(visits, sample, seed)
    found = crowds(visits, known, places, seconds, CUTS)
    for c, cut in enumerate(CUTS):
        for k in range(KNOWN):
            expected = by_pairs(visits, known, places, seconds, cut, k + 1)
            assert found[:, c, k].tolist() == expected


@given(visits_, seeds)
def test_coarser_shorter_and_fewer_never_single_out_more(visits: Visits, seed: int) -> None:
    known = draw(visits, 12, seed)
    for places in (one_each, together):
        sizes = [crowds(visits, known, places, seconds, CUTS) for seconds in (1, 2, 4)]
        for finer, coarser in pairwise(sizes):
            assert (finer <= coarser).all()
        for each in sizes:
            assert (each[:, :-1] <= each[:, 1:]).all()  # keeping less
            assert (each[:, :, 1:] <= each[:, :, :-1]).all()  # knowing more
    by_venue, by_commune = (
        crowds(visits, known, places, 1, CUTS) for places in (one_each, together)
    )
    assert (by_venue <= by_commune).all()


@given(visits_, seeds, st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_seed_draws_the_same_in_whatever_order_visits_come(
    visits: Visits, seed: int, sample: int, rng: random.Random
) -> None:
    order = list(range(len(visits.at)))
    rng.shuffle(order)
    shuffled = Visits(*(column[order] for column in visits))
    known, other = draw(visits, sample, seed), draw(shuffled, sample, seed)
    assert known.shape[0] == min(sample, int(visits.person.max()) + 1)
    for rows, others in zip(known.tolist(), other.tolist(), strict=True):
        assert [_visit(visits, row) for row in rows] == [_visit(shuffled, row) for row in others]
        drawn = [row for row in rows if row >= 0]
        assert len(set(drawn)) == len(drawn)
        (person,) = {int(visits.person[row]) for row in drawn}
        assert len(drawn) == min(KNOWN, int((visits.person == person).sum()))


def _visit(visits: Visits, row: int) -> tuple[int, ...] | None:
    return None if row < 0 else tuple(int(column[row]) for column in visits)


def test_large_crowds_are_searched_to_their_end() -> None:
    """The only one who shares both comes last of thousands."""
    many = 5000
    rows = [(person, 0, 0) for person in range(many)]
    rows += [(person, 1, 0) for person in [many - 1, *range(many, 2 * many)]]
    visits = columns(rows)
    known = np.array([[many - 1, many, -1]], np.int64)
    assert crowds(visits, known, one_each, 1, [0]).tolist() == [[[SMALL, 1, 1]]]


def test_wilson_is_the_published_interval() -> None:
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1), abs=1e-4)


def ask(
    engine: Engine, *, days: int = 30, sample: int = 1000, seed: int = 1, now: int = NOW
) -> SinglingOut:
    with engine.connect() as connection:
        return singling_out.measure(
            connection, days=days, sample=sample, seed=seed, zone=ZONE, now=now
        )


def held(engine: Engine, *, days: int = 30) -> Held:
    with engine.connect() as connection:
        found = singling_out.held(
            connection, days=days, zone=ZONE, now=NOW, step=lambda _stage, _done, _of: None
        )
    assert found is not None
    return found


def at_random(people: int) -> list[Stay]:
    """Some visits of each over forty days; some of unsure start, some without exit."""
    rng = random.Random(7)
    out = {}
    for person in range(1, people + 1):
        for _ in range(rng.randint(1, 9)):
            start = MIDNIGHT + rng.randrange(40) * DAY_S + 8 * HOUR + rng.randrange(7) * 450
            venue = rng.choice(VENUES)
            left = rng.choice([None, start + HOUR])
            unsure = (start - 60, start + 60) if rng.random() < 0.2 else None
            out[person, venue, start] = stay(
                f"P{person}", start, left, venue=venue, latest=start + 2 * HOUR, starts=unsure
            )
    # The newest is of the last day, so that the window is the last thirty.
    last = MIDNIGHT + 39 * DAY_S + 10 * HOUR
    out[1, VENUES[0], last] = stay("P1", last, last + 60, venue=VENUES[0])
    return list(out.values())


def figure(answer: SinglingOut, known: int, time: str, place: str, retention: int) -> Figure:
    wanted = (known, time, place, retention)
    (found,) = (
        row
        for row in answer.rows
        if wanted
        == (row.known_visits, row.time_resolution, row.place_resolution, row.retention_days)
    )
    return found


def test_the_answer_counts_all_visits_of_the_window(engine: Engine) -> None:
    listed = at_random(60)
    fill(engine, listed)
    first = MIDNIGHT + 10 * DAY_S
    inside = sorted((s.visitor, s.start - first) for s in listed if s.start >= first)
    found, answer = held(engine), ask(engine)
    assert sorted(found.visits.at.tolist()) == sorted(at for _, at in inside)
    assert answer.visitors == len({visitor for visitor, _ in inside})
    assert answer.visits == len(inside)
    assert answer.venues == 2
    assert answer.as_of == iso(max(s.start for s in listed))
    assert answer.sample == answer.visitors
    assert not answer.too_few
    for kept in answer.kept:
        cut = (30 - kept.retention_days) * DAY_S
        assert kept.visits == sum(at >= cut for _, at in inside)
        assert kept.visitors == len({visitor for visitor, at in inside if at >= cut})
    assert [kept.retention_days for kept in answer.kept] == [30, 14, 7]


def test_the_figures_are_those_found_by_looking_at_everybody(engine: Engine) -> None:
    fill(engine, at_random(60))
    visits = held(engine).visits
    answer = ask(engine, sample=50, seed=3)
    known = draw(visits, 50, 3)
    places = np.arange(2, dtype=np.int64)
    assert len(answer.rows) == len(TIMES) * 3 * KNOWN
    for row in answer.rows:
        cut = (30 - row.retention_days) * DAY_S
        seconds = TIMES[row.time_resolution]
        sizes = by_pairs(visits, known, places, seconds, cut, row.known_visits)
        assert row.place_resolution == VENUE
        assert row.unique_share == pytest.approx(sizes.count(1) / 50)
        assert row.in_small_group_share == pytest.approx(sum(n < SMALL for n in sizes) / 50)
        assert row.unique_low <= row.unique_share <= row.unique_high
    assert answer == ask(engine, sample=50, seed=3)
    assert figure(answer, 3, "15min", VENUE, 30).unique_share > 0


def test_communes_are_measured_where_they_are_known(engine: Engine) -> None:
    fill(engine, at_random(60))
    by_venue = ask(engine)
    assert by_venue.venues_in_communes == 0
    with engine.execution_options(**database.WRITES).begin() as connection:
        for version in (0, 1):
            connection.execute(
                insert(Area).values(code="00001", level="commune", name="Xã", valid_from=version)
            )
        areas = connection.scalars(select(Area.id).order_by(Area.valid_from)).all()
        one, other = connection.scalars(select(Venue.id).order_by(Venue.id))
        connection.execute(update(Venue).where(Venue.id == one).values(area_id=areas[0]))
    alone = ask(engine)
    assert alone.venues_in_communes == 1
    for row in by_venue.rows:
        same = figure(alone, row.known_visits, row.time_resolution, COMMUNE, row.retention_days)
        assert same.unique_share == row.unique_share
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Venue).where(Venue.id == other).values(area_id=areas[1]))
    both = ask(engine)
    assert both.venues_in_communes == 2
    assert (
        figure(both, 3, "15min", COMMUNE, 30).unique_share
        < figure(both, 3, "15min", VENUE, 30).unique_share
    )


def test_of_those_with_fewer_visits_all_are_known(engine: Engine) -> None:
    once = [
        stay(f"P{n}", MIDNIGHT + n * HOUR // 2, MIDNIGHT + (n + 1) * HOUR, venue=VENUES[0])
        for n in range(1, LEAST + 1)
    ]
    fill(engine, once)
    answer = ask(engine)
    for known, fewer in ((1, 0), (2, LEAST), (3, LEAST)):
        row = figure(answer, known, "15min", VENUE, 30)
        assert row.with_fewer_visits == fewer
        assert row.unique_share == 1
        assert figure(answer, known, "1h", VENUE, 30).unique_share <= 2 / LEAST
        assert figure(answer, known, "1h", VENUE, 30).in_small_group_share == 1


def test_nobody_is_singled_out_by_a_visit_no_longer_kept(engine: Engine) -> None:
    old = [
        stay(f"P{n}", MIDNIGHT + n * HOUR // 4, MIDNIGHT + (n + 1) * HOUR, venue=VENUES[0])
        for n in range(1, LEAST + 1)
    ]
    newest = MIDNIGHT + 20 * DAY_S
    fill(engine, [*old, stay("P99", newest, newest + 60, venue=VENUES[0])])
    answer = ask(engine)
    assert figure(answer, 1, "15min", VENUE, 30).unique_share == 1
    assert figure(answer, 3, "15min", VENUE, 14).unique_share == round(1 / (LEAST + 1), 4)
    assert [(kept.visitors, kept.visits) for kept in answer.kept] == [(51, 51), (1, 1), (1, 1)]


def test_a_visit_of_a_clock_that_is_ahead_ends_no_window(engine: Engine) -> None:
    ahead = NOW + 400 * DAY_S
    fill(engine, [*at_random(60), stay("P9", ahead, ahead + 60, venue=VENUES[0])])
    answer = ask(engine)
    assert answer.as_of == iso(MIDNIGHT + 39 * DAY_S + 10 * HOUR)
    assert answer.visitors > LEAST


def test_of_few_visitors_no_share_is_told(engine: Engine) -> None:
    fill(engine, [s for s in at_random(60) if int(s.visitor[1:]) < LEAST])
    answer = ask(engine)
    assert answer.too_few
    assert (answer.sample, answer.rows) == (0, [])
    assert 0 < answer.visitors < LEAST


def test_a_database_without_visits_has_an_answer(engine: Engine) -> None:
    answer = ask(engine)
    assert (answer.as_of, answer.visitors, answer.visits, answer.rows) == (None, 0, 0, [])
    assert answer.too_few
    assert [kept.visits for kept in answer.kept] == [0, 0, 0]


def test_a_short_window_is_the_longest_retention(engine: Engine) -> None:
    fill(engine, at_random(60))
    answer = ask(engine, days=10)
    assert [kept.retention_days for kept in answer.kept] == [10, 7]
    assert answer.days_with_visits <= 10
