"""When the index person made which places infectious. Pure."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from fleet_server.tracing.columns import NO_ROOM, Bounds, Integers
from fleet_server.tracing.rules import Rule
from fleet_server.tracing.spans import Span

_EMPTY: Final = (0, 0)


class Question(NamedTuple):
    """[since, until), seconds UTC, and the rule."""

    since: int
    until: int
    rule: Rule


class Stay(NamedTuple):
    """One stay of the index person, by each of its bounds. Seconds UTC."""

    venue: int
    room: int
    """`NO_ROOM` where not known."""
    certain: Span
    expected: Span
    possible: Span


class Reach(NamedTuple):
    """When the index person makes which places infectious: one span a stay, by each bound.

    Spans may overlap; what somebody shared with two of them is merged later.
    """

    places: list[int]
    """Ids of venues, or of rooms."""
    venues: list[int]
    """Of each span: the venue to search."""
    spans: list[Span]
    """By possible bounds."""
    place_of: Integers
    """Of each span: its position in `places`."""
    starts: Bounds
    """Of each span by certain, expected and possible bounds; not before its end where empty."""
    ends: Bounds


def reach(stays: Iterable[Stay], question: Question, *, rooms: bool = False) -> Reach:
    """The index person's stays clipped to the window, then lingering; by venue, or by room.

    A stay that is empty by a bound reaches nothing by it; with `rooms` only those count that know
    theirs.
    """
    linger = question.rule.linger_s
    places: dict[int, int] = {}
    venues: list[int] = []
    rows: list[tuple[int, ...]] = []
    for stay in sorted(stays):
        clipped = [
            (max(start, question.since), min(end, question.until))
            for start, end in (stay.certain, stay.expected, stay.possible)
        ]
        if clipped[-1][0] >= clipped[-1][1] or (rooms and stay.room == NO_ROOM):
            continue
        place = places.setdefault(stay.room if rooms else stay.venue, len(places))
        venues.append(stay.venue)
        row = [place]
        for (start, end), after in zip(clipped, (0, linger, linger), strict=True):
            row += (start, end + after) if start < end else _EMPTY
        rows.append(tuple(row))
    place_of, *bounds = np.array(rows, np.int64).reshape(-1, 7).T
    return Reach(
        list(places),
        venues,
        [(row[-2], row[-1]) for row in rows],
        place_of,
        (bounds[0], bounds[2], bounds[4]),
        (bounds[1], bounds[3], bounds[5]),
    )
