"""Who was exposed, how surely and for how long. Pure: stays in, ranked exposures out.

Every answer is computed three times over, by three bounds of each stay: what is certain, what is
expected, what is possible. For one bound, the moments two people shared a place are the moments
covered by the stays of both; so the stays of the index person are first made one cover per place,
and overlaps that come of doubled scans are never counted twice.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from fleet_server.tracing.rules import CAP_S, Rule
from fleet_server.tracing.spans import Span, overlaps, total, union

Tier = Literal["A", "B", "C"]
"""Certain, probable, possible."""


class Stay(NamedTuple):
    """One stay as far as it is known. Seconds UTC."""

    visitor: str
    venue: str
    room: str | None
    """Where known; rooms of one venue are one place all the same."""
    start_earliest: int
    start: int
    start_latest: int
    end_earliest: int
    """`start` where no exit was seen."""
    end: int | None
    """The measured exit."""
    end_latest: int
    """Where no exit was seen: the next entry anywhere, the closing or the cap."""
    dwell_s: int
    """How long people are assumed to stay at this venue."""


class Question(NamedTuple):
    """[since, until), seconds UTC, and the rule."""

    since: int
    until: int
    rule: Rule


class Place(NamedTuple):
    """A venue as a whole (room None), or one room of it."""

    venue: str
    room: str | None = None


class Bounds(NamedTuple):
    """The same thing by earliest, expected and latest ends."""

    certain: list[Span]
    expected: list[Span]
    possible: list[Span]


class Shared(NamedTuple):
    """Seconds two people shared, by each bound."""

    certain_s: int
    expected_s: int
    possible_s: int


class Exposure(NamedTuple):
    """One other person, all places together."""

    visitor: str
    tier: Tier
    shared: Shared
    first: int
    """Start of the first overlap by latest ends."""
    places: list[str]
    """Every venue with an overlap by latest ends, by code points."""
    rooms: dict[Place, Shared]
    """How long a room was shared, where both stays know it."""


def covers(stays: Iterable[Stay], question: Question) -> dict[Place, Bounds]:
    """When the index person makes each place infectious: clipped to the window, then lingering."""
    out: dict[Place, Bounds] = {}
    lingers = (0, question.rule.linger_s, question.rule.linger_s)
    for stay in stays:
        ends = zip(_bounds(stay, question.rule.dwell_s), lingers, strict=True)
        clipped = [
            (max(start, question.since), min(end, question.until), linger)
            for (start, end), linger in ends
        ]
        for place in _places(stay):
            cover = out.setdefault(place, Bounds([], [], []))
            for spans, (start, end, linger) in zip(cover, clipped, strict=True):
                if start < end:
                    spans.append((start, end + linger))
    return {place: Bounds(*map(union, cover)) for place, cover in out.items()}


def exposures(stays: Iterable[Stay], others: Iterable[Stay], question: Question) -> list[Exposure]:
    """Everyone among `others` who shared a place with the person of `stays`, ranked."""
    index = list(stays)
    own = {stay.visitor for stay in index}
    infectious = covers(index, question)
    met: dict[str, dict[Place, Bounds]] = {}
    for stay in others:
        if stay.visitor in own:
            continue
        bounds = _bounds(stay, question.rule.dwell_s)
        for place in _places(stay):
            cover = infectious.get(place)
            if cover is None:
                continue
            found = [overlaps(c, start, end) for c, (start, end) in zip(cover, bounds, strict=True)]
            if not found[2]:
                continue
            shared = met.setdefault(stay.visitor, {}).setdefault(place, Bounds([], [], []))
            for spans, parts in zip(shared, found, strict=True):
                spans.extend(parts)
    ranked = [_exposure(visitor, places, question.rule) for visitor, places in met.items()]
    ranked.sort(key=_rank)
    return ranked


def _bounds(stay: Stay, dwell_s: int | None) -> tuple[Span, Span, Span]:
    """The stay by earliest, expected and latest ends; an empty one does not end after its start."""
    cap = stay.start + CAP_S
    latest = min(stay.end_latest, cap)
    expected = stay.end
    if expected is None:
        expected = stay.start + (stay.dwell_s if dwell_s is None else dwell_s)
    return (
        (stay.start_latest, min(stay.end_earliest, latest)),
        (stay.start, min(expected, latest)),
        (stay.start_earliest, latest),
    )


def _places(stay: Stay) -> tuple[Place, ...]:
    venue = Place(stay.venue)
    return (venue,) if stay.room is None else (venue, Place(stay.venue, stay.room))


def _exposure(visitor: str, places: dict[Place, Bounds], rule: Rule) -> Exposure:
    merged = {place: Bounds(*map(union, bounds)) for place, bounds in places.items()}
    venues = {place.venue: bounds for place, bounds in merged.items() if place.room is None}
    tier: Tier
    if any(_long_enough(bounds.certain, rule) for bounds in venues.values()):
        tier = "A"
    elif any(_long_enough(bounds.expected, rule) for bounds in venues.values()):
        tier = "B"
    else:
        tier = "C"
    parts = [_shared(bounds) for bounds in venues.values()]
    return Exposure(
        visitor=visitor,
        tier=tier,
        shared=Shared(*map(sum, zip(*parts, strict=True))),
        first=min(bounds.possible[0][0] for bounds in venues.values()),
        places=sorted(venues),
        rooms={
            place: _shared(bounds) for place, bounds in merged.items() if place.room is not None
        },
    )


def _long_enough(spans: list[Span], rule: Rule) -> bool:
    return any(end - start >= rule.min_overlap_s for start, end in spans)


def _shared(bounds: Bounds) -> Shared:
    return Shared(total(bounds.certain), total(bounds.expected), total(bounds.possible))


def _rank(exposure: Exposure) -> tuple[str, int, int, int, str]:
    shared = exposure.shared
    return (
        exposure.tier,
        -shared.expected_s,
        -shared.certain_s,
        -shared.possible_s,
        exposure.visitor,
    )
