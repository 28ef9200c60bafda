"""When a venue closes next, in its own time zone."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from fleet_server.tracing.opening import Hours, Stretch, next_closing

HANOI = "Asia/Ho_Chi_Minh"
MONDAY = dt.date(2026, 1, 5)
SHOP = Hours(HANOI, tuple(Stretch(day, 6 * 60, 18 * 60) for day in range(6)))
BAR = Hours(HANOI, (Stretch(0, 18 * 60, 26 * 60),))
ALWAYS = Hours(HANOI, tuple(Stretch(day, 0, 1440) for day in range(7)))
TWICE = Hours(HANOI, (Stretch(0, 7 * 60, 11 * 60), Stretch(0, 13 * 60, 17 * 60)))


def _at(clock: str, *, day: int = 0, zone: str = HANOI) -> int:
    time = dt.time.fromisoformat(clock)
    local = dt.datetime.combine(MONDAY + dt.timedelta(days=day), time, ZoneInfo(zone))
    return int(local.timestamp())


@pytest.mark.parametrize(
    ("hours", "entered", "closes"),
    [
        (SHOP, _at("10:00"), _at("18:00")),
        (SHOP, _at("17:59:59"), _at("18:00")),
        (SHOP, _at("05:30"), _at("18:00")),
        (SHOP, _at("18:00"), _at("18:00", day=1)),
        (SHOP, _at("19:00", day=5), None),
        (BAR, _at("23:00"), _at("02:00", day=1)),
        (BAR, _at("01:30", day=1), _at("02:00", day=1)),
        (BAR, _at("02:30", day=1), None),
        (TWICE, _at("08:00"), _at("11:00")),
        (TWICE, _at("12:00"), _at("17:00")),
        (ALWAYS, _at("23:00"), None),
        (Hours(HANOI, ()), _at("10:00"), None),
    ],
)
def test_the_next_closing(hours: Hours, entered: int, closes: int | None) -> None:
    assert next_closing(entered, hours) == closes


def test_closing_is_on_the_wall_clock_when_summer_time_begins() -> None:
    berlin = Hours("Europe/Berlin", tuple(Stretch(day, 0, 18 * 60) for day in range(7)))
    changeover = (dt.date(2026, 3, 29) - MONDAY).days
    entered = _at("01:00", day=changeover, zone="Europe/Berlin")
    assert next_closing(entered, berlin) == _at("18:00", day=changeover, zone="Europe/Berlin")
    assert _at("18:00", day=changeover, zone="Europe/Berlin") - entered == 16 * 3600
