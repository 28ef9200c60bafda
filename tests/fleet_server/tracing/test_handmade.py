"""Stays a tracer gives by hand: how they are read, and what of the derived ones they replace."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from fleet_server.tracing import questions
from fleet_server.tracing.handmade import BadStay, Handmade, instead, of, read
from fleet_server.tracing.reach import Question
from fleet_server.tracing.reach import Stay as IndexStay
from fleet_server.tracing.rules import CAP_S
from tests.fleet_server.tracing.stays import rule, stay
from tests.fleet_server.tracing.test_questions import HOUR, MIDNIGHT, asked, fill

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NINE = MIDNIGHT + 9 * HOUR


def closing(venue: str, at: int) -> int | None:
    return MIDNIGHT + 18 * HOUR if venue == "cho-mau" else None


def hand(start: int, end: int, venue: str = "cho-mau") -> Handmade:
    return Handmade(venue, venue, (start, start, start), (end, end, end))


def plain(start: int, end: int, venue: int = 1) -> IndexStay:
    return IndexStay(venue, 0, (start, end), (start, end), (start, end))


def test_a_stay_is_read_with_local_times() -> None:
    assert read("cho-mau, 2026-01-01T09:00 ,2026-01-01T10:30", ZONE, closing) == hand(
        NINE, NINE + 90 * 60
    )


def test_a_place_without_a_kiosk_is_named_by_any_words() -> None:
    found = read("elsewhere:nhà, số 5,2026-01-01T09:00,2026-01-01T10:00", ZONE, closing)
    assert (found.venue, found.words) == ("", "nhà, số 5")


def test_a_stay_until_closing_ends_when_the_venue_closes() -> None:
    assert read("cho-mau,2026-01-01T09:00,closing", ZONE, closing).end[1] == MIDNIGHT + 18 * HOUR


def test_a_time_between_two_is_expected_in_their_middle() -> None:
    text = "cho-mau,2026-01-01T08:00~2026-01-01T10:00,2026-01-01T11:00~2026-01-01T12:00"
    found = read(text, ZONE, closing)
    assert found.start == (NINE - HOUR, NINE, NINE + HOUR)
    assert found.end == (NINE + 2 * HOUR, NINE + 2 * HOUR + 1800, NINE + 3 * HOUR)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cho-mau,2026-01-01T09:00", "VENUE,FROM,TO"),
        ("cho-mau,9 giờ,2026-01-01T09:00", "is no time"),
        ("cho-mau,2026-01-01T09:00,2026-01-01T09:00", "expected an end after"),
        ("cho-mau,2026-01-01T09:00~2026-01-01T08:00,2026-01-01T12:00", "EARLIEST~LATEST"),
        ("cho-mau,2026-01-01T09:00,2026-01-02T09:00", "longer than 16 h"),
        ("quan-mau,2026-01-01T09:00,closing", "opening hours of quan-mau are not known"),
        ("elsewhere:nhà,2026-01-01T09:00,closing", "not known"),
    ],
)
def test_a_stay_nobody_can_read_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(BadStay, match=said):
        read(text, ZONE, closing)


def test_it_replaces_the_derived_stays_it_overlaps_and_no_others() -> None:
    derived = [plain(0, 100), plain(200, 300, 2), plain(400, 500)]
    by_hand = [hand(250, 450)]
    assert instead(derived, by_hand, [7]) == [derived[0], of(by_hand[0], 7)]


def test_stays_that_only_touch_it_stand() -> None:
    derived = [plain(0, 100), plain(200, 300)]
    assert instead(derived, [hand(100, 200, "")], [None]) == derived


def test_whoever_was_elsewhere_by_hand_had_left_by_then() -> None:
    open_stay = IndexStay(1, 0, (0, 0), (0, 3600), (0, CAP_S))
    (bounded,) = instead([open_stay], [hand(9000, 9500, "")], [None])
    assert (bounded.expected, bounded.possible) == ((0, 3600), (0, 9000))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=6))
def test_a_hand_made_stay_that_says_what_was_derived_changes_nothing(
    spans: list[tuple[int, int]],
) -> None:
    derived, at = [], 0
    for gap, length in spans:
        derived.append(plain(at + gap, at + gap + length))
        at += gap + length
    for each in derived:
        same = hand(*each.possible)
        assert sorted(instead(derived, [same], [each.venue])) == derived


def test_contacts_are_those_of_the_stay_by_hand(engine: Engine) -> None:
    fill(
        engine,
        [
            stay("P1", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
            stay("P2", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
            stay("P3", MIDNIGHT, MIDNIGHT + HOUR, venue="truong-mau"),
        ],
    )
    question = asked(engine, Question(MIDNIGHT, MIDNIGHT + HOUR, rule()))
    for venue, contacts in (("cho-mau", ["P2"]), ("truong-mau", ["P3"]), ("", [])):
        with engine.connect() as connection:
            answer, _ = questions.contacts(
                connection, 1, question, by_hand=[hand(MIDNIGHT, MIDNIGHT + HOUR, venue)]
            )
        assert [contact.visitor for contact in answer.contacts] == contacts
