"""By when a request must be acknowledged and answered."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_server.privacy import clocks

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


@pytest.mark.parametrize(
    ("asked", "end"),
    [
        ("2026-03-02T09:00", "2026-03-05T00:00"),  # Monday: by the end of Wednesday
        ("2026-03-05T23:59", "2026-03-10T00:00"),  # Thursday: Friday and Monday
        ("2026-03-06T09:00", "2026-03-11T00:00"),  # Friday: Monday and Tuesday
        ("2026-03-07T09:00", "2026-03-11T00:00"),  # Saturday
        ("2026-04-29T09:00", "2026-05-06T00:00"),  # the two holidays and a weekend between
        ("2025-12-31T09:00", "2026-01-06T00:00"),
    ],
)
def test_a_request_is_acknowledged_in_two_working_days(asked: str, end: str) -> None:
    assert clocks.due("view", at(asked), ZONE).acknowledge_by == at(end)


def test_tet_is_given_by_the_settings() -> None:
    tet = [dt.date(2026, 2, day) for day in range(16, 21)]
    assert clocks.due("view", at("2026-02-13T09:00"), ZONE, tet).acknowledge_by == at(
        "2026-02-25T00:00"
    )
    assert clocks.due("view", at("2026-02-13T09:00"), ZONE).acknowledge_by == at("2026-02-18T00:00")


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("view", "2026-03-13T00:00"),
        ("copy", "2026-03-13T00:00"),
        ("correct", "2026-03-13T00:00"),
        ("restrict", "2026-03-18T00:00"),
        ("delete", "2026-03-23T00:00"),
    ],
)
def test_each_kind_has_its_days_to_the_end_of_the_last(kind: str, end: str) -> None:
    assert clocks.due(kind, at("2026-03-02T00:00"), ZONE).due_by == at(end)
    assert clocks.due(kind, at("2026-03-02T23:59"), ZONE).due_by == at(end)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2090, 1, 1)), st.sets(st.dates(), max_size=5))
def test_the_nth_working_day_is_one_and_has_so_many_up_to_it(
    asked: dt.date, holidays: set[dt.date]
) -> None:
    day = clocks.nth_working_day(asked, 2, holidays)
    assert clocks.is_working_day(day, holidays)
    between = [asked + dt.timedelta(days=n + 1) for n in range((day - asked).days)]
    assert sum(clocks.is_working_day(each, holidays) for each in between) == 2


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-03-02T09:00", "3 days left"),
        ("2026-03-04T23:00", "1 day left"),
        ("2026-03-05T09:00", "today"),
        ("2026-03-06T00:00", "overdue by 1 day"),
        ("2026-03-09T00:00", "overdue by 4 days"),
    ],
)
def test_what_is_left_is_said_in_words(now: str, words: str) -> None:
    assert clocks.in_words(at("2026-03-06T00:00"), at(now), ZONE).endswith(words)
