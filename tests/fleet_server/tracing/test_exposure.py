"""The rules one by one, each with the smallest case that breaks where it is got wrong."""

from fleet_server.tracing.exposure import Shared
from fleet_server.tracing.reach import Question
from tests.fleet_server.tracing.stays import (
    INDEX,
    MINUTE,
    ask,
    exposed,
    from_rows,
    rule,
    stay,
    with_rooms,
)

HOUR = 60 * MINUTE


def test_an_overlap_exactly_at_the_threshold_is_certain() -> None:
    (contact,) = ask([stay(INDEX, 0, 900), stay("P2", 0, 900)])
    assert (contact.tier, contact.certain_s) == ("A", 900)


def test_an_overlap_one_second_below_the_threshold_is_only_possible() -> None:
    (contact,) = ask([stay(INDEX, 0, 900), stay("P2", 1, 900)])
    assert (contact.tier, contact.certain_s, contact.expected_s) == ("C", 899, 899)


def test_stays_that_only_touch_are_no_overlap() -> None:
    assert ask([stay(INDEX, 0, 900), stay("P2", 900, 1800)]) == []
    # Found by the search for uncertain starts, which looks wider.
    assert ask([stay(INDEX, 0, 900), stay("P2", 1000, 1800, starts=(900, 1100))]) == []


def test_a_stay_is_cut_at_sixteen_hours() -> None:
    (contact,) = ask([stay(INDEX, 0, 20 * HOUR), stay("P2", 15 * HOUR, 18 * HOUR)])
    assert contact.certain_s == HOUR
    assert ask([stay(INDEX, 0, 20 * HOUR), stay("P2", 16 * HOUR, 18 * HOUR)]) == []


def test_the_others_stays_are_cut_at_the_cap_too() -> None:
    (contact,) = ask([stay("P2", 0, 20 * HOUR), stay(INDEX, 15 * HOUR, 18 * HOUR)])
    assert contact.possible_s == HOUR


def test_an_unknown_exit_is_expected_after_the_dwell_and_certain_for_no_moment() -> None:
    (contact,) = ask([stay(INDEX, 0, 10 * HOUR), stay("P2", HOUR, None, dwell_s=1800)])
    assert contact.tier == "B"
    assert (contact.certain_s, contact.expected_s, contact.possible_s) == (0, 1800, 9 * HOUR)


def test_the_dwell_never_reaches_beyond_the_latest_end() -> None:
    (contact,) = ask(
        [stay(INDEX, 0, 10 * HOUR), stay("P2", HOUR, None, dwell_s=1800, latest=HOUR + 600)]
    )
    assert (contact.tier, contact.expected_s, contact.possible_s) == ("C", 600, 600)


def test_a_dwell_given_in_the_question_holds_for_every_venue() -> None:
    world = [stay(INDEX, 0, None, dwell_s=60), stay("P2", 0, None, dwell_s=7200)]
    (contact,) = ask(world, dwell_s=1000)
    assert contact.expected_s == 1000


def test_overlaps_of_doubled_scans_are_counted_once() -> None:
    world = [stay(INDEX, 0, 1000), stay(INDEX, 10, 1000), stay("P2", 0, 1000), stay("P2", 5, 1000)]
    (contact,) = ask(world)
    assert contact.certain_s == 1000


def test_overlaps_that_touch_are_one_when_held_to_the_threshold() -> None:
    world = [stay(INDEX, 0, 900), stay("P2", 0, 450), stay("P2", 450, 900)]
    (contact,) = ask(world)
    assert (contact.tier, contact.certain_s) == ("A", 900)


def test_overlaps_apart_are_not_added_up_to_reach_the_threshold() -> None:
    world = [stay(INDEX, 0, 2000), stay("P2", 0, 500), stay("P2", 501, 1001)]
    (contact,) = ask(world)
    assert (contact.tier, contact.certain_s) == ("C", 1000)


def test_overlaps_at_two_places_are_not_added_up_to_reach_the_threshold() -> None:
    world = [
        stay(who, start, start + 500, venue=venue)
        for who in (INDEX, "P2")
        for venue, start in (("cho", 0), ("truong", 500))
    ]
    (contact,) = ask(world)
    assert (contact.tier, contact.certain_s, contact.places) == ("C", 1000, ("cho", "truong"))


def test_the_air_lingers_after_the_index_person_left_and_never_makes_an_exposure_certain() -> None:
    (contact,) = ask([stay(INDEX, 0, 900), stay("P2", 900, 3600)], linger_s=900)
    assert (contact.tier, contact.certain_s, contact.expected_s) == ("B", 0, 900)


def test_the_air_of_the_others_does_not_linger() -> None:
    assert ask([stay("P2", 0, 900), stay(INDEX, 900, 3600)], linger_s=900) == []


def test_lingering_begins_where_the_window_cut_the_stay() -> None:
    (contact,) = ask(
        [stay(INDEX, 0, 3600), stay("P2", 0, 3600)], since=600, until=1800, linger_s=300
    )
    assert (contact.first, contact.certain_s, contact.expected_s) == (600, 1200, 1500)


def test_a_stay_outside_the_window_does_not_linger_into_it() -> None:
    assert ask([stay(INDEX, 0, 600), stay("P2", 0, 3600)], since=600, linger_s=1800) == []


def test_a_stay_empty_by_one_bound_does_not_linger_by_that_bound() -> None:
    # Expected to have left before the window opened, possibly still there.
    world = [stay(INDEX, 0, None, dwell_s=600, latest=7200), stay("P2", 0, 7200)]
    (contact,) = ask(world, since=600, linger_s=1800)
    assert (contact.tier, contact.expected_s, contact.possible_s) == ("C", 0, 6600)


def test_the_others_stays_are_not_clipped_to_the_window() -> None:
    (contact,) = ask([stay(INDEX, 0, 3600), stay("P2", 0, 5000)], until=1800, linger_s=3000)
    assert (contact.certain_s, contact.possible_s) == (1800, 4800)


def test_an_uncertain_start_widens_what_is_possible_and_narrows_what_is_certain() -> None:
    world = [stay(INDEX, 0, 7200), stay("P2", 3600, 5400, starts=(1800, 5000))]
    (contact,) = ask(world)
    assert (contact.tier, contact.first) == ("B", 1800)
    assert (contact.certain_s, contact.expected_s, contact.possible_s) == (400, 1800, 3600)


def test_rooms_of_a_venue_are_one_place_and_shared_rooms_are_told() -> None:
    mine = [stay(INDEX, 0, 3600, room="101")]
    others = [
        stay("P2", 0, 1800, room="101"),
        stay("P3", 0, 1800, room="102"),
        stay("P4", 0, 1800),
    ]
    question = Question(0, 7200, rule())
    assert [(c.visitor, c.tier, c.places) for c in exposed(mine, others, question)] == [
        ("P2", "A", ("cho",)),
        ("P3", "A", ("cho",)),
        ("P4", "A", ("cho",)),
    ]
    assert with_rooms(mine, others, question) == [
        ("P2", {"101": Shared(1800, 1800, 1800)}),
        ("P3", {}),
        ("P4", {}),
    ]


def test_contacts_are_ranked_by_tier_then_seconds_then_reference_by_code_points() -> None:
    world = [
        stay(INDEX, 0, 10 * HOUR),
        stay("P9", 0, 900),
        stay("P10", 0, 900),
        stay("P3", 0, 1800),
        stay("P4", 0, None, dwell_s=9 * HOUR),
        stay("P5", 0, 60),
        stay("P6", 0, None, dwell_s=60),
        stay("P7", 0, None, dwell_s=60, latest=2 * HOUR),
    ]
    assert [(c.visitor, c.tier) for c in ask(world)] == [
        ("P3", "A"),
        ("P10", "A"),
        ("P9", "A"),
        ("P4", "B"),
        ("P5", "C"),
        ("P6", "C"),
        ("P7", "C"),
    ]


def test_nobody_is_a_contact_of_themselves() -> None:
    assert ask([stay(INDEX, 0, 3600), stay(INDEX, 0, 1800)]) == []


def test_the_next_entry_anywhere_ends_a_stay_without_exit() -> None:
    rows = [("P1", "cho", 0, None), ("P1", "truong", 1200, 9000), ("P2", "cho", 0, 9000)]
    (contact,) = ask(from_rows(rows, dwell_s=3600))
    assert (contact.tier, contact.expected_s, contact.possible_s) == ("B", 1200, 1200)
