"""How many contacts a case would have, before any is listed; no count tells of one person."""

from collections import defaultdict
from typing import Final

from sqlalchemy import Engine

from fleet_server import database
from fleet_server.cases import finding
from fleet_server.cases.acting import Acting
from fleet_server.cases.results import BlurredCounts, Preview
from fleet_server.times import iso
from fleet_server.tracing import derivation, questions
from fleet_server.tracing.exposure import TIERS

SMALL: Final = 5
"""Counts below it are not said."""


def preview(
    engine: Engine,
    acting: Acting,
    *,
    since: int | None = None,
    until: int | None = None,
    min_overlap_min: float | None = None,
    linger_min: float | None = None,
) -> Preview:
    """How many contacts there would be, before any is listed; on record."""
    derivation.drain(engine, now_ms=acting.now_ms)
    found = finding.find(
        engine,
        acting,
        since=since,
        until=until,
        min_overlap_min=min_overlap_min,
        linger_min=linger_min,
        only_first=True,
    )
    best = finding.closest(found.first)
    counts = {tier: sum(each.tier == tier for each in best.values()) for tier in TIERS}
    alike: dict[tuple[int, int, int, int], int] = defaultdict(int)
    for each in best.values():
        alike[each.order] += 1
    question = found.asked.question
    with engine.execution_options(**database.WRITES).begin() as connection:
        acting.note(
            connection,
            "previewed",
            detail={"from": iso(question.since), "to": iso(question.until)},
        )
    return Preview(
        case=acting.case.ref,
        since=iso(question.since),
        until=iso(question.until),
        rule=question.rule,
        as_of=questions.as_of(found.asked),
        gaps=found.gaps,
        counts=BlurredCounts(**{tier: blurred(count) for tier, count in counts.items()}),
        alike=blurred(max(alike.values(), default=0)),
    )


def blurred(count: int) -> int | None:
    """A count that tells nothing of any one person: in fives, None below the first."""
    return None if count < SMALL else count - count % SMALL
