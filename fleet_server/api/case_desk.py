"""What the operations on cases share: times as given, pages of lists."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

import msgspec

from fleet_server.api.operations import MOST
from fleet_server.times import parse
from fleet_server.web.site import site

A = TypeVar("A")
PAGE: Final = 200
MOST_PAGE: Final = 1000
Limit = Annotated[int, msgspec.Meta(ge=1, le=MOST_PAGE)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=MOST, description="So many are left out")]


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of a list; the answer's `more` says whether another follows it."""

    limit: Limit = PAGE
    offset: Offset = 0


def at(text: str | None) -> int | None:
    """Seconds UTC of a time as it was given. Raises BadTime."""
    return None if text is None else parse(text, site().settings.zone)


def cut(listed: Sequence[A], *, offset: int, limit: int) -> tuple[list[A], bool]:
    """What is on a page, and whether there is more."""
    end = offset + limit
    return list(listed[offset:end]), len(listed) > end
