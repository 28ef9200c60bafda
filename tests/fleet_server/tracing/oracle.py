"""The exposure rules once more, done as plainly as possible, to hold the real ones to.

`by_moments` keeps every moment a place was shared in a set; `by_pairs` goes through all pairs of
stays and sorts out the overlaps afterwards. They share no code with each other or with the server.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from fleet_server.tracing.reach import Question

CAP_S = 57_600


class Stay(NamedTuple):
    """One stay as far as it is known, under the names people give. Seconds."""

    visitor: str
    venue: str
    room: str | None
    start_earliest: int
    start: int
    start_latest: int
    end_earliest: int
    """`start` where no exit was seen."""
    end: int | None
    """The measured exit."""
    end_latest: int
    dwell_s: int


class Found(NamedTuple):
    visitor: str
    tier: str
    certain_s: int
    expected_s: int
    possible_s: int
    first: int
    places: tuple[str, ...]


def bounds(stay: Stay, dwell: int | None, which: str) -> tuple[int, int]:
    cap = stay.start + CAP_S
    dwell = stay.dwell_s if dwell is None else dwell
    if stay.end is None:
        ends = {
            "certain": stay.end_earliest,
            "expected": min(stay.start + dwell, stay.end_latest),
            "possible": stay.end_latest,
        }
    else:
        ends = {
            "certain": stay.end_earliest,
            "expected": stay.end,
            "possible": stay.end_latest,
        }
    starts = {
        "certain": stay.start_latest,
        "expected": stay.start,
        "possible": stay.start_earliest,
    }
    return starts[which], min(ends[which], cap)


def by_moments(
    stays: Iterable[Stay], others: Iterable[Stay], question: Question, unit: int = 1
) -> list[Found]:
    """All times in the question and the stays must be multiples of `unit` seconds."""
    shared: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for mine, other in product(stays, list(others)):
        if mine.venue != other.venue or mine.visitor == other.visitor:
            continue
        for which in ("certain", "expected", "possible"):
            start, end = bounds(mine, question.rule.dwell_s, which)
            moments = {
                at
                for at in range(start // unit, end // unit)
                if question.since <= at * unit < question.until
            }
            if moments and which != "certain":
                last = max(moments)
                moments |= set(range(last + 1, last + 1 + question.rule.linger_s // unit))
            start, end = bounds(other, question.rule.dwell_s, which)
            moments &= set(range(start // unit, end // unit))
            shared[other.visitor, other.venue, which] |= moments
    return _found(
        {key: _runs(moments, unit) for key, moments in shared.items()}, question.rule.min_overlap_s
    )


def by_pairs(stays: Iterable[Stay], others: Iterable[Stay], question: Question) -> list[Found]:
    pieces: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    for mine, other in product(stays, list(others)):
        if mine.venue != other.venue or mine.visitor == other.visitor:
            continue
        for which in ("certain", "expected", "possible"):
            start, end = bounds(mine, question.rule.dwell_s, which)
            start, end = max(start, question.since), min(end, question.until)
            if end <= start:
                continue
            if which != "certain":
                end += question.rule.linger_s
            their_start, their_end = bounds(other, question.rule.dwell_s, which)
            start, end = max(start, their_start), min(end, their_end)
            if end > start:
                pieces[other.visitor, other.venue, which].append((start, end))
    merged = {}
    for key, parts in pieces.items():
        parts.sort()
        runs: list[list[int]] = []
        for start, end in parts:
            if not runs or start > runs[-1][1]:
                runs.append([start, end])
            runs[-1][1] = max(runs[-1][1], end)
        merged[key] = [(run[0], run[1]) for run in runs]
    return _found(merged, question.rule.min_overlap_s)


def _runs(moments: set[int], unit: int) -> list[tuple[int, int]]:
    starts = sorted(at for at in moments if at - 1 not in moments)
    ends = sorted(at + 1 for at in moments if at + 1 not in moments)
    return [(start * unit, end * unit) for start, end in zip(starts, ends, strict=True)]


def _found(runs: dict[tuple[str, str, str], list[tuple[int, int]]], least: int) -> list[Found]:
    out = []
    for visitor in {key[0] for key, spans in runs.items() if key[2] == "possible" and spans}:
        mine = {key[1:]: spans for key, spans in runs.items() if key[0] == visitor}

        def longest(which: str, mine: dict[tuple[str, str], list[tuple[int, int]]] = mine) -> int:
            return max(
                (
                    end - start
                    for key, spans in mine.items()
                    if key[1] == which
                    for start, end in spans
                ),
                default=0,
            )

        def seconds(which: str, mine: dict[tuple[str, str], list[tuple[int, int]]] = mine) -> int:
            return sum(
                end - start
                for key, spans in mine.items()
                if key[1] == which
                for start, end in spans
            )

        tier = "A" if longest("certain") >= least else "B" if longest("expected") >= least else "C"
        possible = {key[0]: spans for key, spans in mine.items() if key[1] == "possible" and spans}
        out.append(
            Found(
                visitor=visitor,
                tier=tier,
                certain_s=seconds("certain"),
                expected_s=seconds("expected"),
                possible_s=seconds("possible"),
                first=min(spans[0][0] for spans in possible.values()),
                places=tuple(sorted(possible)),
            )
        )
    return sorted(
        out, key=lambda f: (f.tier, -f.expected_s, -f.certain_s, -f.possible_s, f.visitor)
    )
