"""Exposure rules as versioned data: an answer names the rule it was made with."""

from typing import Annotated, Final

import msgspec

from fleet_server.errors import FleetError

CAP_S: Final = 16 * 3600
"""No stay is longer, whatever was recorded; without a cap no index can bound a search."""
LONGEST_S: Final = 7 * 24 * 3600
"""No overlap, linger or dwell a question may ask for is longer."""


class BadRule(FleetError, ValueError):
    """A question's rule that makes no sense."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How long two people must share a place for it to count."""

    version: Annotated[str, msgspec.Meta(description="Version of the rule the answer starts from")]
    min_overlap_s: Annotated[int, msgspec.Meta(ge=1, description="Shortest overlap of tier A or B")]
    linger_s: Annotated[
        int, msgspec.Meta(ge=0, description="Added to the end of the index person's stays")
    ]
    dwell_s: Annotated[
        int | None,
        msgspec.Meta(description="Stay assumed where no exit was seen; null: each venue's own"),
    ]


CURRENT: Final = Rule(version="2026-1", min_overlap_s=15 * 60, linger_s=0, dwell_s=None)


def adjusted(
    rule: Rule,
    *,
    min_overlap_min: float | None = None,
    linger_min: float | None = None,
    dwell_min: float | None = None,
) -> Rule:
    """`rule` with what a question asks for in minutes. Raises BadRule."""
    min_overlap_s = _seconds("min_overlap", min_overlap_min, at_least=1)
    linger_s = _seconds("linger", linger_min, at_least=0)
    dwell_s = _seconds("dwell", dwell_min, at_least=0)
    return Rule(
        version=rule.version,
        min_overlap_s=rule.min_overlap_s if min_overlap_s is None else min_overlap_s,
        linger_s=rule.linger_s if linger_s is None else linger_s,
        dwell_s=rule.dwell_s if dwell_s is None else dwell_s,
    )


def _seconds(name: str, minutes: float | None, *, at_least: int) -> int | None:
    if minutes is None:
        return None
    # The comparison is false for NaN, and keeps infinity away from int().
    if not at_least <= minutes * 60 <= LONGEST_S:
        least = "1 second" if at_least else "0"
        raise BadRule(f"{name}: expected minutes, from {least} up to {LONGEST_S // 60}")
    return round(minutes * 60)
