"""A venue's day in figures: who came when, and how many may be inside. Counts only."""

import datetime as dt
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import Connection, func, select

from fleet_server.models import Scan
from fleet_server.reports.venue_log import LoggedVenue
from fleet_server.times import day_bounds, local
from fleet_server.tracing import occupancy, rulebook
from fleet_server.tracing.questions import Asked
from fleet_server.tracing.reach import Question
from wire.records import EXIT

HOUR_S: Final = 3600
DAYS: Final = 14


class Came(NamedTuple):
    """How many came."""

    hours: list[int]
    """In each hour of the last day."""
    days: list[tuple[dt.date, int]]
    """On each day, the last one last."""


class Inside(NamedTuple):
    """How many people were inside at a moment: surely, by what is expected, and at most."""

    at: int
    """Seconds UTC."""
    certain: int
    expected: int
    possible: int


class Filling(NamedTuple):
    """How full a venue was in the course of a day."""

    moments: list[Inside]
    """Every hour from midnight, and now last."""
    measured: float | None
    """Share of stays whose end somebody measured; None where nobody came."""


def came(
    where: LoggedVenue, last: dt.date, before: Mapping[int, int], on: Mapping[int, int]
) -> Came:
    """Who came on the DAYS days up to `last` on the venue's clocks.

    By the scans `before` that day and those `on` it, as `by_hour` counts them.
    """
    days = {last - dt.timedelta(days=back): 0 for back in reversed(range(DAYS))}
    start, end = day_bounds(last, where.zone)
    hours = [0] * -(-(end - start) // HOUR_S)
    for at, scans in before.items():
        days[local(at, where.zone).date()] += scans
    for at, scans in on.items():
        days[last] += scans
        hours[(at - start) // HOUR_S] += scans
    return Came(hours, list(days.items()))


def before(connection: Connection, where: LoggedVenue, last: dt.date) -> dict[int, int]:
    """Scans by the hour of the days that `came` shows before the last."""
    day = dt.timedelta(days=1)
    return by_hour(connection, where, last - (DAYS - 1) * day, last - day)


def by_hour(
    connection: Connection, where: LoggedVenue, first: dt.date, last: dt.date
) -> dict[int, int]:
    """Scans of these days on the venue's clocks by the hour's beginning (seconds UTC), but those of
    people going out.
    """
    start, end = day_bounds(first, where.zone)[0], day_bounds(last, where.zone)[1]
    # From midnight there: where clocks are half an hour off, hours begin between those of UTC.
    hour = (Scan.corrected_ms - start * 1000) // (HOUR_S * 1000)
    rows = connection.execute(
        select(hour, func.count())
        .where(
            Scan.venue_id == where.id,
            Scan.corrected_ms >= start * 1000,
            Scan.corrected_ms < end * 1000,
            Scan.direction != EXIT,
        )
        .group_by(hour)
    )
    return {start + int(number) * HOUR_S: scans for number, scans in rows}


def filling(connection: Connection, where: LoggedVenue, *, now: int) -> Filling:
    """How full the venue has been since midnight on its clocks; visits must be derived."""
    start, _ = day_bounds(where.today(now), where.zone)
    version = rulebook.in_force(connection, None)
    asked = Asked(Question(start, now + 1, version.rule()), version.terms, now)
    moments = np.append(np.arange(start, now + 1, HOUR_S, dtype=np.int64), now)
    found = occupancy.inside(connection, where.id, asked, moments)
    counted = (moments.tolist(), *(counts.tolist() for counts in found.counts))
    return Filling([Inside(*each) for each in zip(*counted, strict=True)], found.measured)
