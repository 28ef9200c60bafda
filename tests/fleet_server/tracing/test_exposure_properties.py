"""What must hold of every answer, on stays nobody thought of; beside it the oracles' answers."""

import csv
import gzip
import random
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fleet_server.tracing.reach import Question
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.spans import union
from tests.fleet_server.tracing.oracle import Found, Stay, by_moments, by_pairs
from tests.fleet_server.tracing.stays import (
    INDEX,
    exposed,
    from_rows,
    questions,
    rule,
    stay,
    worlds,
)

VISITS = Path(__file__).resolve().parents[4] / "shared" / "data" / "visits"
SETS = ("SFHH", "hospital_LH10", "primaryschool", "workplace_InVS13", "workplace_InVS15")
LONG = 1200
"""Seconds in the coarse unit in which stays reach the cap (48 units)."""


def answer(world: list[Stay], question: Question) -> list[Found]:
    mine = [s for s in world if s.visitor == INDEX]
    return exposed(mine, world, question)


def own(world: list[Stay]) -> list[Stay]:
    return [s for s in world if s.visitor == INDEX]


@given(worlds(), questions())
@settings(max_examples=300)
def test_it_is_what_counting_every_second_gives(world: list[Stay], question: Question) -> None:
    assert answer(world, question) == by_moments(own(world), world, question)


@given(worlds(unit=LONG, horizon=70), questions(unit=LONG, horizon=70))
@settings(max_examples=300)
def test_it_is_what_counting_gives_where_stays_reach_the_cap(
    world: list[Stay], question: Question
) -> None:
    assert answer(world, question) == by_moments(own(world), world, question, LONG)


@given(worlds(), questions())
def test_the_two_oracles_agree(world: list[Stay], question: Question) -> None:
    assert by_pairs(own(world), world, question) == by_moments(own(world), world, question)


@given(worlds(), questions(), st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(
    world: list[Stay], question: Question, rng: random.Random
) -> None:
    shuffled = world + rng.sample(world, rng.randint(0, len(world)))
    rng.shuffle(shuffled)
    assert answer(shuffled, question) == answer(world, question)


@given(worlds(), questions(), st.integers(-(10**6), 10**6))
def test_moving_everything_in_time_moves_only_the_first_moment(
    world: list[Stay], question: Question, by: int
) -> None:
    moved = [
        s._replace(
            start_earliest=s.start_earliest + by,
            start=s.start + by,
            start_latest=s.start_latest + by,
            end_earliest=s.end_earliest + by,
            end=None if s.end is None else s.end + by,
            end_latest=s.end_latest + by,
        )
        for s in world
    ]
    later = question._replace(since=question.since + by, until=question.until + by)
    expected = [f._replace(first=f.first + by) for f in answer(world, question)]
    assert answer(moved, later) == expected


@given(worlds(), questions())
def test_other_names_change_only_the_names(world: list[Stay], question: Question) -> None:
    names = {INDEX: INDEX, "P2": "x2", "P3": "x3", "P10": "x10"}
    renamed = [s._replace(visitor=names[s.visitor]) for s in world]
    expected = {f._replace(visitor=names[f.visitor]) for f in answer(world, question)}
    assert set(answer(renamed, question)) == expected


@given(worlds(), questions(), st.integers(1, 20))
def test_a_lower_threshold_only_raises_tiers(
    world: list[Stay], question: Question, lower: int
) -> None:
    assume(lower <= question.rule.min_overlap_s)
    eased = question._replace(rule=rule(lower, question.rule.linger_s, question.rule.dwell_s))
    after = {f.visitor: f for f in answer(world, eased)}
    for before in answer(world, question):
        assert after[before.visitor].tier <= before.tier
        assert after[before.visitor][2:] == before[2:]


@given(worlds(), questions(), st.integers(0, 10), st.integers(0, 10))
def test_a_wider_window_never_takes_anything_away(
    world: list[Stay], question: Question, earlier: int, later: int
) -> None:
    wider = question._replace(since=question.since - earlier, until=question.until + later)
    _nothing_less(answer(world, question), answer(world, wider))


@given(worlds(), questions(), st.integers(0, 20))
def test_longer_lingering_never_takes_anything_away(
    world: list[Stay], question: Question, more: int
) -> None:
    asked = question.rule
    longer = question._replace(rule=rule(asked.min_overlap_s, asked.linger_s + more, asked.dwell_s))
    _nothing_less(answer(world, question), answer(world, longer))


@given(worlds(), questions(), st.integers(0, 20), st.integers(0, 20))
def test_a_longer_dwell_never_takes_anything_away(
    world: list[Stay], question: Question, dwell: int, more: int
) -> None:
    asked = question.rule
    short, long = (
        question._replace(rule=rule(asked.min_overlap_s, asked.linger_s, length))
        for length in (dwell, dwell + more)
    )
    _nothing_less(answer(world, short), answer(world, long))


def _nothing_less(before: list[Found], after: list[Found]) -> None:
    now = {f.visitor: f for f in after}
    for was in before:
        contact = now[was.visitor]
        assert contact.tier <= was.tier
        assert contact.first <= was.first
        assert set(was.places) <= set(contact.places)
        for seconds in ("certain_s", "expected_s", "possible_s"):
            assert getattr(contact, seconds) >= getattr(was, seconds)


@given(worlds(known=True, certain=True))
def test_with_known_ends_and_no_lingering_exposure_is_mutual(world: list[Stay]) -> None:
    question = Question(-1, 10**6, rule(5))
    for contact in answer(world, question):
        theirs = [s for s in world if s.visitor == contact.visitor]
        back = {f.visitor: f for f in exposed(theirs, world, question)}
        assert back[INDEX][1:] == contact[1:]


@given(worlds(known=True, certain=True), st.data())
def test_a_known_stay_split_in_two_that_touch_is_the_same_stay(
    world: list[Stay], data: st.DataObject
) -> None:
    question = Question(-1, 10**6, rule(5))
    position = data.draw(st.integers(0, len(world) - 1))
    whole = world[position]
    assert whole.end is not None
    cut = data.draw(st.integers(whole.start, whole.end))
    halves = [
        stay(whole.visitor, start, end, venue=whole.venue, room=whole.room)
        for start, end in ((whole.start, cut), (cut, whole.end))
    ]
    split = [*world[:position], *halves, *world[position + 1 :]]
    assert answer(split, question) == answer(world, question)


@given(worlds(), questions())
def test_nobody_is_exposed_longer_than_the_index_person_was_there(
    world: list[Stay], question: Question
) -> None:
    at_one_place = [s for s in world if s.visitor != INDEX or s.venue == "cho"]
    linger = question.rule.linger_s
    mine = union(
        (max(s.start_earliest, question.since), min(s.end_latest, question.until) + linger)
        for s in own(at_one_place)
        if max(s.start_earliest, question.since) < min(s.end_latest, question.until)
    )
    longest = sum(end - start for start, end in mine)
    for contact in answer(at_one_place, question):
        assert contact.certain_s <= contact.possible_s <= longest
        assert contact.expected_s <= contact.possible_s


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_stay_at_the_cap_ends_there(offset: int) -> None:
    world = [stay(INDEX, 0, CAP_S + offset), stay("P2", CAP_S - 10, CAP_S + 10)]
    question = Question(0, 10**6, rule(1))
    assert answer(world, question) == by_moments(own(world), world, question)
    assert answer(world, question)[0].certain_s == 10 + min(offset, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_on_measured_stays_it_is_what_all_pairs_give(name: str) -> None:
    path = VISITS / f"{name}_visits.csv.gz"
    if not path.exists():
        pytest.skip("the shared measured visits are not here")
    with gzip.open(path, "rt") as file:
        rows = [
            (row["visitor"], row["venue"], int(row["entry"]), int(row["exit"]))
            for row in csv.DictReader(file)
        ]
    rng = random.Random(name)
    # A tenth of the exits unseen, a fiftieth of the scans doubled.
    rough = [
        (who, at, entry, None if rng.random() < 0.1 else exit_) for who, at, entry, exit_ in rows
    ]
    rough += [
        (who, at, entry + rng.randint(1, 119), exit_)
        for who, at, entry, exit_ in rough
        if rng.random() < 0.02 and (exit_ is None or exit_ > entry + 119)
    ]
    world = from_rows(rough)
    people = rng.sample(sorted({s.visitor for s in world}), 12)
    first, last = min(s.start for s in world), max(s.end_latest for s in world)
    named = 0
    for person in people:
        since = rng.randint(first, last)
        question = Question(
            since,
            since + rng.choice([3600, 86_400, 14 * 86_400]),
            rule(rng.choice([20, 900, 3600]), rng.choice([0, 600, 1800])),
        )
        mine = [s for s in world if s.visitor == person]
        result = exposed(mine, world, question)
        assert result == by_pairs(mine, world, question)
        named += len(result)
    assert named > 100
