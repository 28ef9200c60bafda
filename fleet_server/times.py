"""Times as people and programs write them, and as answers say them. The one place for both."""

import datetime as dt
import re
from typing import Final
from zoneinfo import ZoneInfo

from fleet_server.errors import FleetError

_EPOCH_SECONDS: Final = re.compile(r"(-?)(\d{1,11})(?:\.(\d+))?")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d.*")
_MAX_DIGITS: Final = 11
MAX_AT: Final = 4_102_444_800
"""2100-01-01: beyond it a number is more likely milliseconds or a slip."""


_YEARS: Final = (1900, 2100)


class BadTime(FleetError, ValueError):
    """A time nobody can read; says what was given and what would be right."""


def parse(text: str, zone: ZoneInfo) -> int:
    """Whole seconds UTC of an ISO 8601 time or of epoch seconds. Raises BadTime.

    A time without an offset is local to `zone`; a date alone is its midnight; fractions of a second
    are cut off.
    """
    given = text.strip()
    try:
        if given.isdigit() and given.isascii() and len(given) <= _MAX_DIGITS:
            at = int(given)  # files of millions of rows hold nothing else
        elif epoch := _EPOCH_SECONDS.fullmatch(given):
            at = _cut(*epoch.groups(default="0"))
        elif _ISO.fullmatch(given):
            moment = dt.datetime.fromisoformat(given)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=zone)
            at = int(moment.timestamp() // 1)
        else:
            raise _bad(text)
    except (ValueError, OverflowError) as problem:
        raise _bad(text) from problem
    if not -MAX_AT <= at <= MAX_AT:
        raise _bad(text)
    return at


def parse_day(text: str) -> dt.date:
    """A date such as 2026-03-10, of the years that times may be of. Raises BadTime."""
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        day = dt.date.min
    if not _YEARS[0] <= day.year < _YEARS[1]:
        given = repr(text[:20])
        raise BadTime(
            f"{given} không phải là ngày: cần dạng 2026-03-10 / {given} is no day: expected such as"
            " 2026-03-10"
        )
    return day


def iso(at: int) -> str:
    """`2026-01-05T01:30:00Z` for seconds UTC."""
    return f"{dt.datetime.fromtimestamp(at, dt.UTC).isoformat()[:-6]}Z"


def local(at: int, zone: ZoneInfo) -> dt.datetime:
    """The same moment on the clocks of `zone`."""
    return dt.datetime.fromtimestamp(at, zone)


def day_bounds(day: dt.date, zone: ZoneInfo) -> tuple[int, int]:
    """[midnight, next midnight) of a local day, seconds UTC."""
    start = dt.datetime.combine(day, dt.time(), zone)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)
    return int(start.timestamp()), int(end.timestamp())


def _cut(sign: str, whole: str, fraction: str) -> int:
    """The second that a number of seconds lies in."""
    if sign == "-":
        return -int(whole) - (int(fraction) > 0)
    return int(whole)


def _bad(text: str) -> BadTime:
    given = repr(text[:40])
    return BadTime(
        f"{given} không phải là thời gian: cần dạng 2026-01-05T08:30 hay 2026-01-05T08:30:00+07:00,"
        f" hoặc số giây từ 1970 / {given} is no time: expected ISO 8601 such as 2026-01-05T08:30 or"
        " 2026-01-05T08:30:00+07:00, or seconds since 1970"
    )
