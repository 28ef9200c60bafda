"""Answers by what was known at an earlier time, beside an oracle that kept every version."""

import random
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from fleet_server import database
from fleet_server.tracing import evidence, questions, storage
from fleet_server.tracing.reach import Question
from fleet_server.tracing.storage.rows import StoredVisit
from tests.fleet_server.tracing.oracle import Stay, by_pairs
from tests.fleet_server.tracing.stays import rule, stay
from tests.fleet_server.tracing.test_derivation import Town, link
from tests.fleet_server.tracing.test_questions import (
    HOUR,
    MIDNIGHT,
    VENUES,
    ask,
    asked,
    at_random,
    fill,
    found,
    visit,
)
from tests.support.world import NOON_MS

SECOND = 1000


@pytest.fixture
def town(engine: Engine) -> Town:
    return Town(engine)


def put(engine: Engine, before: list[Stay], after: list[Stay], at_ms: int) -> None:
    """The stays `before` become `after`, all at once."""
    was, now = ({(s.visitor, s.venue, s.start): s for s in world} for world in (before, after))
    with engine.execution_options(**database.WRITES).begin() as connection:
        store = storage.of(connection)
        persons = sorted({int(s.visitor[1:]) for s in before + after})
        stored = {
            (f"P{each.person_id}", each.visit.venue_id, each.visit.entered_at): each
            for each in store.of_persons(connection, persons, -(2**40), 2**40)
        }
        venue_ids = {ref: n for n, ref in enumerate(VENUES, start=1)}
        gone = [key for key, s in was.items() if now.get(key) != s]
        new = [key for key, s in now.items() if was.get(key) != s]
        storage.remove(
            connection,
            [stored[who, venue_ids[venue], start] for who, venue, start in gone],
            at_ms=at_ms,
        )
        storage.add(
            connection,
            [
                StoredVisit(
                    int(who[1:]),
                    visit(now[who, venue, start], venue_ids[venue], None, 1),
                    at_ms,
                )
                for who, venue, start in new
            ],
        )


def altered(world: list[Stay], rng: random.Random) -> list[Stay]:
    """Some stays get an exit, some lose one, some go, some come."""
    out = {}
    for s in world:
        chance = rng.random()
        if chance < 0.1:
            continue
        if chance < 0.4:
            end = None if s.end is not None else s.start + rng.choice([600, HOUR, 7 * HOUR])
            latest = s.start + rng.choice([HOUR, 9 * HOUR])
            changed = stay(s.visitor, s.start, end, venue=s.venue, latest=latest, dwell_s=s.dwell_s)
            out[s.visitor, s.venue, s.start] = changed
        else:
            out[s.visitor, s.venue, s.start] = s
    for s in at_random(rng, people=12, stays=15):
        out.setdefault((s.visitor, s.venue, s.start), s._replace(room=None))
    return list(out.values())


@pytest.mark.parametrize("seed", range(3))
def test_what_was_known_then_is_answered_as_it_was_then(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    versions = [[s._replace(room=None) for s in at_random(rng, people=12, stays=120)]]
    fill(engine, versions[0], since_ms=SECOND)
    for number in range(2, 5):
        versions.append(altered(versions[-1], rng))
        put(engine, versions[-2], versions[-1], number * SECOND)
    named = 0
    for _ in range(8):
        since = MIDNIGHT + rng.randint(-30, 50) * HOUR // 2
        question = Question(since, since + 30 * HOUR, rule(900, 600))
        person = rng.randint(1, 12)
        for number, world in enumerate(versions, start=1):
            mine = [s for s in world if s.visitor == f"P{person}"]
            for known_ms in (number * SECOND, number * SECOND + 999):
                answer = found(ask(engine, person, question, known_ms=known_ms))
                assert answer == by_pairs(mine, world, question)
                named += len(answer)
        assert found(ask(engine, person, question)) == answer
        assert found(ask(engine, person, question, known_ms=SECOND - 1)) == []
    assert named > 50


def test_changes_are_those_between_two_answers(engine: Engine) -> None:
    before = [
        stay("P1", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
        stay("P2", MIDNIGHT, None, venue="cho-mau", latest=MIDNIGHT + HOUR),
        stay("P3", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
        stay("P4", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
    ]
    after = [
        before[0],
        stay("P2", MIDNIGHT, MIDNIGHT + 1200, venue="cho-mau"),
        before[2],
        stay("P5", MIDNIGHT, MIDNIGHT + 60, venue="cho-mau"),
    ]
    fill(engine, [*before, stay("P5", MIDNIGHT, None, venue="truong-mau")], since_ms=SECOND)
    put(engine, before, after, 5 * SECOND)
    question = Question(MIDNIGHT, MIDNIGHT + HOUR, rule())
    with engine.connect() as connection:
        answer = questions.changes(connection, 1, asked(engine, question), since_ms=4 * SECOND)
    assert [contact.visitor for contact in answer.added] == ["P5"]
    assert [contact.visitor for contact in answer.removed] == ["P4"]
    ((was, now),) = [(each.was, each.now) for each in answer.changed]
    assert (was.visitor, was.tier, was.certain_s) == ("P2", "B", 0)
    assert (now.visitor, now.tier, now.certain_s) == ("P2", "A", 1200)


def test_two_cards_made_one_person_change_no_contact_that_was_known(town: Town) -> None:
    # The person has two cards, 0 and 1; both met 2 and one met the other.
    for who, minute, direction, place in (
        (0, 0, "in", 0),
        (1, 5, "in", 0),
        (2, 10, "in", 0),
        (0, 60, "out", 0),
        (1, 61, "out", 0),
        (2, 62, "out", 0),
        (1, 200, "in", 1),
        (3, 201, "in", 1),
        (3, 240, "out", 1),
        (1, 241, "out", 1),
    ):
        town.scan(who, minute, direction, place)
    town.drain()
    then_ms = town.now_ms
    person = link(town, 0, 1)
    town.drain()
    question = Question(NOON_MS // 1000, NOON_MS // 1000 + 24 * HOUR, rule())
    now = asked(town.engine, question)
    with town.engine.connect() as connection:
        changed = questions.changes(connection, person, now, since_ms=then_ms)
        (_, before) = questions.contacts(connection, person, replace(now, known_ms=then_ms))
        stays = evidence.stays(connection, person, replace(now, known_ms=then_ms))
        history = evidence.history(connection, person, now)
    assert (changed.added, changed.removed) == ([], [])
    assert before == 2
    assert len(stays.stays) == 3
    assert [version.until is None for version in history.versions].count(False) > 0
