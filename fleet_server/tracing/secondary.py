"""F2: whom the F1 met after they were exposed. Always ranked and capped: a country's F2 are half of
it.

An F1's stays count from the moment it was first exposed, plus latency, whether they began before or
after.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import Connection

from fleet_server.tracing import search, storage, visitors
from fleet_server.tracing.answers import SecondaryAnswer, SecondaryContact
from fleet_server.tracing.columns import NOBODY, Found, Group, Integers, chosen, sure
from fleet_server.tracing.exposure import TIERS, Exposure, Exposures, exposures, rank
from fleet_server.tracing.handmade import Handmade
from fleet_server.tracing.questions import (
    Asked,
    as_of,
    gaps_of,
    index_stays,
    meet,
    said,
    selves,
    visitor_ref,
)
from fleet_server.tracing.reach import Reach, reach
from fleet_server.tracing.spans import Span, union
from fleet_server.tracing.storage.memory import MemoryStays
from fleet_server.tracing.storage.port import FoundAt, VenueSpan, reaches
from fleet_server.tracing.storage.rows import StoredVisit

TOP: Final = 50
"""F1 looked at, unless a question says otherwise."""
LIMIT: Final = 1000
"""F2 listed, unless a question says otherwise."""


class Ring(NamedTuple):
    """F2 of an index person."""

    answer: SecondaryAnswer
    persons: frozenset[int]
    """All of them, listed or not."""


class _First(NamedTuple):
    """One F1 and when it makes which places infectious."""

    exposure: Exposure
    reached: Reach


class _Links(NamedTuple):
    """The closest link of each F2: one row an F2, in no order."""

    person: Integers
    tier: Integers
    seconds: tuple[Integers, Integers, Integers]
    through: Integers
    """Position of the F1."""
    at: Integers
    """Position among those it met."""
    links: Integers


def ring(
    connection: Connection,
    person_id: int,
    asked: Asked,
    *,
    latency_s: int | None = None,
    top: int = TOP,
    limit: int | None = None,
    by_hand: Sequence[Handmade] = (),
    set_aside: Collection[int] = (),
    closer: Collection[int] = (),
) -> Ring:
    """F2 through the first `top` F1; `latency_s` where it is not the rule's.

    `set_aside`: nobody is F2 through them; `closer`: who is no F2.
    """
    if latency_s is None:
        latency_s = asked.terms.latency_min * 60
    index = index_stays(connection, person_id, asked, by_hand)
    own = selves(connection, person_id, asked)
    first_ring = meet(connection, index, asked, but=own).exposed

    def refs(persons: Sequence[int]) -> list[str]:
        return visitors.in_order(connection, persons)

    ranked = first_ring.ranked(refs)
    ranked = ranked[~np.isin(first_ring.sums.person[ranked], list(set_aside))]
    used = first_ring.at(ranked[:top].tolist())
    firsts = _reached(connection, used, asked, latency_s)
    met = _met(connection, firsts, asked)
    known = np.concatenate([first_ring.sums.person, own, np.array([*closer], np.int64)])
    links = _closest(firsts, met, known)
    listed = rank(links.person, links.tier, links.seconds, refs)[: limit or LIMIT].tolist()
    exposed = [met[links.through[i]].at([links.at[i]])[0] for i in listed]
    through = [firsts[links.through[i]].exposure.person for i in listed]
    names = visitors.refs(connection, through)
    venues = {stay.venue for stay in index} | {v for first in firsts for v in first.reached.venues}
    answer = SecondaryAnswer(
        visitor=visitor_ref(connection, person_id),
        rule=asked.question.rule,
        as_of=as_of(asked),
        gaps=gaps_of(connection, venues, asked),
        latency_s=latency_s,
        first_total=len(first_ring),
        first_used=len(used),
        total=len(links.person),
        contacts=[
            SecondaryContact(
                visitor=contact.visitor,
                tier=TIERS[links.tier[i]],
                certain_s=contact.certain_s,
                expected_s=contact.expected_s,
                possible_s=contact.possible_s,
                first=contact.first,
                places=contact.places,
                through=names[first],
                links=int(links.links[i]),
            )
            for i, first, contact in zip(
                listed, through, said(connection, exposed, asked), strict=True
            )
        ],
    )
    return Ring(answer, frozenset(links.person.tolist()))


def _reached(
    connection: Connection, used: Sequence[Exposure], asked: Asked, latency_s: int
) -> list[_First]:
    """What each F1 reached from when it may have been infectious."""
    visits = search.visits_of(
        connection,
        sorted(exposure.person for exposure in used),
        asked.window,
        known_ms=asked.known_ms,
    )
    dwell_s = asked.dwells(connection, search.venues_of(visits))
    by_person: dict[int, list[StoredVisit]] = defaultdict(list)
    for visit in visits:
        by_person[visit.person_id].append(visit)
    return [
        _First(
            exposure,
            reach(
                search.stays(by_person[exposure.person], dwell_s),
                asked.question._replace(since=exposure.first + latency_s),
            ),
        )
        for exposure in used
    ]


def _met(connection: Connection, firsts: Sequence[_First], asked: Asked) -> list[Exposures]:
    """Whom each F1 met; they share places, so all of these are fetched once."""
    spans: dict[int, list[Span]] = defaultdict(list)
    for first in firsts:
        for venue, span in zip(first.reached.venues, first.reached.spans, strict=True):
            spans[venue].append(span)
    wanted = [
        VenueSpan(venue, *span) for venue, found in sorted(spans.items()) for span in union(found)
    ]
    dwell_s = asked.dwells(connection, spans.keys())
    store = storage.of(connection)
    memory = MemoryStays(*_once(wanted, store.sure_at(connection, wanted, known_ms=asked.known_ms)))
    others = search.unsure_at(connection, wanted, asked.known_ms)
    out = []
    for exposure, reached in firsts:
        looked = [
            VenueSpan(venue_id, *span)
            for venue_id, span in zip(reached.venues, reached.spans, strict=True)
        ]
        at = memory.sure_at(looked)
        dwell = np.array([dwell_s[venue_id] for venue_id in reached.venues], np.int64)
        groups = [Group(at.counts, sure(at.found, np.repeat(dwell, at.counts)))]
        groups += search.unsure_groups(
            [
                [
                    each
                    for each in others
                    if each.visit.venue_id == span.venue_id and reaches(each.visit, span)
                ]
                for span in looked
            ],
            dwell_s,
        )
        out.append(exposures(reached, groups, asked.question.rule, but=[exposure.person]))
    return out


def _once(wanted: Sequence[VenueSpan], at: FoundAt) -> tuple[Integers, Found]:
    """Venue and stay of each row; stays that reach into several spans were found for each.

    Those of a venue ascend and are apart, so a stay was found before if it began before the end of
    the span before.
    """
    venue = np.array([span.venue_id for span in wanted], np.int64)
    before = np.full(len(wanted), -search.EVER)
    for k, (earlier, later) in enumerate(pairwise(wanted), start=1):
        if earlier.venue_id == later.venue_id:
            before[k] = earlier.end
    rows = np.flatnonzero(at.found.entered >= np.repeat(before, at.counts))
    return np.repeat(venue, at.counts)[rows], chosen(at.found, rows)


def _closest(firsts: Sequence[_First], met: Sequence[Exposures], known: Integers) -> _Links:
    """Of each person who is not `known` the closest link to an F1."""
    columns: list[tuple[Integers, ...]] = []
    for position, (first, exposed) in enumerate(zip(firsts, met, strict=True)):
        sums = exposed.sums
        at = np.flatnonzero(~np.isin(sums.person, known))
        tier = np.maximum(sums.tier[at], TIERS.index(first.exposure.tier))
        seconds = (column[at] for column in sums.seconds)
        columns.append((sums.person[at], tier, *seconds, np.full(len(at), position), at))
    if not columns:
        columns.append((NOBODY,) * 7)
    person, tier, certain, expected, possible, through, at = map(
        np.concatenate, zip(*columns, strict=True)
    )
    order = np.lexsort((through, -possible, -certain, -expected, tier, person))
    _, first_of, links = np.unique(person[order], return_index=True, return_counts=True)
    best = order[first_of]
    return _Links(
        person[best],
        tier[best],
        (certain[best], expected[best], possible[best]),
        through[best],
        at[best],
        links,
    )
