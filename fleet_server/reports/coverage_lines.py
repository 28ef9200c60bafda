"""What the weekly report on coverage consists of. Pure."""

import datetime as dt
from typing import Final

import msgspec

from fleet_server.reports.shares import Figures, Shares, Target

MANY_BY_ONE: Final = 20
"""From so many scans of one code in a day and direction on, a place is named."""
EVERYWHERE: Final = "all"
"""Level of the line of all areas together."""
OWN: Final = "own"
"""Level of the line of places that lie in none of the areas below."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One registered place."""

    ref: str
    name: str
    type: str
    area: str | None
    area_name: str
    scans: int
    people: int
    repeated: int
    most_by_one: int
    """Scans of one code in one day and direction, at most."""
    stays: int
    exits: int
    silence: str
    """Why it is to be looked at (`silences.Reason`); empty where it is not."""
    since: str | None
    kiosk: str | None
    last_day: dt.date | None
    """The last day it had a scan."""
    vi: str
    """The silence in words; empty where there is none."""
    en: str


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A commune without a scan."""

    code: str
    name: str
    name_en: str
    within: str
    registered: int


class AreaLine(msgspec.Struct, frozen=True, kw_only=True):
    """One area with all below it."""

    code: str | None
    """None: all areas together, or the places whose area nobody wrote down."""
    name: str
    name_en: str
    level: str
    """As the area's, or `EVERYWHERE`, or `OWN`."""
    figures: Figures
    shares: Shares
    people: int | None
    """Distinct; None where it was not counted for this area as it is today."""
    targets: list[Target]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One week of the trend."""

    week: str
    monday: dt.date
    sunday: dt.date
    whole: bool
    """Counted after it was over."""
    figures: Figures
    shares: Shares
    people: int | None
    targets: list[Target]


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The report."""

    week: str
    monday: dt.date
    sunday: dt.date
    due: dt.date
    as_of: str
    whole: bool
    """Counted after the week was over."""
    silent: list[Place]
    """To be looked at, the worst and longest silent first; all without a scan are among them."""
    communes_without: list[Named]
    """Communes in which nobody scanned, those with places first."""
    area: AreaLine
    areas: list[AreaLine]
    """What lies directly below."""
    repeaters: list[Place]
    """Places where one code was scanned `MANY_BY_ONE` times a day or more."""
    trend: list[Point]
    """Oldest first, this week last; weeks that were not counted are left out."""
    places: list[Place]
    """All, by area and reference."""
