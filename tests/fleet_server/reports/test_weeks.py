"""Weeks by number, their bounds in local time, and which one a Friday's report is about."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_server.reports import weeks
from fleet_server.reports.shares import Figures, Sum, share, target
from fleet_server.reports.weeks import BadWeek, Week

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def test_a_week_runs_from_monday_to_sunday_in_local_time() -> None:
    week = weeks.parse("2026-W01")
    assert (week.monday, week.sunday) == (dt.date(2025, 12, 29), dt.date(2026, 1, 4))
    since, until = week.bounds(ZONE)
    assert since == int(dt.datetime(2025, 12, 28, 17, tzinfo=dt.UTC).timestamp())
    assert until - since == 7 * 86_400


def test_a_fridays_report_is_about_the_week_that_ended_the_sunday_before() -> None:
    friday = dt.date(2026, 11, 27)
    week = weeks.last_whole(friday)
    assert (week.name, week.sunday, week.due) == ("2026-W47", dt.date(2026, 11, 22), friday)
    assert weeks.last_whole(dt.date(2026, 11, 22)).name == "2026-W46"
    assert weeks.last_whole(dt.date(2026, 11, 23)).name == "2026-W47"


@given(st.dates(dt.date(1975, 1, 1), dt.date(2100, 1, 1)))
def test_every_day_lies_in_the_week_of_its_name(day: dt.date) -> None:
    week = weeks.of(day)
    assert week.monday <= day <= week.sunday
    assert weeks.parse(week.name) == week
    assert week.before(2) == Week(week.number - 14)


@pytest.mark.parametrize("text", ["2026-W54", "2026-W00", "W47", "2026-47", "", "2026-W471"])
def test_what_is_no_week_is_said_so(text: str) -> None:
    with pytest.raises(BadWeek, match="2026-W48"):
        weeks.parse(text)


def test_a_share_is_cut_off_and_not_rounded_up_to_a_target() -> None:
    assert share(6_999, 10_000) == 69.9
    assert share(0, 0) is None


@pytest.mark.parametrize(
    ("percent", "registered", "active", "missing"),
    [(100, 3, 2, 1), (100, 3, 3, 0), (70, 10, 6, 1), (70, 10, 7, 0), (70, 3, 2, 1), (70, 0, 0, 0)],
)
def test_a_target_says_how_many_are_missing(
    percent: int, registered: int, active: int, missing: int
) -> None:
    found = target(percent, registered, active)
    assert (found.missing, found.met) == (missing, missing == 0)


def test_figures_add_up_and_each_target_counts_its_own_places() -> None:
    total = Sum()
    total.add(Figures(registered=2, active=1, scans=5), percent=100)
    total.add(Figures(registered=3, active=3, scans=7, silent=1), percent=70)
    assert total.figures == Figures(registered=5, active=4, scans=12, silent=1)
    assert [(each.percent, each.registered, each.active) for each in total.targets()] == [
        *((100, 2, 1), (70, 3, 3)),
    ]
