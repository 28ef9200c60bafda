"""Why somebody is on a list: stays with their bounds, and the scans behind them."""

import pytest
from sqlalchemy import Engine, insert

from fleet_server import database
from fleet_server.errors import NotKnown
from fleet_server.models import ImportedVisitor, Person
from fleet_server.tracing import evidence, questions, visitors
from fleet_server.tracing.asking import Asker, Desk, Wanted
from fleet_server.tracing.handmade import Handmade
from fleet_server.tracing.questions import Asked
from fleet_server.tracing.reach import Question
from fleet_server.tracing.rules import BadRule
from tests.fleet_server.tracing.stays import rule
from tests.fleet_server.tracing.test_derivation import Town, link
from tests.fleet_server.tracing.test_questions import asked
from tests.support.world import NOON_MS

NOON = NOON_MS // 1000
QUESTION = Question(NOON - 3600, NOON + 24 * 3600, rule())


@pytest.fixture
def town(engine: Engine) -> Town:
    """Two who met at the market, one of them without an exit."""
    town = Town(engine)
    town.scan(0, 0, "in")
    town.scan(0, 60, "out")
    town.scan(1, 30, "in")
    town.drain()
    return town


def question(town: Town, *, known_ms: int | None = None) -> Asked:
    return asked(town.engine, QUESTION, known_ms=known_ms)


def test_a_contact_is_explained_by_the_stays_that_overlapped_and_their_scans(town: Town) -> None:
    with town.engine.connect() as connection:
        answer = evidence.why(connection, town.person(0), town.person(1), question(town))
        (listed,) = questions.contacts(connection, town.person(0), question(town))[0].contacts
    assert answer.contact == listed
    (meeting,) = answer.meetings
    assert (meeting.start, meeting.end) == ("2026-01-01T05:30:00Z", "2026-01-01T06:00:00Z")
    assert [(scan.kiosk, scan.direction, scan.kind) for scan in meeting.index.scans] == [
        ("cho-mau-1", "in", "national"),
        ("cho-mau-1", "out", "national"),
    ]
    assert meeting.index.left_at == "2026-01-01T06:00:00Z"
    assert meeting.other.left_at is None
    assert meeting.other.end_source == "dwell_default"
    assert [scan.at for scan in meeting.other.scans] == ["2026-01-01T05:30:00Z"]
    assert (meeting.other.scans[0].exact, meeting.other.scans[0].authentic) == (True, False)


def test_whoever_is_not_on_the_list_is_explained_by_nothing(town: Town) -> None:
    town.scan(2, 90, "in", place=1)
    town.drain()
    with town.engine.connect() as connection:
        answer = evidence.why(connection, town.person(0), town.person(2), question(town))
    assert (answer.contact, answer.meetings) == (None, [])


def test_a_stay_by_hand_says_so(town: Town) -> None:
    times = (NOON, NOON, NOON), (NOON + 7200, NOON + 7200, NOON + 7200)
    with town.engine.connect() as connection:
        answer = evidence.why(
            connection,
            town.person(0),
            town.person(1),
            question(town),
            by_hand=[Handmade("cho-mau", "cho-mau", *times)],
        )
    (meeting,) = answer.meetings
    assert (meeting.index.end_source, meeting.index.scans) == ("by_hand", [])
    assert answer.contact is not None
    assert answer.contact.possible_s == 5400


def test_of_two_stays_by_hand_at_once_the_meeting_names_the_one_it_was_at(town: Town) -> None:
    times = (NOON, NOON, NOON), (NOON + 7200, NOON + 7200, NOON + 7200)
    with town.engine.connect() as connection:
        answer = evidence.why(
            connection,
            town.person(0),
            town.person(1),
            question(town),
            by_hand=[Handmade(venue, venue, *times) for venue in ("quan-mau", "cho-mau")],
        )
    assert [meeting.index.venue for meeting in answer.meetings] == ["cho-mau"]


def test_where_somebody_was_is_told_with_the_bounds(town: Town) -> None:
    with town.engine.connect() as connection:
        answer = evidence.stays(connection, town.person(1), question(town))
    (stay,) = answer.stays
    assert (stay.venue, stay.entered_at) == ("cho-mau", "2026-01-01T05:30:00Z")
    assert stay.end_earliest == stay.entered_at
    assert stay.end_expected == "2026-01-01T06:30:00Z"
    assert stay.end_latest == "2026-01-01T21:30:00Z"
    assert answer.visitor == f"P{town.person(1)}"


def test_how_a_stay_came_to_be_what_it_is_is_told(town: Town) -> None:
    before_ms = town.now_ms
    town.scan(1, 50, "out")
    town.drain()
    with town.engine.connect() as connection:
        answer = evidence.history(connection, town.person(1), question(town))
        then = evidence.stays(connection, town.person(1), question(town, known_ms=before_ms))
    was, now = answer.versions
    assert (was.stay.left_at, now.stay.left_at) == (None, "2026-01-01T05:50:00Z")
    assert was.until == now.since
    assert now.until is None
    assert then.stays == [was.stay]
    assert then.as_of < now.since


def test_two_cards_of_one_person_are_no_contact_and_have_nothing_in_common(town: Town) -> None:
    refs = [f"P{town.person(who)}" for who in (0, 1)]
    link(town, 0, 1)
    desk = Desk(town.engine, Asker("t"), town.now_ms)
    wanted = Wanted(QUESTION.since, QUESTION.until)
    answer = desk.why(*refs, wanted)
    assert (answer.contact, answer.meetings) == (None, [])
    with pytest.raises(BadRule, match="one person"):
        desk.common(refs, wanted)


def imported(engine: Engine, *refs: str) -> list[int]:
    with engine.execution_options(**database.WRITES).begin() as connection:
        found = []
        for ref in refs:
            key = connection.execute(insert(Person).values(created_at=0)).inserted_primary_key
            assert key is not None
            found.append(key[0])
            connection.execute(insert(ImportedVisitor).values(person_id=key[0], ref=ref))
    return found


def test_a_stay_that_ended_before_the_window_has_no_history_in_it(town: Town) -> None:
    town.scan(0, 180, "in")
    town.scan(0, 240, "out")
    town.drain()
    with town.engine.connect() as connection:
        later = asked(town.engine, QUESTION._replace(since=NOON + 7200))
        answer = evidence.history(connection, town.person(0), later)
    assert [version.stay.left_at for version in answer.versions] == ["2026-01-01T09:00:00Z"]


def test_imported_references_are_a_namespace_of_their_own(town: Town) -> None:
    person = town.person(0)
    alone, both = imported(town.engine, "1269", f"P{person}")
    with town.engine.connect() as connection:
        assert visitors.resolve(connection, "1269") == alone
        assert visitors.resolve(connection, "import:1269") == alone
        assert visitors.resolve(connection, f"import:P{person}") == both
        assert visitors.resolve(connection, f"scan:P{person}") == person
        refs = visitors.in_order(connection, [both, person, alone])
        assert refs == [f"import:P{person}", f"scan:P{person}", "1269"]
        assert [visitors.resolve(connection, ref) for ref in refs] == [both, person, alone]
        with pytest.raises(NotKnown, match=rf"expected scan:P{person} or import:P{person}"):
            visitors.resolve(connection, f"P{person}")
        for stranger in (f"P{alone}", "scan:1269", "import:9", "P999", "nobody"):
            with pytest.raises(NotKnown):
                visitors.resolve(connection, stranger)


def test_an_imported_reference_may_look_like_the_number_of_another_imported_person(
    town: Town,
) -> None:
    (first,) = imported(town.engine, "a")
    (second,) = imported(town.engine, f"P{first}")
    with town.engine.connect() as connection:
        assert visitors.resolve(connection, f"P{first}") == second
        assert visitors.in_order(connection, [first, second]) == ["a", f"P{first}"]
