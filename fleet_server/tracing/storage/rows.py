"""A visit as a row: the same columns in the same order on every engine.

Bounds that say nothing beyond the expected time are NULL, so that most rows are short.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from fleet_server.tracing.columns import ending, is_sure
from fleet_server.tracing.visits import (
    DWELL_DEFAULT,
    EXIT_SCAN,
    NEXT_SCAN,
    VENUE_CLOSED,
    DerivedVisit,
)

DAY_S: Final = 86_400
UNSURE: Final = 4
"""Added to `ending` where more is uncertain than an unseen exit: such stays are searched apart."""
SOURCES: Final = (DWELL_DEFAULT, EXIT_SCAN, NEXT_SCAN, VENUE_CLOSED)
_CODES: Final = {source: code for code, source in enumerate(SOURCES)}

COLUMNS: Final = (
    "person_id",
    "entered_at",
    "venue_id",
    "end_latest",
    "ending",
    "room_id",
    "left_at",
    "entered_earliest",
    "entered_latest",
    "end_earliest",
    "end_source",
    "entry_scan_id",
    "exit_scan_id",
    "authentic",
    "capped",
    "staff",
    "since_ms",
)


class StoredVisit(NamedTuple):
    """One person's visit as it has been known since `since_ms`."""

    person_id: int
    visit: DerivedVisit
    since_ms: int


class Superseded(NamedTuple):
    """What was known from `stored.since_ms` until `until_ms`."""

    stored: StoredVisit
    until_ms: int


def day_of(at: int) -> int:
    """The day a visit is kept under, by its expected start: days since 1970, UTC."""
    return at // DAY_S


def days_of(since: int, until: int) -> range:
    """All days that [since, until) touches."""
    return range(day_of(since), day_of(max(since, until - 1)) + 1)


def by_day(stored: Iterable[StoredVisit]) -> dict[int, list[StoredVisit]]:
    """The visits of each day."""
    days: dict[int, list[StoredVisit]] = {}
    for each in stored:
        days.setdefault(day_of(each.visit.entered_at), []).append(each)
    return days


def to_row(stored: StoredVisit) -> tuple[Any, ...]:
    """In the order of `COLUMNS`."""
    visit = stored.visit
    entered = visit.entered_at
    return (
        stored.person_id,
        entered,
        visit.venue_id,
        visit.end_latest,
        ending(visit) + (0 if is_sure(visit) else UNSURE),
        visit.room_id,
        visit.left_at,
        None if visit.entered_earliest == entered else visit.entered_earliest,
        None if visit.entered_latest == entered else visit.entered_latest,
        None if visit.end_earliest == _plain_end(visit) else visit.end_earliest,
        _CODES[visit.end_source],
        visit.entry_scan_id,
        visit.exit_scan_id,
        int(visit.authentic),
        int(visit.capped),
        int(visit.staff),
        stored.since_ms,
    )


def from_row(row: Sequence[Any]) -> StoredVisit:
    """What `to_row` was given."""
    person, entered, venue, latest, _ending, room, left, earliest, entered_latest, end, *rest = row
    source, entry_scan, exit_scan, authentic, was_capped, staff, since_ms = rest
    return StoredVisit(
        person,
        DerivedVisit(
            venue_id=venue,
            room_id=room,
            entered_at=entered,
            entered_earliest=entered if earliest is None else earliest,
            entered_latest=entered if entered_latest is None else entered_latest,
            left_at=left,
            end_source=SOURCES[source],
            end_earliest=(entered if left is None else left) if end is None else end,
            end_latest=latest,
            entry_scan_id=entry_scan,
            exit_scan_id=exit_scan,
            authentic=bool(authentic),
            capped=bool(was_capped),
            staff=bool(staff),
        ),
        since_ms,
    )


def _plain_end(visit: DerivedVisit) -> int:
    return visit.entered_at if visit.left_at is None else visit.left_at
