"""How full a place was, as a range: few exits are measured."""

from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from fleet_server.times import iso
from fleet_server.tracing import search
from fleet_server.tracing.answers import OccupancyAnswer, Occupied
from fleet_server.tracing.columns import NO_ROOM, Integers
from fleet_server.tracing.questions import Asked, as_of, gaps_of
from fleet_server.tracing.reach import Stay, reach


class Inside(NamedTuple):
    """How full a place was at some moments."""

    counts: list[Integers]
    """Of certain, expected and possible stays: persons at each moment."""
    stays: int
    measured: float | None
    """Share of the stays whose end somebody measured; None where there are none."""


def occupancy(
    connection: Connection, venue_id: int, asked: Asked, *, step_s: int
) -> OccupancyAnswer:
    """Persons inside at `since` and every `step_s` after it, by each of their bounds."""
    question = asked.question
    moments = np.arange(question.since, question.until, step_s, dtype=np.int64)
    found = inside(connection, venue_id, asked, moments)
    return OccupancyAnswer(
        rule=question.rule,
        as_of=as_of(asked),
        gaps=gaps_of(connection, [venue_id], asked),
        venue=asked.venues(connection, [venue_id])[venue_id].ref,
        stays=found.stays,
        measured=found.measured,
        step_s=step_s,
        occupancy=[
            Occupied(at=iso(at), certain=certain, expected=expected, possible=possible)
            for at, certain, expected, possible in zip(
                moments.tolist(), *(counts.tolist() for counts in found.counts), strict=True
            )
        ],
    )


def inside(connection: Connection, venue_id: int, asked: Asked, moments: Integers) -> Inside:
    """Persons inside at these moments (seconds UTC) of the question's window."""
    question = asked.question
    window = (question.since, question.until)
    dwell_s = asked.dwells(connection, [venue_id])
    whole = reach([Stay(venue_id, NO_ROOM, window, window, window)], question)
    groups = search.groups(connection, whole, dwell_s, known_ms=asked.known_ms)
    counts = [
        _inside(
            np.concatenate([group.stays.person for group in groups]),
            np.concatenate([group.stays.starts[bound] for group in groups]),
            np.concatenate([group.stays.ends[bound] for group in groups]),
            moments,
        )
        for bound in range(3)
    ]
    stays = sum(len(group.stays.person) for group in groups)
    measured = sum(int(group.stays.measured.sum()) for group in groups)
    return Inside(counts, stays, round(measured / stays, 4) if stays else None)


def _inside(person: Integers, start: Integers, end: Integers, moments: Integers) -> Integers:
    """Persons whose stays cover each moment; two stays of one person at once count once."""
    kept = start < end
    order = np.lexsort((start[kept], person[kept]))
    person, start, end = person[kept][order], start[kept][order], end[kept][order]
    if not len(person):
        return np.zeros(len(moments), np.int64)
    # Where a person's stays overlap, the later one begins when the earlier has ended.
    fresh = np.append(True, person[1:] != person[:-1])
    shift = np.cumsum(fresh) * (int(end.max()) - int(start.min()) + 1)
    latest = np.maximum.accumulate(end + shift) - shift
    begun = start.copy()
    begun[1:] = np.where(fresh[1:], start[1:], np.maximum(start[1:], latest[:-1]))
    counted = begun < end
    entered, left = np.sort(begun[counted]), np.sort(end[counted])
    came = np.searchsorted(entered, moments, "right")
    return came - np.searchsorted(left, moments, "right")
