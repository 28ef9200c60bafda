"""Exposure rules as versioned data: an answer names the rule it was made with.

A version is written once (`tracing.rulebook`) and never changed, so that an answer can be made
again years later.
"""

from typing import Annotated, Final

import msgspec

from fleet_server.errors import FleetError

CAP_S: Final = 16 * 3600
"""No stay is longer, whatever was recorded; without a cap no index can bound a search."""
LONGEST_S: Final = 7 * 24 * 3600
"""No overlap, linger, dwell or latency a question may ask for is longer."""
DAY_S: Final = 86_400
OTHER: Final = "other"
"""The venue type there always was: a type that a version does not know yet is taken for it."""

Minutes = Annotated[int, msgspec.Meta(ge=0, le=LONGEST_S // 60)]
Days = Annotated[int, msgspec.Meta(ge=0, le=60)]


class BadRule(FleetError, ValueError):
    """A rule that makes no sense."""


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one version of the rules says."""

    days_before: Days = 3
    """A case's window begins so many days before the onset of symptoms."""
    days_after: Days = 0
    """And ends so many days after it, where no isolation is known; 0: only with the question."""
    min_overlap_min: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_S // 60)] = 15
    linger_min: Minutes = 0
    """How long the air stays infectious after the index person left."""
    latency_min: Minutes = 0
    """From being exposed to being infectious, for F2."""
    look_back_days: Days = 14
    """How far a search for the source goes back."""
    dwell_min: dict[str, Minutes]
    """By venue type: the stay assumed where no exit was seen."""

    def dwell_of(self, kind: str) -> int:
        """Minutes at a venue of this type; those of OTHER where it was made after the version."""
        return self.dwell_min[kind if kind in self.dwell_min else OTHER]


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


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it stands in the book."""

    version: str
    terms: Terms

    def rule(
        self,
        *,
        min_overlap_min: float | None = None,
        linger_min: float | None = None,
        dwell_min: float | None = None,
    ) -> Rule:
        """With what a question asks for in minutes instead. Raises BadRule."""
        min_overlap_s = seconds("min_overlap", min_overlap_min, at_least=1)
        linger_s = seconds("linger", linger_min)
        return Rule(
            version=self.version,
            min_overlap_s=self.terms.min_overlap_min * 60
            if min_overlap_s is None
            else min_overlap_s,
            linger_s=self.terms.linger_min * 60 if linger_s is None else linger_s,
            dwell_s=seconds("dwell", dwell_min),
        )

    def window(
        self, onset: int, isolated: int | None, *, now: int, to_source: bool = False
    ) -> tuple[int, int]:
        """[since, until) in which a case is infectious, or was infected; seconds UTC."""
        days = self.terms.look_back_days if to_source else self.terms.days_before
        since = onset - days * DAY_S
        if isolated is not None:
            return since, isolated
        if self.terms.days_after:
            return since, min(now, onset + self.terms.days_after * DAY_S)
        return since, now


def seconds(name: str, minutes: float | None, *, at_least: int = 0) -> int | None:
    """Whole seconds of what a question gives in minutes. Raises BadRule."""
    if minutes is None:
        return None
    # The comparison is false for NaN, and keeps infinity away from int().
    if not at_least <= minutes * 60 <= LONGEST_S:
        least = "1 second" if at_least else "0"
        most = LONGEST_S // 60
        raise BadRule(
            f"{name}: cần số phút đến {most} / {name}: expected minutes, from {least} up to {most}"
        )
    return round(minutes * 60)
