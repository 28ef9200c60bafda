"""Stays as columns: what a kernel needs of thousands of them, each bound an array. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fleet_server.tracing.visits import DerivedVisit

Integers = npt.NDArray[np.int64]
Bounds = tuple[Integers, Integers, Integers]
"""The same by certain, expected and possible bounds."""

DWELL: Final = 0
MEASURED: Final = 1
UNTIL_CLOSING: Final = 2
NO_ROOM: Final = 0
NOBODY: Final = np.empty(0, np.int64)


class Found(NamedTuple):
    """Stays whose every bound follows from four numbers, as the stores keep them for searching.

    All of one length; seconds UTC.
    """

    person: Integers
    entered: Integers
    end_latest: Integers
    ending: Integers
    """`DWELL`, `MEASURED` or `UNTIL_CLOSING`."""
    room: Integers | None = None
    """`NO_ROOM` where not known; None where nobody asked."""


def chosen(found: Found, rows: Integers) -> Found:
    """These rows of `found`, in this order."""
    room = None if found.room is None else found.room[rows]
    columns = (found.person, found.entered, found.end_latest, found.ending)
    person, entered, end_latest, ending_ = (column[rows] for column in columns)
    return Found(person, entered, end_latest, ending_, room)


class Stays(NamedTuple):
    """One row a stay; starts and ends by certain, expected and possible bounds. Seconds UTC."""

    person: Integers
    room: Integers | None
    starts: Bounds
    ends: Bounds
    measured: npt.NDArray[np.bool_]
    """Whether an exit was seen."""


class Group(NamedTuple):
    """Stays in the order of the spans they were searched by: `counts[k]` of them for span k."""

    counts: Integers
    stays: Stays


def ending(visit: DerivedVisit) -> int:
    """How the expected end of `visit` is told."""
    if visit.left_at is not None:
        return MEASURED
    return UNTIL_CLOSING if visit.staff else DWELL


def is_sure(visit: DerivedVisit) -> bool:
    """Whether nothing but an unseen exit is uncertain: then `Found` says it all."""
    end = visit.entered_at if visit.left_at is None else visit.end_latest
    return (
        visit.entered_earliest == visit.entered_at == visit.entered_latest
        and visit.end_earliest == end
        and visit.left_at in (None, end)
    )


def sure(found: Found, dwell_s: Integers | int) -> Stays:
    """Bounds of stays that `Found` says all of; `dwell_s` one for all or one a stay."""
    expected = np.where(
        found.ending == DWELL,
        np.minimum(found.entered + dwell_s, found.end_latest),
        found.end_latest,
    )
    measured = found.ending == MEASURED
    certain = np.where(measured, found.end_latest, found.entered)
    starts = (found.entered, found.entered, found.entered)
    return Stays(found.person, found.room, starts, (certain, expected, found.end_latest), measured)


def expected_end(visit: DerivedVisit, dwell_s: int) -> int:
    """When the person is taken to have left."""
    if visit.left_at is not None:
        return visit.left_at
    return visit.end_latest if visit.staff else min(visit.entered_at + dwell_s, visit.end_latest)


def of_visits(visits: Sequence[tuple[int, DerivedVisit]], dwell_s: Mapping[int, int]) -> Stays:
    """(person, visit) pairs as columns, whatever is uncertain in them; dwell by venue."""
    rows = [
        (
            person,
            visit.room_id or NO_ROOM,
            visit.entered_latest,
            visit.entered_at,
            visit.entered_earliest,
            visit.end_earliest,
            expected_end(visit, dwell_s[visit.venue_id]),
            visit.end_latest,
            visit.left_at is not None,
        )
        for person, visit in visits
    ]
    table = np.array(rows, np.int64).reshape(-1, 9).T
    person, room, *starts = table[:5]
    return Stays(
        person,
        room,
        (starts[0], starts[1], starts[2]),
        (table[5], table[6], table[7]),
        table[8] > 0,
    )
