"""Opening hours as people write them: `mon-fri 06:00-18:00`, `sat 19:00-02:00`."""

import itertools
import re
from collections.abc import Iterable
from typing import Final

from fleet_server.fleet.references import Unfit
from fleet_server.tracing.opening import Stretch

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN: Final = 1440
_STRETCH: Final = re.compile(r"(daily|[a-z]{3})(?:-([a-z]{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)")


def parse(texts: Iterable[str]) -> list[Stretch]:
    """All stretches of several lines, sorted. Raises Unfit, also where two overlap."""
    stretches = sorted(stretch for text in texts for stretch in _line(text))
    week = 7 * DAY_MIN
    spans = [
        (s.weekday * DAY_MIN + s.opens_min, s.weekday * DAY_MIN + s.closes_min, s)
        for s in stretches
    ]
    if spans:
        # The week closes on itself: Sunday night runs into Monday.
        spans.append((spans[0][0] + week, spans[0][1] + week, spans[0][2]))
    for (_, end, one), (start, _, other) in itertools.pairwise(spans):
        if start < end:
            raise Unfit(f"hours: {in_words(one)} and {in_words(other)} overlap")
    return stretches


def in_words(stretch: Stretch) -> str:
    """As `parse` takes it."""
    opens, closes = stretch.opens_min, stretch.closes_min
    if closes > DAY_MIN:
        closes -= DAY_MIN
    clock = f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
    return f"{DAYS[stretch.weekday]} {clock}"


def _line(text: str) -> list[Stretch]:
    found = _STRETCH.fullmatch(text.strip().lower())
    if found is None:
        raise _unfit(text)
    first, last, *clock = found.groups()
    opens = _minutes(clock[0], clock[1], text)
    closes = _minutes(clock[2], clock[3], text)
    if opens == DAY_MIN:
        raise _unfit(text)
    if closes <= opens:
        closes += DAY_MIN
    if first == "daily":
        if last is not None:
            raise _unfit(text)
        days = list(range(7))
    else:
        if first not in DAYS or (last or first) not in DAYS:
            raise _unfit(text)
        start, end = DAYS.index(first), DAYS.index(last or first)
        days = [(start + step) % 7 for step in range((end - start) % 7 + 1)]
    return [Stretch(day, opens, closes) for day in days]


def _minutes(hours: str, minutes: str, text: str) -> int:
    at = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or at > DAY_MIN:
        raise _unfit(text)
    return at


def _unfit(text: str) -> Unfit:
    return Unfit(
        f"hours {text[:80]!r}: expected such as `mon-fri 06:00-18:00`, `sat 19:00-02:00` or "
        "`daily 00:00-24:00`"
    )
