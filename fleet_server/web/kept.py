"""Figures that many ask for at once, each made anew every few seconds only.

For what is counted of the whole fleet and is a little old anyway: a kiosk says once a minute how it
does. Never for what somebody at a page has changed themselves and wants to see.
"""

from collections.abc import Callable, Hashable
from threading import Condition
from typing import Any, Final, TypeVar

from cachetools import TTLCache, cached

T = TypeVar("T")

MOST: Final = 512
"""Answers kept; the one not asked for longest goes first."""


class Kept:
    """Answers by what was asked; of those who ask at once, one makes it and the others wait."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: how old an answer may be; 0 keeps none."""
        self._keeps = seconds > 0
        cache: TTLCache[Hashable, Any] = TTLCache(MOST, seconds)
        keep = cached(cache, key=lambda key, _: key, condition=Condition())
        self._kept: Callable[[Hashable, Callable[[], Any]], Any] = keep(lambda _, make: make())

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` says, or said of late; what it raises is not kept."""
        if not self._keeps:
            return make()
        found: T = self._kept(key, make)
        return found
