"""Who was exposed, how surely and for how long. Pure: stays in, ranked exposures out.

Every answer is computed three times over, by three bounds of each stay: what is certain, what is
expected, what is possible. For one bound, the moments two people shared a place are the moments
covered by the stays of both; so the stays of the index person are first made one cover per place,
and overlaps that come of doubled scans are never counted twice.

The index person has some dozen stays and is handled plainly; the others are thousands and are
handled as columns, all three bounds in one sort.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from fleet_server.tracing.columns import NO_ROOM, NOBODY, Bounds, Group, Integers
from fleet_server.tracing.reach import Reach
from fleet_server.tracing.rules import Rule

Tier = Literal["A", "B", "C"]
"""Certain, probable, possible."""
TIERS: Final[tuple[Tier, Tier, Tier]] = ("A", "B", "C")
_CERTAIN, _EXPECTED, _POSSIBLE = range(3)
_BITS: Final = 62
"""What a packed sort key may take."""


class Shared(NamedTuple):
    """Seconds two people shared, by each bound."""

    certain_s: int
    expected_s: int
    possible_s: int


class Exposure(NamedTuple):
    """One other person, all places together."""

    person: int
    tier: Tier
    shared: Shared
    first: int
    """Start of the first overlap by latest ends."""
    places: list[int]
    """Every place with an overlap by latest ends."""


class Exposures:
    """Everybody met, as columns in no order; ranked where it is asked for."""

    def __init__(self, places: Sequence[int], sums: "Sums") -> None:
        self._places = places
        self.sums = sums

    def __len__(self) -> int:
        return len(self.sums.person)

    def counts(self) -> dict[Tier, int]:
        """How many there are in each tier."""
        counts = np.bincount(self.sums.tier, minlength=3).tolist()
        return dict(zip(TIERS, counts, strict=True))

    def ranked(self, refs: Callable[[Sequence[int]], Sequence[str]]) -> Integers:
        """Positions in rank order; `refs` as `rank` takes it."""
        return rank(self.sums.person, self.sums.tier, self.sums.seconds, refs)

    def most_alike(self) -> int:
        """The most people whom tier and seconds do not tell apart; 0 where there is nobody."""
        if not len(self):
            return 0
        columns = np.stack([self.sums.tier, *self.sums.seconds])
        _, counts = np.unique(columns, axis=1, return_counts=True)
        return int(counts.max())

    def at(self, positions: Iterable[int]) -> list[Exposure]:
        """Exposures at these positions."""
        sums = self.sums
        out = []
        for i in positions:
            first, last = np.searchsorted(sums.who, [i, i + 1])
            out.append(
                Exposure(
                    int(sums.person[i]),
                    TIERS[sums.tier[i]],
                    Shared(*(int(column[i]) for column in sums.seconds)),
                    int(sums.first[i]),
                    [self._places[place] for place in sums.where[first:last].tolist()],
                )
            )
        return out

    def shared(self) -> dict[int, dict[int, Shared]]:
        """Person and place → the seconds shared there."""
        sums = self.sums
        out: dict[int, dict[int, Shared]] = {}
        columns = (sums.person[sums.who], sums.where, *sums.totals)
        for who, where, *seconds in zip(*(each.tolist() for each in columns), strict=True):
            out.setdefault(who, {})[self._places[where]] = Shared(*seconds)
        return out


class Sums(NamedTuple):
    """First one row a person, then one row a person and place; all sorted by person."""

    person: Integers
    tier: Integers
    """Position in `TIERS`."""
    seconds: Bounds
    first: Integers
    who: Integers
    """Position in `person`."""
    where: Integers
    totals: Bounds


class _Pieces(NamedTuple):
    """Overlaps of a stay with a span: by possible bounds never empty, by others perhaps."""

    person: Integers
    place: Integers
    starts: Bounds
    ends: Bounds


def exposures(
    reached: Reach,
    groups: Iterable[Group],
    rule: Rule,
    *,
    but: Sequence[int] = (),
    rooms: bool = False,
) -> Exposures:
    """Everyone in `groups` who shared a reached place, except the persons `but`.

    Each group holds stays by the spans of `reached`; with `rooms` only those in the reached room
    count.
    """
    parts = [_pieces(reached, group, but, rooms=rooms) for group in groups]
    whole = [part for part in parts if len(part.person)]
    if not whole:
        return Exposures(reached.places, _NOTHING)
    pieces = whole[0] if len(whole) == 1 else _joined(whole)
    return Exposures(reached.places, _sums(len(reached.places), pieces, rule))


def rank(
    person: Integers,
    tier: Integers,
    seconds: Bounds,
    refs: Callable[[Sequence[int]], Sequence[str]],
) -> Integers:
    """Positions by tier, then expected, certain, possible seconds (most first), then reference.

    `refs` gives persons' references; asked only for those who tie.
    """
    # Two numbers in one: nobody shares as much as 2³² seconds.
    first = (tier << 32) - seconds[_EXPECTED]
    second = -((seconds[_CERTAIN] << 32) + seconds[_POSSIBLE])
    order = np.lexsort((second, first))
    fresh = _changes(first[order]) | _changes(second[order])
    tied = np.flatnonzero(~fresh | np.append(~fresh[1:], False))
    if len(tied):
        group = np.cumsum(fresh)[tied]
        who = order[tied]
        names = np.array(refs(person[who].tolist()), np.str_)
        order[tied] = who[np.lexsort((names, group))]
    return order


_NONE: Final = (NOBODY, NOBODY, NOBODY)
_NOTHING: Final = Sums(NOBODY, NOBODY, _NONE, NOBODY, NOBODY, NOBODY, _NONE)


def _pieces(reached: Reach, group: Group, but: Sequence[int], *, rooms: bool) -> _Pieces:
    """What the stays of a group share with the spans they were searched by."""
    stays, counts = group.stays, group.counts
    start = np.maximum(stays.starts[_POSSIBLE], np.repeat(reached.starts[_POSSIBLE], counts))
    end = np.minimum(stays.ends[_POSSIBLE], np.repeat(reached.ends[_POSSIBLE], counts))
    met = start < end
    for person in but:
        met &= stays.person != person
    if rooms:
        theirs = NO_ROOM if stays.room is None else stays.room
        met &= theirs == np.array(reached.places, np.int64)[np.repeat(reached.place_of, counts)]
    rows = np.flatnonzero(met)
    span = np.repeat(np.arange(len(counts)), counts)[rows]
    inner = [
        (
            np.maximum(stays.starts[bound][rows], reached.starts[bound][span]),
            np.minimum(stays.ends[bound][rows], reached.ends[bound][span]),
        )
        for bound in (_CERTAIN, _EXPECTED)
    ]
    return _Pieces(
        stays.person[rows],
        reached.place_of[span],
        (inner[0][0], inner[1][0], start[rows]),
        (inner[0][1], inner[1][1], end[rows]),
    )


def _joined(parts: Sequence[_Pieces]) -> _Pieces:
    def joined(columns: Iterable[Integers]) -> Integers:
        return np.concatenate(list(columns))

    def bounds(columns: Iterable[Bounds]) -> Bounds:
        certain, expected, possible = map(joined, zip(*columns, strict=True))
        return certain, expected, possible

    person, place, starts, ends = zip(*parts, strict=True)
    return _Pieces(joined(person), joined(place), bounds(starts), bounds(ends))


def _sums(places: int, pieces: _Pieces, rule: Rule) -> Sums:
    """Merges the overlaps of each person and place by each bound, and adds up."""
    order = _order(places, pieces)
    person, where = pieces.person[order], pieces.place[order]
    fresh = _changes(person) | _changes(where)
    heads = np.flatnonzero(fresh)
    group = np.cumsum(fresh) - 1
    merged = [
        _merged(group, start[order], end[order], len(heads))
        for start, end in zip(pieces.starts, pieces.ends, strict=True)
    ]
    person, where = person[heads], where[heads]
    new_person = _changes(person)
    firsts = np.flatnonzero(new_person)
    longest = [np.maximum.reduceat(each.longest, firsts) for each in merged]
    certain, expected, possible = (np.add.reduceat(each.total, firsts) for each in merged)
    probable = np.where(longest[_EXPECTED] >= rule.min_overlap_s, 1, 2)
    return Sums(
        person[firsts],
        np.where(longest[_CERTAIN] >= rule.min_overlap_s, 0, probable),
        (certain, expected, possible),
        # Pieces are in the order of their possible starts.
        np.minimum.reduceat(pieces.starts[_POSSIBLE][order][heads], firsts),
        np.cumsum(new_person) - 1,
        where,
        (merged[0].total, merged[1].total, merged[2].total),
    )


class _Merged(NamedTuple):
    """Of each group: seconds in all, and the longest stretch without a break."""

    total: Integers
    longest: Integers


def _merged(group: Integers, start: Integers, end: Integers, groups: int) -> _Merged:
    """The union of the overlaps of each group, whose numbers ascend."""
    kept = np.flatnonzero(start < end)
    if len(kept) < len(group):
        group, start, end = group[kept], start[kept], end[kept]
    total, longest = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    if not len(group):
        return _Merged(total, longest)
    if np.any((start[1:] < start[:-1]) & (group[1:] == group[:-1])):
        order = np.lexsort((start, group))
        group, start, end = group[order], start[order], end[order]
    # One running maximum for all groups: each lies above all that went before it.
    base = int(start.min())
    shift = group * (int(end.max()) - base + 1) - base
    latest = np.maximum.accumulate(end + shift)
    fresh = np.ones(len(group), bool)
    # Overlaps that touch are one.
    fresh[1:] = start[1:] + shift[1:] > latest[:-1]
    runs = np.flatnonzero(fresh)
    length = np.maximum.reduceat(end, runs) - start[runs]
    of = group[runs]
    firsts = np.flatnonzero(_changes(of))
    total[of[firsts]] = np.add.reduceat(length, firsts)
    longest[of[firsts]] = np.maximum.reduceat(length, firsts)
    return _Merged(total, longest)


def _order(places: int, pieces: _Pieces) -> Integers:
    """By person, place and possible start; sorted as one number where they fit."""
    person, place, start = pieces.person, pieces.place, pieces.starts[_POSSIBLE]
    base = int(start.min())
    width = int(start.max() - base).bit_length()
    fits = (int(person.max() + 1) * places).bit_length() + width <= _BITS
    if fits and int(person.min()) >= 0:
        return np.argsort(((person * places + place) << width) | (start - base))
    return np.lexsort((start, place, person))


def _changes(column: Integers) -> npt.NDArray[np.bool_]:
    """Where a value differs from the one before it; True for the first."""
    out = np.ones(len(column), bool)
    np.not_equal(column[1:], column[:-1], out=out[1:])
    return out
