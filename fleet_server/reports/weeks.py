"""Weeks as reports count them: Monday to Sunday in local time, by their ISO number. Pure.

A week's report is due on the Friday after it ended: kiosks that were cut off have had five days to
deliver.
"""

import datetime as dt
import re
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from fleet_server.errors import FleetError
from fleet_server.times import day_bounds

DAYS: Final = 7
_EPOCH: Final = dt.date(1970, 1, 1)
_NAME: Final = re.compile(r"(\d{4})-?[Ww](\d{1,2})")
_DUE: Final = 11
"""Days from a week's Monday to the Friday its report is due."""


class BadWeek(FleetError, ValueError):
    """A week nobody can read; says what was given and what would be right."""


class Week(NamedTuple):
    """One week by its Monday, days since 1970."""

    number: int

    @property
    def monday(self) -> dt.date:
        return date(self.number)

    @property
    def sunday(self) -> dt.date:
        return date(self.number + DAYS - 1)

    @property
    def due(self) -> dt.date:
        """The Friday its report is due."""
        return date(self.number + _DUE)

    @property
    def name(self) -> str:
        """`2026-W48`."""
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"

    def bounds(self, zone: ZoneInfo) -> tuple[int, int]:
        """[first second, first second after it), UTC."""
        return day_bounds(self.monday, zone)[0], day_bounds(self.sunday, zone)[1]

    def before(self, weeks: int = 1) -> "Week":
        return Week(self.number - weeks * DAYS)


def date(day: int) -> dt.date:
    """The date of a day since 1970."""
    return _EPOCH + dt.timedelta(days=day)


def day_number(day: dt.date) -> int:
    """Days since 1970."""
    return (day - _EPOCH).days


def of(day: dt.date) -> Week:
    """The week a day lies in."""
    return Week(day_number(day) - day.weekday())


def last_whole(today: dt.date) -> Week:
    """The last week that is over: what a report is about unless told otherwise."""
    return of(today).before()


def parse(text: str) -> Week:
    """The week that `2026-W48` names. Raises BadWeek."""
    found = _NAME.fullmatch(text.strip())
    try:
        if found is None:
            raise _bad(text)
        return of(dt.date.fromisocalendar(int(found[1]), int(found[2]), 1))
    except ValueError as problem:
        raise _bad(text) from problem


def _bad(text: str) -> BadWeek:
    return BadWeek(f"week {text[:20]!r}: không rõ tuần / expected a week such as 2026-W48")
