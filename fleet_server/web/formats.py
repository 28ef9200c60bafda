"""Numbers, dates and durations in the reader's language."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import dates, numbers
from flask import Flask
from markupsafe import Markup, escape

from fleet_server.times import iso, local, parse
from fleet_server.web.language import Language, current
from fleet_server.web.site import site

_UTC: Final = ZoneInfo("UTC")
_DAYS: Final = {"vi": "EEEE, dd/MM/yyyy", "en": "EEEE, d MMMM yyyy"}
_UNITS: Final[Mapping[str, Mapping[Language, str]]] = {
    "s": {"vi": "giây", "en": "s"},
    "min": {"vi": "phút", "en": "min"},
    "h": {"vi": "giờ", "en": "h"},
    "d": {"vi": "ngày", "en": "d"},
}
_DATES: Final = {"vi": "dd/MM/yyyy", "en": "d MMM yyyy"}


def number(value: float) -> str:
    """`1.234` in Vietnamese, `1,234` in English; up to one decimal."""
    return _number(value, current())


def percent(share: float) -> str:
    """Of a share from 0 to 1."""
    return numbers.format_percent(share, locale=current())


def date(value: dt.date) -> str:
    return _date(value, current())


def day(value: dt.date) -> str:
    """A date with its day of the week."""
    return dates.format_date(value, _DAYS[current()], locale=current())


def clock(at: int, zone: ZoneInfo | None = None) -> str:
    """`14:05` of seconds UTC, on the clocks of `zone` (the fleet's)."""
    return local(at, zone or site().settings.zone).strftime("%H:%M")


def moment(at: int, zone: ZoneInfo | None = None) -> str:
    """`26/11/2026 14:05` of seconds UTC."""
    return _moment(at, zone or site().settings.zone, current())


def time_tag(at: int | str, zone: ZoneInfo | None = None) -> Markup:
    """A moment as a tag, of seconds UTC or of a time as answers of the case desk say it."""
    return _time_tag(at, zone or site().settings.zone, current())


def span(seconds: int) -> str:
    """`2 giờ 5 phút`: a duration in its two largest units."""
    return _span(seconds, current())


def ago(at: int) -> str:
    """`5 phút trước`: how long before now."""
    return _ago(at - site().now(), current())


def instant(text: str) -> int:
    """Seconds UTC of a time as answers of the case desk say it."""
    return parse(text, _UTC)


def attributes(given: Mapping[str, object]) -> Markup:
    """Attributes of a tag, named as in HTML; True stands without a value, False and None not."""
    parts = [
        f" {name}" if value is True else f' {name}="{escape(value)}"'
        for name, value in given.items()
        if value is not None and value is not False
    ]
    return Markup("".join(parts))  # noqa: S704  names stand in templates, values are escaped


# A page shows the same few numbers and days again and again, and Babel takes its time.
@lru_cache(maxsize=4096)
def _number(value: float, lang: Language) -> str:
    return numbers.format_decimal(value, format="#,##0.#", locale=lang)


@lru_cache(maxsize=1024)
def _date(value: dt.date, lang: Language) -> str:
    return dates.format_date(value, _DATES[lang], locale=lang)


@lru_cache(maxsize=4096)
def _moment(at: int, zone: ZoneInfo, lang: Language) -> str:
    there = local(at, zone)
    return f"{_date(there.date(), lang)} {there:%H:%M}"


@lru_cache(maxsize=4096)
def _time_tag(at: int | str, zone: ZoneInfo, lang: Language) -> Markup:
    at = instant(at) if isinstance(at, str) else at
    return Markup('<time datetime="{}">{}</time>').format(iso(at), _moment(at, zone, lang))


@lru_cache(maxsize=4096)
def _ago(seconds: int, lang: Language) -> str:
    delta = dt.timedelta(seconds=seconds)
    return dates.format_timedelta(delta, add_direction=True, locale=lang)


@lru_cache(maxsize=4096)
def _span(seconds: int, lang: Language) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds} {_UNITS['s'][lang]}"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h")] if days else [(hours, "h"), (minutes, "min")]
    return " ".join(f"{count} {_UNITS[unit][lang]}" for count, unit in parts if count)


def install(app: Flask) -> None:
    for each in (number, percent, date, day, clock, moment, span, ago, iso, instant, attributes):
        app.add_template_filter(each)
    app.add_template_filter(time_tag, "at")
