"""When a venue closes next. Pure, in the venue's own time zone."""

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fleet_server.tracing.spans import Span, union


class Stretch(NamedTuple):
    """Open on one weekday (0 Monday to 6 Sunday), minutes after local midnight.

    Past midnight `closes_min` goes on above 1440.
    """

    weekday: int
    opens_min: int
    closes_min: int


class Hours(NamedTuple):
    """A venue's week."""

    timezone: str
    stretches: tuple[Stretch, ...]


def next_closing(at: int, hours: Hours) -> int | None:
    """The first closing after `at`, seconds UTC, within a day; None where none is known.

    Stretches that touch are one: midnight does not close what is open day and night.
    """
    zone = ZoneInfo(hours.timezone)
    today = dt.datetime.fromtimestamp(at, zone).date()
    days = [today + dt.timedelta(days=offset) for offset in (-1, 0, 1, 2)]
    opened = [
        (_at(day, stretch.opens_min, zone), _at(day, stretch.closes_min, zone))
        for day in days
        for stretch in hours.stretches
        if stretch.weekday == day.weekday()
    ]
    return _first_end(union(opened), at)


def _first_end(spans: list[Span], at: int) -> int | None:
    return next((end for _, end in spans if at < end <= at + 24 * 3600), None)


def _at(day: dt.date, minutes: int, zone: ZoneInfo) -> int:
    wall = dt.datetime.combine(day, dt.time(), zone) + dt.timedelta(minutes=minutes)
    return int(wall.timestamp())
