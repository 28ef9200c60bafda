"""A venue's day in figures: who came when, and how many may be inside. Counts only."""

import datetime as dt
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from fleet_server.models import Scan
from fleet_server.reports.venue_log import LoggedVenue
from fleet_server.times import day_bounds, local, parse
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


def came(connection: Connection, where: LoggedVenue, last: dt.date) -> Came:
    """Scans of the DAYS days up to `last` on the venue's clocks, but those of people going out."""
    days = {last - dt.timedelta(days=back): 0 for back in reversed(range(DAYS))}
    start, _ = day_bounds(next(iter(days)), where.zone)
    last_start, end = day_bounds(last, where.zone)
    hours = [0] * -(-(end - last_start) // HOUR_S)
    hour = Scan.corrected_ms // (HOUR_S * 1000)
    rows = connection.execute(
        select(hour.label("hour"), func.count().label("scans"))
        .where(
            Scan.venue_id == where.id,
            Scan.corrected_ms >= start * 1000,
            Scan.corrected_ms < end * 1000,
            Scan.direction != EXIT,
        )
        .group_by(hour)
    )
    for row in rows:
        at = int(row.hour) * HOUR_S
        days[local(at, where.zone).date()] += row.scans
        if at >= last_start:
            hours[(at - last_start) // HOUR_S] += row.scans
    return Came(hours, list(days.items()))


def filling(connection: Connection, where: LoggedVenue, *, now: int) -> Filling:
    """How full the venue has been since midnight on its clocks; visits must be derived."""
    start, _ = day_bounds(where.today(now), where.zone)
    version = rulebook.in_force(connection, None)
    asked = Asked(Question(start, now + 1, version.rule()), version.terms, now)
    hourly = occupancy.occupancy(connection, where.id, asked, step_s=HOUR_S)
    asked_now = Asked(Question(now, now + 1, version.rule()), version.terms, now)
    at_once = occupancy.occupancy(connection, where.id, asked_now, step_s=1)
    return Filling(
        [
            Inside(parse(each.at, where.zone), each.certain, each.expected, each.possible)
            for each in (*hourly.occupancy, *at_once.occupancy)
        ],
        hourly.measured,
    )
