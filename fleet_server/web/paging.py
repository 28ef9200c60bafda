"""Long lists, a page at a time: where one begins, and the addresses of its neighbours."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from flask import url_for

T = TypeVar("T")


class Shown(NamedTuple):
    """The part of a list that a page shows."""

    offset: int
    size: int

    @classmethod
    def of(cls, args: Mapping[str, str], size: int) -> "Shown":
        """From an address's `offset`; the beginning where it makes no sense."""
        given = args.get("offset", "")
        fits = given.isascii() and given.isdecimal() and len(given) < 9
        return cls(int(given) if fits else 0, size)

    def some(self, rows: Sequence[T]) -> Sequence[T]:
        return rows[self.offset : self.offset + self.size]

    def newer(self, endpoint: str, **kept: Any) -> str:
        """The address of the page before; empty at the beginning."""
        before = max(0, self.offset - self.size)
        return url_for(endpoint, offset=before or None, **kept) if self.offset else ""

    def older(self, endpoint: str, total: int, **kept: Any) -> str:
        """The address of the page after; empty at the end."""
        after = self.offset + self.size
        return url_for(endpoint, offset=after, **kept) if after < total else ""
