"""Opening hours as people write them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_server.fleet import hours
from fleet_server.fleet.references import Unfit
from fleet_server.tracing.opening import Stretch


def test_a_stretch_over_several_days_is_one_for_each() -> None:
    assert hours.parse(["mon-wed 06:00-18:30"]) == [
        Stretch(day, 6 * 60, 18 * 60 + 30) for day in (0, 1, 2)
    ]


def test_days_may_run_over_the_weekend() -> None:
    assert [each.weekday for each in hours.parse(["sat-mon 06:00-07:00"])] == [0, 5, 6]


def test_a_stretch_past_midnight_ends_the_next_day() -> None:
    assert hours.parse(["sat 19:00-02:00"]) == [Stretch(5, 19 * 60, 26 * 60)]


def test_open_day_and_night_is_seven_whole_days() -> None:
    assert hours.parse(["daily 00:00-24:00"]) == [Stretch(day, 0, 1440) for day in range(7)]


@pytest.mark.parametrize(
    "texts",
    [
        ["mon 06:00-12:00", "mon 11:59-13:00"],
        ["mon 20:00-03:00", "tue 02:00-04:00"],
        ["sun 20:00-03:00", "mon 02:00-04:00"],
        ["daily 08:00-09:00", "fri 08:00-09:00"],
    ],
)
def test_stretches_that_overlap_are_refused(texts: list[str]) -> None:
    with pytest.raises(Unfit, match="overlap"):
        hours.parse(texts)


@pytest.mark.parametrize(
    "text",
    [
        *("", "mon", "mon 6:00-18:00", "mon 06:00", "mon 06:60-07:00", "mon 25:00-26:00"),
        *("xyz 06:00-07:00", "mon-xyz 06:00-07:00", "daily-mon 06:00-07:00", "mon 24:00-06:00"),
    ],
)
def test_what_nobody_can_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Unfit, match="mon-fri 06:00-18:00"):
        hours.parse([text])


@given(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440))
def test_what_is_shown_can_be_read_again(day: int, opens: int, length: int) -> None:
    stretch = Stretch(day, opens, opens + length)
    assert hours.parse([hours.in_words(stretch)]) == [stretch]


@given(st.lists(st.text(), max_size=3))
def test_any_text_is_read_or_refused(texts: list[str]) -> None:
    with contextlib.suppress(Unfit):
        assert all(0 <= each.weekday < 7 for each in hours.parse(texts))
