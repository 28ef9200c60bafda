"""What can be asked of tracing over HTTP: one struct a question, its fields the parameters."""

from typing import Annotated

import msgspec

from fleet_server.api.case_desk import MOST_PAGE, Offset, Page
from fleet_server.tracing.secondary import LIMIT, TOP

Minutes = Annotated[float, msgspec.Meta(ge=0)] | None
_TIME = "ISO 8601 (local where without offset) or seconds since 1970"
_PERSON = "Reference of the index person, such as P17"


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms every question takes."""

    since: Annotated[str, msgspec.Meta(description=_TIME)] | None = msgspec.field(
        name="from", default=None
    )
    until: Annotated[str, msgspec.Meta(description=f"{_TIME}; not itself in the window")] | None = (
        msgspec.field(name="to", default=None)
    )
    onset: Annotated[
        str | None,
        msgspec.Meta(description=f"{_TIME}: of symptoms, in place of from and to; by the rule"),
    ] = None
    isolated: Annotated[
        str | None, msgspec.Meta(description=f"{_TIME}: end of the window by `onset`")
    ] = None
    min_overlap: Annotated[
        Minutes, msgspec.Meta(description="Minutes; the rule's where not given")
    ] = None
    linger: Annotated[
        Minutes, msgspec.Meta(description="Minutes added to the end of the index person's stays")
    ] = None
    dwell: Annotated[
        Minutes, msgspec.Meta(description="Minutes assumed where no exit was seen, at every venue")
    ] = None
    rule: Annotated[
        str | None, msgspec.Meta(description="Version of the rules; else the one in force")
    ] = None
    as_of: Annotated[
        str | None, msgspec.Meta(description=f"{_TIME}: answered by what was known then")
    ] = None
    case: Annotated[
        str, msgspec.Meta(max_length=64, description="The case it is asked for; goes on record")
    ] = ""
    purpose: Annotated[
        str, msgspec.Meta(max_length=200, description="What it is asked for; goes on record")
    ] = ""


Limit = Annotated[
    Annotated[int, msgspec.Meta(ge=1, le=MOST_PAGE)] | None,
    msgspec.Meta(description="Only so many; all where not given, for each page asks anew"),
]
Stays = Annotated[
    list[str],
    msgspec.Meta(
        description="VENUE,FROM,TO: stays of the index person in place of derived ones; VENUE may"
        " be `elsewhere:` and any words, TO `closing`, a time EARLIEST~LATEST"
    ),
]


class AboutVisitor(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question about one person."""

    visitor: Annotated[str, msgspec.Meta(description=_PERSON)]
    stay: Stays = []


class ContactsQuery(AboutVisitor, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who was exposed to this person?"""

    limit: Limit = None
    offset: Offset = 0


class StaysQuery(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where was this person?"""

    visitor: Annotated[str, msgspec.Meta(description=_PERSON)]
    limit: Limit = None
    offset: Offset = 0


class ChangesQuery(AboutVisitor, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is answered otherwise than at `before`?"""

    before: Annotated[str, msgspec.Meta(description=f"{_TIME}: the earlier time")] = msgspec.field(
        name="since"
    )


class WhyQuery(AboutVisitor, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why is `other` on the list of `visitor`?"""

    other: Annotated[str, msgspec.Meta(description="Reference of the person on the list")]


class SecondaryQuery(AboutVisitor, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom did the F1 meet after they were exposed?"""

    top: Annotated[
        int, msgspec.Meta(ge=1, le=1000, description="Through so many F1, from the top")
    ] = TOP
    latency: Annotated[
        Minutes, msgspec.Meta(description="Minutes from being exposed to being infectious")
    ] = None
    limit: Annotated[
        int, msgspec.Meta(ge=1, le=MOST_PAGE, description="Only so many, never all")
    ] = LIMIT
    offset: Offset = 0


class AboutVenue(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question about one venue."""

    venue: Annotated[str, msgspec.Meta(description="Reference of a venue")]


class PresentQuery(AboutVenue, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who was at this venue?"""

    limit: Limit = None
    offset: Offset = 0


class OccupancyQuery(AboutVenue, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How full was this venue?"""

    step: Annotated[float, msgspec.Meta(gt=0, description="Minutes between two moments")] = 15


class CommonQuery(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which places do these persons share?"""

    visitors: Annotated[
        list[str], msgspec.Meta(description="References, repeated or one list with commas")
    ]
    limit: Limit = None
    offset: Offset = 0


class RulesQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All versions of the rules."""
