"""Places that several persons share, against what chance would give: the search for a source."""

from collections.abc import Sequence
from math import comb
from typing import Final

import numpy as np
from sqlalchemy import Connection, func, select

from fleet_server.models import Person
from fleet_server.tracing import search, storage, visitors
from fleet_server.tracing.answers import CommonAnswer, SharedPlace
from fleet_server.tracing.questions import Asked, as_of, gaps_of, selves
from fleet_server.tracing.search import Window
from fleet_server.tracing.storage.port import VenueSpan

SAMPLE: Final = 1000
"""Persons looked up to estimate how many were seen anywhere; fewer than that are all counted."""


def common(
    connection: Connection, persons: Sequence[int], asked: Asked, *, limit: int | None = None
) -> CommonAnswer:
    """Places at least two of `persons` were at in the window, the least likely by chance first.

    By chance, each of n persons goes where the people of the window went: to a place that s of N
    persons were seen at with probability s / N, and k or more of them with the binomial tail.
    """
    people = sorted(set(persons))
    today = {own: person for person in people for own in selves(connection, person, asked)}
    visits = search.visits_of(connection, list(today), asked.window, known_ms=asked.known_ms)
    went: dict[int, set[int]] = {}
    for each in visits:
        went.setdefault(each.visit.venue_id, set()).add(today[each.person_id])
    shared = {venue: who for venue, who in went.items() if len(who) > 1}
    seen = _seen(connection, sorted(shared), asked)
    population, estimated = _population(connection, asked.window)
    population = max(population, len(people), *seen.values(), 1)
    names = visitors.refs(connection, people)
    venues = asked.venues(connection, shared)
    found = [
        SharedPlace(
            venue=venues[venue].ref,
            visitors=sorted(names[person] for person in who),
            seen=seen[venue],
            expected=round(len(people) * seen[venue] / population, 6),
            probability=at_least(len(who), len(people), seen[venue] / population),
        )
        for venue, who in shared.items()
    ]
    found.sort(key=lambda place: (place.probability, -len(place.visitors), place.venue))
    return CommonAnswer(
        rule=asked.question.rule,
        as_of=as_of(asked),
        gaps=gaps_of(connection, went, asked),
        visitors=[names[person] for person in people],
        population=population,
        estimated=estimated,
        places=found[:limit],
    )


def at_least(k: int, n: int, p: float) -> float:
    """Probability that k or more of n independent trials of probability p succeed."""
    return min(1.0, sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1)))


def _seen(connection: Connection, venues: Sequence[int], asked: Asked) -> dict[int, int]:
    """How many persons were at each venue in the window."""
    spans = [VenueSpan(venue, asked.question.since, asked.question.until) for venue in venues]
    if not spans:
        return {}
    counts, found = storage.of(connection).sure_at(connection, spans, known_ms=asked.known_ms)
    parts = np.split(found.person, np.cumsum(counts)[:-1])
    who = {venue: set(np.unique(part).tolist()) for venue, part in zip(venues, parts, strict=True)}
    for each in search.unsure_at(connection, spans, asked.known_ms):
        who[each.visit.venue_id].add(each.person_id)
    return {venue: len(persons) for venue, persons in who.items()}


def _population(connection: Connection, window: Window) -> tuple[int, bool]:
    """How many persons were seen anywhere in the window, and whether that is an estimate.

    Where there are many, evenly spaced ones are looked up.
    """
    total = connection.scalar(select(func.count()).select_from(Person)) or 0
    if total <= SAMPLE:
        sample = list(connection.scalars(select(Person.id)))
    else:
        lowest, highest = connection.execute(select(func.min(Person.id), func.max(Person.id))).one()
        steps = np.linspace(lowest, highest, SAMPLE).astype(np.int64).tolist()
        sample = sorted(set(connection.scalars(select(Person.id).where(Person.id.in_(steps)))))
    seen = storage.of(connection).seen(connection, sample, window.since, window.until)
    return round(len(seen) / max(1, len(sample)) * total), total > SAMPLE
