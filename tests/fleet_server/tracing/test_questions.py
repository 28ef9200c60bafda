"""From tables to answers: the same as an oracle that looks at every row."""

import random
import re
import sqlite3
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import Connection, Engine, insert, select, text, update

from fleet_server import database
from fleet_server.models import Person, Room, Venue
from fleet_server.times import parse
from fleet_server.tracing import questions, rulebook, storage
from fleet_server.tracing.answers import ContactsAnswer
from fleet_server.tracing.questions import Asked
from fleet_server.tracing.reach import Question
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.storage import postgresql
from fleet_server.tracing.storage.port import VenueSpan
from fleet_server.tracing.storage.rows import StoredVisit
from fleet_server.tracing.visits import DerivedVisit
from tests.fleet_server.tracing.oracle import Found, Stay, by_pairs
from tests.fleet_server.tracing.stays import rule, stay
from tests.support.world import one_venue, store_one_scan

VENUES = ("cho-mau", "truong-mau")
DWELL_MIN = 30
HOUR = 3600
MIDNIGHT = 1_767_200_400
"""2026-01-01 in Vietnam."""


def fill(engine: Engine, stays: Iterable[Stay], *, since_ms: int = 0) -> None:
    """Two venues, and these stays as they would have been derived. Persons are P1, P2, …"""
    listed = list(stays)
    places = {ref: one_venue(engine, ref=ref, kiosk=f"{ref}-1") for ref in VENUES}
    # Every stay needs a scan behind it; what that says plays no part here.
    scan_id = store_one_scan(engine, places["cho-mau"])
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Venue).values(dwell_min=DWELL_MIN))
        known = set(connection.scalars(select(Person.id)))
        for person_id in sorted({int(s.visitor[1:]) for s in listed} - known):
            connection.execute(insert(Person).values(id=person_id, created_at=0))
        rooms = {
            (row.venue_id, row.ref): row.id
            for row in connection.execute(select(Room.venue_id, Room.ref, Room.id))
        }
        # Persons were given ids by hand: whoever comes next is numbered after them.
        if not database.is_sqlite(engine):
            connection.execute(
                text("SELECT setval('persons_id_seq', (SELECT max(id) FROM persons))")
            )
        storage.add(
            connection,
            [
                StoredVisit(
                    int(s.visitor[1:]),
                    visit(
                        s,
                        places[s.venue].venue_id,
                        rooms[places[s.venue].venue_id, s.room] if s.room else None,
                        scan_id,
                    ),
                    since_ms,
                )
                for s in listed
            ],
        )


def visit(s: Stay, venue_id: int, room_id: int | None, scan_id: int) -> DerivedVisit:
    """A stay as it is derived: never longer than the cap."""
    latest = min(s.end_latest, s.start + CAP_S)
    left = None if s.end is None else min(s.end, latest)
    return DerivedVisit(
        venue_id=venue_id,
        room_id=room_id,
        entered_at=s.start,
        entered_earliest=s.start_earliest,
        entered_latest=s.start_latest,
        left_at=left,
        end_source="dwell_default" if s.end is None else "exit_scan",
        end_earliest=min(s.end_earliest, latest),
        end_latest=latest,
        entry_scan_id=scan_id,
        exit_scan_id=None,
        authentic=True,
        capped=s.end is not None and s.end > s.start + CAP_S,
    )


def asked(engine: Engine, question: Question, *, known_ms: int | None = None) -> Asked:
    with engine.connect() as connection:
        terms = rulebook.in_force(connection).terms
    return Asked(question, terms, MIDNIGHT, known_ms)


def ask(
    engine: Engine, person_id: int, question: Question, *, known_ms: int | None = None
) -> ContactsAnswer:
    with engine.connect() as connection:
        answer, count = questions.contacts(
            connection, person_id, asked(engine, question, known_ms=known_ms)
        )
    assert count == len(answer.contacts)
    return answer


def found(answer: ContactsAnswer) -> list[Found]:
    return [
        Found(
            visitor=c.visitor,
            tier=c.tier,
            certain_s=c.certain_s,
            expected_s=c.expected_s,
            possible_s=c.possible_s,
            first=parse(c.first, ZoneInfo("UTC")),
            places=tuple(c.places),
        )
        for c in answer.contacts
    ]


def at_random(rng: random.Random, people: int, stays: int) -> list[Stay]:
    """Stays around two midnights: some without exit, some beyond the cap, some of unsure start."""
    out = {}
    for _ in range(stays):
        visitor, venue = f"P{rng.randint(1, people)}", rng.choice(VENUES)
        start = MIDNIGHT + rng.choice([0, 1, 24 * HOUR]) + rng.randint(-20, 20) * HOUR // 2
        length = rng.choice([1, 900, HOUR, 8 * HOUR, CAP_S, CAP_S + 1, 20 * HOUR])
        measured = rng.random() < 0.8
        unsure = rng.choice([0, 0, 0, 600, 3 * HOUR])
        out[visitor, venue, start] = stay(
            visitor,
            start,
            start + length if measured else None,
            venue=venue,
            room=rng.choice([None, "p-1"]),
            latest=min(start + length, start + CAP_S),
            dwell_s=DWELL_MIN * 60,
            starts=(start - unsure, start + unsure // 2),
        )
    return list(out.values())


@pytest.mark.parametrize("seed", range(4))
def test_the_answer_is_the_oracles(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    world = at_random(rng, people=25, stays=300)
    fill(engine, world)
    named = 0
    for _ in range(25):
        person_id = rng.randint(1, 25)
        since = MIDNIGHT + rng.randint(-30, 50) * HOUR // 2
        question = Question(
            since,
            since + rng.choice([1, HOUR, 24 * HOUR, 14 * 24 * HOUR]),
            rule(
                rng.choice([1, 900, 8 * HOUR]), rng.choice([0, 1800]), rng.choice([None, 0, HOUR])
            ),
        )
        mine = [s for s in world if s.visitor == f"P{person_id}"]
        answer = found(ask(engine, person_id, question))
        assert answer == by_pairs(mine, world, question)
        named += len(answer)
    assert named > 100


def test_whoever_entered_just_within_the_cap_is_found(engine: Engine) -> None:
    entered = MIDNIGHT + HOUR
    world = [
        stay("P1", entered + CAP_S - 1, entered + CAP_S + HOUR, venue="cho-mau"),
        stay("P2", entered, entered + 20 * HOUR, venue="cho-mau"),
        stay("P3", entered - 1, entered + 20 * HOUR, venue="cho-mau"),
    ]
    fill(engine, world)
    answer = ask(engine, 1, Question(MIDNIGHT, MIDNIGHT + 48 * HOUR, rule(1)))
    assert [(c.visitor, c.certain_s) for c in answer.contacts] == [("P2", 1)]


def test_whoever_perhaps_entered_before_the_end_is_found(engine: Engine) -> None:
    world = [
        stay("P1", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
        stay(
            "P2",
            MIDNIGHT + 5 * HOUR,
            MIDNIGHT + 6 * HOUR,
            venue="cho-mau",
            starts=(MIDNIGHT + HOUR - 60, MIDNIGHT + 5 * HOUR),
        ),
    ]
    fill(engine, world)
    (contact,) = ask(engine, 1, Question(MIDNIGHT, MIDNIGHT + 48 * HOUR, rule())).contacts
    assert (contact.tier, contact.certain_s, contact.possible_s) == ("C", 0, 60)


def test_a_shared_room_is_told(engine: Engine) -> None:
    world = [
        stay(who, MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau", room="p-1") for who in ("P1", "P2")
    ]
    fill(engine, world)
    (contact,) = ask(engine, 1, Question(MIDNIGHT, MIDNIGHT + HOUR, rule())).contacts
    (share,) = contact.rooms
    assert (share.place, share.room, share.certain_s) == ("cho-mau", "p-1", HOUR)


def test_a_venues_own_dwell_goes_before_its_types(engine: Engine) -> None:
    fill(engine, [stay(who, MIDNIGHT, None, venue="cho-mau") for who in ("P1", "P2")])
    for dwell_min, expected in ((45, 45), (None, 60)):
        with engine.execution_options(**database.WRITES).begin() as connection:
            connection.execute(update(Venue).values(dwell_min=dwell_min))
        (contact,) = ask(engine, 1, Question(MIDNIGHT, MIDNIGHT + 20 * HOUR, rule())).contacts
        assert contact.expected_s == expected * 60


def test_a_person_without_stays_has_no_contacts_and_every_kiosk_matters(engine: Engine) -> None:
    fill(engine, [stay("P2", MIDNIGHT, None, venue="cho-mau")])
    answer = ask(engine, 1, Question(MIDNIGHT, MIDNIGHT + HOUR, rule()))
    assert answer.contacts == []
    assert [gap.kiosk for gap in answer.gaps] == ["cho-mau-1", "truong-mau-1"]


def test_the_search_runs_along_one_stretch_of_an_index(engine: Engine) -> None:
    """A search without the cap's bound would read all that a venue ever saw."""
    fill(engine, [stay("P2", MIDNIGHT, None, venue="cho-mau")])
    said: list[str] = []
    with engine.connect() as connection:
        span = [VenueSpan(1, MIDNIGHT, MIDNIGHT + HOUR)]
        if database.is_sqlite(engine):
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.set_trace_callback(said.append)
            storage.of(connection).sure_at(connection, span)
            raw.set_trace_callback(None)
            searches = [each for each in said if "stays_by_venue" in each]
            plan = "".join(
                row[3] for each in searches for row in raw.execute(f"EXPLAIN QUERY PLAN {each}")
            )
            assert len(searches) == 1
        else:
            plan = postgresql_plan(connection, span)
    assert re.search(r"venue_id ?=", plan)
    assert set(re.findall(r"entered_at ?([<>])", plan)) == {"<", ">"}


def postgresql_plan(connection: Connection, spans: Sequence[VenueSpan]) -> str:
    """The index conditions of a search."""
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    connection.execute(text("SET LOCAL enable_bitmapscan = off"))
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    with raw.cursor() as cursor:
        cursor.execute(f"EXPLAIN {postgresql.search()}", postgresql.given(spans))
        return "".join(row[0] for row in cursor if "Index Cond" in row[0])
