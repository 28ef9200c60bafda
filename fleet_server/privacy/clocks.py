"""By when a person's request must be acknowledged and answered (Decree 356/2025/NĐ-CP). Pure.

Counted as the Civil Code counts days: from the day after, to the end of the last. A last day that
is no working day is not put off, so that a date said here is never later than the law's.
"""

import datetime as dt
from collections.abc import Collection
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from fleet_server.times import day_bounds, local

ACKNOWLEDGE_WORKING_DAYS: Final = 2
ANSWER_DAYS: Final = {"view": 10, "copy": 10, "correct": 10, "restrict": 15, "delete": 20}
FIXED_HOLIDAYS: Final = ((1, 1), (4, 30), (5, 1), (9, 2))
"""Month and day: New Year, Reunification, Labour, Independence. Those that move are a setting."""
_SATURDAY: Final = 5


class Due(NamedTuple):
    """Seconds UTC; the first moment that is too late."""

    acknowledge_by: int
    due_by: int


def due(kind: str, asked_at: int, zone: ZoneInfo, holidays: Collection[dt.date] = ()) -> Due:
    """The clocks of a request of this kind asked at `asked_at`, by the days of `zone`."""
    asked = local(asked_at, zone).date()
    answer = asked + dt.timedelta(days=ANSWER_DAYS[kind])
    acknowledge = nth_working_day(asked, ACKNOWLEDGE_WORKING_DAYS, holidays)
    return Due(day_bounds(acknowledge, zone)[1], day_bounds(answer, zone)[1])


def nth_working_day(after: dt.date, count: int, holidays: Collection[dt.date] = ()) -> dt.date:
    """The `count`th working day after a day that is not itself counted."""
    day = after
    while count:
        day += dt.timedelta(days=1)
        count -= is_working_day(day, holidays)
    return day


def is_working_day(day: dt.date, holidays: Collection[dt.date] = ()) -> bool:
    """Monday to Friday, and no holiday."""
    return (
        day.weekday() < _SATURDAY
        and (day.month, day.day) not in FIXED_HOLIDAYS
        and day not in holidays
    )


def in_words(due_by: int, now: int, zone: ZoneInfo) -> str:
    """How long is left, in whole local days."""
    last = local(due_by - 1, zone).date()
    days = (last - local(now, zone).date()).days
    if now >= due_by:
        return f"quá hạn {-days} ngày / overdue by {_days(-days)}"
    if days == 0:
        return "hôm nay / today"
    return f"còn {days} ngày / {_days(days)} left"


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
