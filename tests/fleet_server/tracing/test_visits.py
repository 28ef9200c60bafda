"""From scans to stays: each rule, and that the order of arrival does not matter."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_server.tracing.opening import Hours, Stretch
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.visits import Derived, DerivedVisit, PersonScan, derive

MIN = 60_000
HOUR = 60 * MIN
START_MS = 1_767_571_200_000
"""Monday 2026-01-05 07:00 in Vietnam."""
START = START_MS // 1000
MARKET, SHOP, MALL = 1, 2, 3


class Diary:
    """One person's scans, written as minutes after Monday seven o'clock."""

    def __init__(self) -> None:
        self.scans: list[PersonScan] = []

    def add(
        self,
        minute: float,
        direction: str,
        venue: int = MARKET,
        *,
        room: int | None = None,
        unsure: tuple[float, float] = (0, 0),
        authentic: bool = True,
    ) -> "Diary":
        number = len(self.scans) + 1
        at_ms = START_MS + round(minute * MIN)
        self.scans.append(
            PersonScan(
                corrected_ms=at_ms,
                kiosk_id=venue,
                epoch="e",
                counter=number,
                id=number,
                venue_id=venue,
                room_id=room,
                direction=direction,
                earliest_ms=at_ms - round(unsure[0] * MIN),
                latest_ms=at_ms + round(unsure[1] * MIN),
                authentic=authentic,
            )
        )
        return self

    def derive(self, hours: dict[int, Hours] | None = None) -> Derived:
        return derive(self.scans, hours or {})

    def stays(self, hours: dict[int, Hours] | None = None) -> list[tuple[object, ...]]:
        """(venue, entered, left, source, latest end), times in minutes."""
        return [
            (
                visit.venue_id,
                _minute(visit.entered_at),
                None if visit.left_at is None else _minute(visit.left_at),
                visit.end_source,
                _minute(visit.end_latest),
            )
            for visit in self.derive(hours).visits
        ]


def _minute(at: int) -> float:
    return (at - START) / 60


def _only(derived: Derived) -> DerivedVisit:
    (visit,) = derived.visits
    return visit


def test_an_entry_and_an_exit_make_a_measured_stay() -> None:
    visit = _only(Diary().add(0, "in", room=4).add(42, "out").derive())
    assert (visit.entered_at, visit.left_at) == (START, START + 42 * 60)
    assert visit.end_earliest == visit.end_latest == visit.left_at
    assert visit.entered_earliest == visit.entered_latest == visit.entered_at
    assert (visit.end_source, visit.room_id) == ("exit_scan", 4)
    assert (visit.entry_scan_id, visit.exit_scan_id) == (1, 2)
    assert not visit.capped


def test_an_entry_alone_ends_by_the_cap_at_latest() -> None:
    visit = _only(Diary().add(0, "in").derive())
    assert visit.left_at is None
    assert visit.end_source == "dwell_default"
    assert (visit.end_earliest, visit.end_latest) == (START, START + CAP_S)


def test_an_unmeasured_stay_ends_by_the_next_entry_anywhere() -> None:
    assert Diary().add(0, "in").add(50, "in", SHOP).stays() == [
        (MARKET, 0, None, "next_scan", 50),
        (SHOP, 50, None, "dwell_default", 50 + 16 * 60),
    ]


def test_an_entry_in_the_same_second_elsewhere_does_not_end_a_stay() -> None:
    stays = Diary().add(0, "in").add(0, "in", SHOP).add(9, "in", MALL).stays()
    assert [(stay[0], stay[4]) for stay in stays[:2]] == [(MARKET, 9), (SHOP, 9)]


def test_an_unmeasured_stay_ends_by_closing_where_that_is_known() -> None:
    week = Hours("Asia/Ho_Chi_Minh", tuple(Stretch(day, 360, 600) for day in range(7)))
    diary = Diary().add(0, "in")
    assert diary.stays({MARKET: week}) == [(MARKET, 0, None, "venue_closed", 180)]
    diary.add(60, "in", SHOP)
    assert diary.stays({MARKET: week})[0] == (MARKET, 0, None, "next_scan", 60)


def test_closing_does_not_end_a_measured_stay() -> None:
    week = Hours("Asia/Ho_Chi_Minh", tuple(Stretch(day, 360, 600) for day in range(7)))
    assert Diary().add(0, "in").add(200, "out").stays({MARKET: week})[0][2] == 200


def test_a_second_entry_ends_the_first_stay_and_begins_another() -> None:
    assert Diary().add(0, "in").add(30, "in").add(45, "out").stays() == [
        (MARKET, 0, None, "next_scan", 30),
        (MARKET, 30, 45, "exit_scan", 45),
    ]


@pytest.mark.parametrize(("gap", "stays"), [(0, 1), (1.9, 1), (2, 1), (2.01, 2)])
def test_a_repeat_within_two_minutes_is_no_new_event(gap: float, stays: int) -> None:
    assert len(Diary().add(0, "in").add(gap, "in").stays()) == stays


def test_repeats_are_counted_from_the_event_and_not_from_the_last_repeat() -> None:
    assert len(Diary().add(0, "in").add(1.5, "in").add(3, "in").stays()) == 2


def test_a_repeated_exit_is_no_orphan() -> None:
    derived = Diary().add(0, "in").add(10, "out").add(11, "out").derive()
    assert (len(derived.visits), derived.orphan_exits) == (1, ())


def test_the_other_direction_within_two_minutes_is_an_event() -> None:
    assert Diary().add(0, "in").add(1, "out").stays() == [(MARKET, 0, 1, "exit_scan", 1)]


def test_an_exit_without_an_entry_is_kept_as_an_orphan() -> None:
    derived = Diary().add(0, "out").derive()
    assert derived.visits == ()
    assert [scan.id for scan in derived.orphan_exits] == [1]


def test_an_exit_of_another_venue_does_not_close_a_stay() -> None:
    derived = Diary().add(0, "in").add(10, "out", SHOP).derive()
    assert _only(derived).left_at is None
    assert len(derived.orphan_exits) == 1


def test_a_shop_within_a_mall_leaves_the_stay_at_the_mall_whole() -> None:
    diary = Diary().add(0, "in", MALL).add(10, "in", SHOP).add(30, "out", SHOP).add(50, "out", MALL)
    assert diary.stays() == [
        (MALL, 0, 50, "exit_scan", 50),
        (SHOP, 10, 30, "exit_scan", 30),
    ]


def test_an_exit_beyond_the_cap_is_cut_there_and_flagged() -> None:
    visit = _only(Diary().add(0, "in").add(20 * 60, "out").derive())
    assert visit.left_at == visit.end_earliest == visit.end_latest == START + CAP_S
    assert (visit.capped, visit.end_source) == (True, "exit_scan")


def test_an_exit_exactly_at_the_cap_is_not_flagged() -> None:
    visit = _only(Diary().add(0, "in").add(16 * 60, "out").derive())
    assert (visit.left_at, visit.capped) == (START + CAP_S, False)


def test_an_exit_days_later_does_not_close_what_was_left_for_another_venue() -> None:
    derived = Diary().add(0, "in").add(60, "in", SHOP).add(26 * 60, "out").derive()
    assert derived.visits[0].left_at is None
    assert len(derived.orphan_exits) == 1


def test_both_ways_alternate() -> None:
    diary = Diary()
    for minute in (0, 20, 60, 90):
        diary.add(minute, "both")
    assert diary.stays() == [
        (MARKET, 0, 20, "exit_scan", 20),
        (MARKET, 60, 90, "exit_scan", 90),
    ]


def test_a_direction_of_a_newer_release_counts_as_both() -> None:
    assert Diary().add(0, "sideways").add(20, "sideways").stays()[0][2] == 20


def test_both_ways_is_an_entry_after_a_night() -> None:
    stays = Diary().add(0, "both").add(24 * 60, "both").stays()
    assert [stay[1:3] for stay in stays] == [(0, None), (24 * 60, None)]


def test_both_ways_is_an_entry_after_having_been_elsewhere() -> None:
    stays = Diary().add(0, "both").add(30, "in", SHOP).add(90, "both").stays()
    assert [stay[1:3] for stay in stays] == [(0, None), (30, None), (90, None)]


def test_an_exit_at_a_both_way_kiosk_closes_a_stay_begun_at_an_entry() -> None:
    assert Diary().add(0, "in").add(25, "both").stays() == [(MARKET, 0, 25, "exit_scan", 25)]


@pytest.mark.parametrize(
    ("gate_in", "room_in", "room_out", "gate_out"),
    [("in", "in", "out", "out"), ("in", "both", "both", "out"), ("both", "both", "both", "both")],
)
def test_who_goes_into_a_room_and_out_of_it_is_in_the_venue_all_the_time(
    gate_in: str, room_in: str, room_out: str, gate_out: str
) -> None:
    diary = Diary().add(0, gate_in).add(10, room_in, room=5).add(60, room_out, room=5)
    derived = diary.add(90, gate_out).derive()
    assert diary.stays() == [
        (MARKET, 0, None, "next_scan", 10),
        (MARKET, 10, 60, "exit_scan", 60),
        (MARKET, 60, 90, "exit_scan", 90),
    ]
    assert [visit.room_id for visit in derived.visits] == [None, 5, None]
    assert derived.orphan_exits == ()


def test_who_was_in_a_room_a_minute_after_the_gate_leaves_the_venue_by_the_gate() -> None:
    diary = Diary().add(0, "in").add(1, "in", room=5).add(60, "out", room=5).add(90, "out")
    assert diary.stays() == [
        (MARKET, 0, 60, "exit_scan", 60),
        (MARKET, 60, 90, "exit_scan", 90),
    ]


def test_at_a_both_way_kiosk_of_another_room_one_enters_that_room() -> None:
    diary = Diary().add(0, "both", room=4).add(30, "both", room=5).add(60, "both", room=5)
    # Nobody knows of a gate: who left the last room may have left the venue.
    assert diary.stays() == [
        (MARKET, 0, None, "next_scan", 30),
        (MARKET, 30, 60, "exit_scan", 60),
    ]
    by_gate = Diary().add(0, "in").add(10, "both", room=4).add(30, "both", room=5)
    assert by_gate.add(60, "both", room=5).add(90, "out").stays()[-2:] == [
        (MARKET, 30, 60, "exit_scan", 60),
        (MARKET, 60, 90, "exit_scan", 90),
    ]


def test_who_left_a_room_whose_entry_is_let_go_is_in_the_venue_until_the_gate() -> None:
    diary = Diary().add(60, "both", room=5).add(90, "both")
    diary.scans[0] = diary.scans[0]._replace(is_exit=True)
    assert diary.stays() == [(MARKET, 60, 90, "exit_scan", 90)]


def test_two_scans_within_one_second_are_a_moments_stay() -> None:
    visit = _only(Diary().add(0, "in").add(0.01, "out").derive())
    assert (visit.left_at, visit.end_earliest, visit.end_latest) == (START + 1,) * 3


def test_of_two_stays_that_begin_in_one_second_the_measured_one_counts() -> None:
    diary = Diary().add(0, "in").add(0.005, "out").add(0.01, "in").add(30, "in", SHOP)
    assert diary.stays()[0][:4] == (MARKET, 0, 1 / 60, "exit_scan")
    assert len(diary.stays()) == 2


def test_an_uncertain_clock_gives_uncertain_bounds() -> None:
    diary = Diary().add(60, "in", unsure=(30, 5)).add(90, "out", unsure=(10, 20))
    visit = _only(diary.derive())
    assert _minute(visit.entered_earliest) == 30
    assert _minute(visit.entered_latest) == 65
    assert [_minute(end) for end in (visit.end_earliest, visit.end_latest)] == [80, 110]
    assert visit.left_at == START + 90 * 60


def test_a_stay_is_authentic_only_if_all_its_scans_are() -> None:
    assert _only(Diary().add(0, "in").add(9, "out").derive()).authentic
    assert not _only(Diary().add(0, "in").add(9, "out", authentic=False).derive()).authentic
    assert not _only(Diary().add(0, "in", authentic=False).derive()).authentic


SCANS = st.lists(
    st.tuples(
        st.floats(0, 3 * 24 * 60),
        st.sampled_from(["in", "out", "both", "sideways"]),
        st.sampled_from([MARKET, SHOP, MALL]),
    ),
    max_size=25,
)
WEEK = {SHOP: Hours("Asia/Ho_Chi_Minh", tuple(Stretch(day, 360, 1200) for day in range(7)))}


def _diary(events: list[tuple[float, str, int]]) -> Diary:
    diary = Diary()
    for minute, direction, venue in events:
        diary.add(minute, direction, venue)
    return diary


@given(SCANS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(
    events: list[tuple[float, str, int]], rng: random.Random
) -> None:
    diary = _diary(events)
    expected = diary.derive(WEEK)
    rng.shuffle(diary.scans)
    assert diary.derive(WEEK) == expected


@given(SCANS)
def test_every_stay_keeps_what_is_promised_of_stays(events: list[tuple[float, str, int]]) -> None:
    derived = _diary(events).derive(WEEK)
    places = [(visit.venue_id, visit.entered_at) for visit in derived.visits]
    assert len(set(places)) == len(places)
    entries = sorted({visit.entered_at for visit in derived.visits})
    for visit in derived.visits:
        assert visit.entered_at <= visit.end_earliest <= visit.end_latest
        assert visit.end_latest <= visit.entered_at + CAP_S
        if visit.left_at is None:
            later = [entry for entry in entries if entry > visit.entered_at]
            assert visit.end_earliest == visit.entered_at
            assert not later or visit.end_latest <= later[0]
        else:
            assert visit.entered_at < visit.left_at == visit.end_latest
    used = [visit.entry_scan_id for visit in derived.visits]
    used += [visit.exit_scan_id for visit in derived.visits if visit.exit_scan_id is not None]
    used += [scan.id for scan in derived.orphan_exits]
    assert len(set(used)) == len(used)
