"""The further questions, each beside a plain count over all stays: F2, presence, common places,
occupancy.
"""

import random
from collections import defaultdict
from math import comb

import pytest
from sqlalchemy import Engine

from fleet_server import database
from fleet_server.models import Person
from fleet_server.tracing import common, occupancy, questions, secondary
from fleet_server.tracing.reach import Question
from tests.fleet_server.tracing.oracle import Stay, bounds, by_pairs
from tests.fleet_server.tracing.stays import rule, stay
from tests.fleet_server.tracing.test_questions import (
    HOUR,
    MIDNIGHT,
    VENUES,
    asked,
    at_random,
    fill,
)

DAY = 24 * HOUR
WINDOW = Question(MIDNIGHT - 20 * HOUR, MIDNIGHT + 30 * HOUR, rule(900))


def f2(
    world: list[Stay], index: str, question: Question, *, top: int, latency_s: int
) -> list[tuple[object, ...]]:
    """All links of the first `top` F1, the closest of each F2."""
    mine = [s for s in world if s.visitor == index]
    first = by_pairs(mine, world, question)
    known = {index, *(f.visitor for f in first)}
    links = defaultdict(list)
    for place, f1 in enumerate(first[:top]):
        theirs = [s for s in world if s.visitor == f1.visitor]
        later = question._replace(since=f1.first + latency_s)
        for met in by_pairs(theirs, world, later):
            if met.visitor not in known:
                tier = max(f1.tier, met.tier)
                key = (tier, -met.expected_s, -met.certain_s, -met.possible_s, place)
                links[met.visitor].append((key, f1.visitor, met))
    found = []
    for visitor, ways in links.items():
        key, through, met = min(ways, key=lambda way: way[0])
        found.append((key[:4], visitor, through, len(ways), met.first, met.places))
    return sorted(found)


@pytest.mark.parametrize("seed", range(4))
def test_f2_are_whom_the_f1_met_after_they_were_exposed(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    world = at_random(rng, people=30, stays=70)
    fill(engine, world)
    named = 0
    for _ in range(6):
        person, top = rng.randint(1, 30), rng.choice([1, 3, 50])
        latency_s = rng.choice([0, 2 * HOUR])
        with engine.connect() as connection:
            answer = secondary.ring(
                connection, person, asked(engine, WINDOW), latency_s=latency_s, top=top
            ).answer
        expected = f2(world, f"P{person}", WINDOW, top=top, latency_s=latency_s)
        assert [
            (
                (c.tier, -c.expected_s, -c.certain_s, -c.possible_s),
                c.visitor,
                c.through,
                c.links,
                tuple(c.places),
            )
            for c in answer.contacts
        ] == [(key, who, through, ways, places) for key, who, through, ways, _, places in expected]
        assert answer.total == len(expected)
        named += len(expected)
    assert named > 5


def test_f2_are_capped_and_say_how_many_there_are(engine: Engine) -> None:
    world = [
        stay("P1", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
        stay("P2", MIDNIGHT, MIDNIGHT + 2 * HOUR, venue="cho-mau"),
        *(
            stay(f"P{n}", MIDNIGHT + HOUR, MIDNIGHT + HOUR + 60 * n, venue="cho-mau")
            for n in range(3, 9)
        ),
    ]
    fill(engine, world)
    with engine.connect() as connection:
        answer = secondary.ring(connection, 1, asked(engine, WINDOW), limit=2).answer
    assert (answer.first_total, answer.first_used, answer.total) == (1, 1, 6)
    assert [contact.visitor for contact in answer.contacts] == ["P8", "P7"]


def test_a_stay_of_an_f1_that_began_before_the_exposure_counts_from_then(engine: Engine) -> None:
    world = [
        stay("P1", MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR, venue="cho-mau"),
        stay("P2", MIDNIGHT, MIDNIGHT + 5 * HOUR, venue="cho-mau"),
        stay("P3", MIDNIGHT, MIDNIGHT + HOUR + 600, venue="cho-mau"),
        stay("P4", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
        stay("P5", MIDNIGHT + 3 * HOUR, MIDNIGHT + 4 * HOUR, venue="cho-mau"),
    ]
    fill(engine, world)
    with engine.connect() as connection:
        answer = secondary.ring(connection, 1, asked(engine, WINDOW)).answer
    assert [(c.visitor, c.tier, c.through) for c in answer.contacts] == [("P5", "A", "P2")]


@pytest.mark.parametrize("seed", range(3))
def test_whoever_was_present_is_found_with_how_long(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    world = at_random(rng, people=30, stays=150)
    fill(engine, world)
    for _ in range(6):
        since = MIDNIGHT + rng.randint(-30, 50) * HOUR // 2
        question = Question(since, since + rng.choice([1, HOUR, DAY]), rule(600))
        nobody = stay("nobody", question.since, question.until, venue="cho-mau")
        with engine.connect() as connection:
            answer, count = questions.present(connection, 1, asked(engine, question), limit=5)
        expected = by_pairs(
            [nobody._replace(end_latest=question.until, end_earliest=question.until)],
            world,
            question,
        )
        if question.until - question.since <= 16 * HOUR:
            assert [(c.visitor, c.tier, c.certain_s) for c in answer.present] == [
                (f.visitor, f.tier, f.certain_s) for f in expected[:5]
            ]
            assert count == len(expected)


@pytest.mark.parametrize("seed", range(3))
def test_occupancy_counts_each_person_inside_at_each_moment_once(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    world = at_random(rng, people=30, stays=200)
    fill(engine, world)
    question = Question(MIDNIGHT - HOUR, MIDNIGHT + 25 * HOUR, rule())
    with engine.connect() as connection:
        answer = occupancy.occupancy(connection, 1, asked(engine, question), step_s=1800)
    there = [s for s in world if s.venue == "cho-mau"]
    moments = range(question.since, question.until, 1800)
    assert len(answer.occupancy) == len(moments)
    for at, seen in zip(moments, answer.occupancy, strict=True):
        for which in ("certain", "expected", "possible"):
            inside = {
                s.visitor
                for s in there
                for start, end in [bounds(s, None, which)]
                if start <= at < end
            }
            assert getattr(seen, which) == len(inside)
    assert answer.measured is not None
    assert 0.6 < answer.measured < 0.95


def test_a_place_nobody_was_at_is_empty_and_measured_by_nobody(engine: Engine) -> None:
    fill(engine, [stay("P1", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau")])
    question = Question(MIDNIGHT, MIDNIGHT + HOUR, rule())
    with engine.connect() as connection:
        answer = occupancy.occupancy(connection, 2, asked(engine, question), step_s=1800)
    assert (answer.stays, answer.measured) == (0, None)
    assert [seen.possible for seen in answer.occupancy] == [0, 0]


def test_common_places_are_ranked_by_how_little_chance_explains_them(engine: Engine) -> None:
    crowd = [
        stay(f"P{n}", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau") for n in (1, 2, *range(10, 60))
    ]
    few = [stay(f"P{n}", MIDNIGHT + 2 * HOUR, None, venue="truong-mau") for n in (1, 2, 60)]
    fill(engine, crowd + few)
    with engine.connect() as connection:
        answer = common.common(connection, [1, 2, 60], asked(engine, WINDOW))
    population = len({s.visitor for s in crowd + few})
    assert (answer.population, answer.estimated) == (population, False)
    school, market = answer.places
    assert (school.venue, school.visitors, school.seen) == ("truong-mau", ["P1", "P2", "P60"], 3)
    assert (market.venue, market.visitors, market.seen) == ("cho-mau", ["P1", "P2"], 52)
    p = 3 / population
    assert school.probability == pytest.approx(p**3)
    assert school.expected == pytest.approx(3 * p, abs=1e-6)
    p = 52 / population
    assert market.probability == pytest.approx(comb(3, 2) * p**2 * (1 - p) + p**3)


def test_a_place_only_one_of_them_was_at_is_no_common_place(engine: Engine) -> None:
    fill(
        engine,
        [stay(f"P{n}", MIDNIGHT, None, venue=VENUES[n - 1]) for n in (1, 2)],
    )
    with engine.connect() as connection:
        assert common.common(connection, [1, 2], asked(engine, WINDOW)).places == []


def test_a_large_population_is_estimated(engine: Engine) -> None:
    fill(engine, [stay(f"P{n}", MIDNIGHT, None, venue="cho-mau") for n in range(1, 3001)])
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            Person.__table__.insert(), [{"id": n, "created_at": 0} for n in range(4000, 7000)]
        )
    with engine.connect() as connection:
        answer = common.common(connection, [1, 2], asked(engine, WINDOW))
    assert answer.estimated
    assert answer.population == pytest.approx(3000, rel=0.15)
