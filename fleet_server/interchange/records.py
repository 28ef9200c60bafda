"""What the writers for Go.Data and SORMAS are given: people, stays and contacts of one case.

References mean something within the case only. Times are whole seconds UTC.
"""

from typing import Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["F0", "F1", "F2"]
Tier: TypeAlias = Literal["A", "B", "C", ""]
"""Certain, probable, possible; empty for an index person."""


class PersonRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a case; empty where nothing is known, or may be told."""

    ref: str
    role: Role
    first_name: str = ""
    """The given name; `people.split` tells it from a name in one piece."""
    last_name: str = ""
    """Family and middle names."""
    sex: str = ""
    """`male`, `female` or empty."""
    birth: str = ""
    """`YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or with `*` for what was masked."""
    phone: str = ""
    address: str = ""
    commune_code: str = ""
    reported_at: int
    last_contact_at: int | None = None
    tier: Tier = ""


class ExposureRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One person's contact with another, over all places they shared."""

    source_ref: str
    source_role: Role = "F0"
    target_ref: str
    target_role: Role = "F1"
    tier: Tier
    first_at: int
    last_at: int
    duration_s: int
    """Expected seconds together."""
    places: tuple[str, ...] = ()


class MilestoneRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Place and time window of an index person; bounds are equal to the time where it is sure."""

    ref: str
    person_ref: str
    person_role: Role = "F0"
    place: str
    address: str = ""
    commune_code: str = ""
    start: int
    start_earliest: int | None = None
    start_latest: int | None = None
    end: int
    end_earliest: int | None = None
    end_latest: int | None = None
    confirmed: bool = False
    """By a tracer; else derived from scans alone."""
    notes: str = ""

    @property
    def approximate(self) -> bool:
        """Whether a bound differs from the time it bounds."""
        starts = (self.start_earliest, self.start_latest)
        ends = (self.end_earliest, self.end_latest)
        return any(bound not in {None, self.start} for bound in starts) or any(
            bound not in {None, self.end} for bound in ends
        )


class CaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The case all records of a file belong to."""

    ref: str
    onset_at: int | None = None
    opened_at: int
    disease: str = "COVID-19"
    """In the words of the authority."""
    area_code: str = ""
    """Of the administrative unit that leads it."""
