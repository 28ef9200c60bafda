"""Figures of coverage, how they add up, and how they stand against the targets. Pure."""

from collections.abc import Iterable
from typing import Final

import msgspec

ALL: Final = 100
"""Percent of agencies, schools and companies that are to be active."""
MOST: Final = 70
"""Percent of all other public places."""


class Figures(msgspec.Struct, frozen=True):
    """Of some places in one week."""

    registered: int = 0
    active: int = 0
    """With a scan."""
    silent: int = 0
    """A kiosk of theirs is not heard of."""
    scans: int = 0
    repeated: int = 0
    """Scans of a code that was scanned there the same day in the same direction already."""
    stays: int = 0
    exits: int = 0
    """Stays whose exit was measured."""


class Shares(msgspec.Struct, frozen=True):
    """Percent with one decimal; None of nothing."""

    active: float | None
    """Of the registered places."""
    repeated: float | None
    """Of the scans."""
    exits: float | None
    """Of the stays."""


class Target(msgspec.Struct, frozen=True):
    """So many of these places are to be active, and are."""

    percent: int
    registered: int
    active: int
    share: float | None
    missing: int
    """So many more would have to be active."""

    @property
    def met(self) -> bool:
        return self.missing == 0


class Sum:
    """Figures and targets of places as they are added."""

    def __init__(self) -> None:
        self.figures = Figures()
        self._of = {ALL: (0, 0), MOST: (0, 0)}

    def add(self, more: Figures, *, percent: int) -> None:
        """More places, of which `percent` are to be active."""
        self.figures = total((self.figures, more))
        registered, active = self._of[percent]
        self._of[percent] = (registered + more.registered, active + more.active)

    def targets(self) -> list[Target]:
        return [target(percent, *counted) for percent, counted in self._of.items()]


def total(parts: Iterable[Figures]) -> Figures:
    """All of them together."""
    return Figures(*map(sum, zip(*map(msgspec.structs.astuple, parts), strict=True)))


def of(figures: Figures) -> Shares:
    """The shares in some figures."""
    return Shares(
        active=share(figures.active, figures.registered),
        repeated=share(figures.repeated, figures.scans),
        exits=share(figures.exits, figures.stays),
    )


def target(percent: int, registered: int, active: int) -> Target:
    """How places stand against a target."""
    missing = max(0, -(-registered * percent // 100) - active)
    return Target(percent, registered, active, share(active, registered), missing)


def share(part: int, whole: int) -> float | None:
    """Percent with one decimal, cut off so that 69.99 is not 70; None of nothing."""
    return None if whole <= 0 else part * 1000 // whole / 10
