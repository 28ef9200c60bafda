"""What an evaluation of a case found: the same structs are signed, compared, printed and sent."""

from typing import Annotated

import msgspec

from fleet_server.tracing.answers import Count, Gap, Meeting, Seconds, StaySeen, Time, VisitorRef
from fleet_server.tracing.exposure import Tier
from fleet_server.tracing.rules import Rule

CaseRef = Annotated[str, msgspec.Meta(description="Reference of a person within the case")]


class EvaluatedExposure(msgspec.Struct, frozen=True, kw_only=True):
    """How a contact was exposed to one other person of the case."""

    index: CaseRef
    tier: Tier
    certain_s: Seconds
    expected_s: Seconds
    possible_s: Seconds
    first: Time
    places: list[str]
    meetings: list[Meeting]
    """Stays that overlapped, with their scans; empty for F2, whose ground is the F1's."""


class EvaluatedContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact; the closest exposure first."""

    ref: CaseRef
    visitor: VisitorRef
    role: Annotated[str, msgspec.Meta(description="`F1` or `F2`")]
    exposures: list[EvaluatedExposure]


class EvaluatedIndex(msgspec.Struct, frozen=True, kw_only=True):
    """An index person, and where they were by scans."""

    ref: CaseRef
    visitor: VisitorRef
    stays: list[StaySeen]


class MilestoneSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A place and time of an index person."""

    id: int
    person: CaseRef
    venue: Annotated[str, msgspec.Meta(description="empty: a place without a kiosk")]
    place: Annotated[str, msgspec.Meta(description="Its name")]
    start: Time
    start_earliest: Time
    start_latest: Time
    end: Time
    end_earliest: Time
    end_latest: Time
    source: str
    state: str
    note: str
    decided_by: str | None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Who was exposed in a case, with everything it stands on. Contacts are ranked."""

    case: str
    lab_ref: str
    since: Time = msgspec.field(name="from")
    until: Time = msgspec.field(name="to")
    rule: Rule
    latency_s: Seconds
    as_of: Time
    gaps: list[Gap]
    index: list[EvaluatedIndex]
    milestones: list[MilestoneSeen]
    contacts: list[EvaluatedContact]
    secondary_total: Annotated[Count, msgspec.Meta(description="F2 found, listed or not")]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about one contact, and the ground it was decided on."""

    contact: CaseRef
    state: str
    words: str
    evaluation: Annotated[
        int | None, msgspec.Meta(description="Number of the kept evaluation it was decided by")
    ]
    exposures: list[EvaluatedExposure]


class BlurredCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts by tier before any is listed: rounded down to fives, null below five."""

    A: int | None
    B: int | None
    C: int | None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """How many contacts a window would bring."""

    case: str
    since: Time = msgspec.field(name="from")
    until: Time = msgspec.field(name="to")
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    counts: BlurredCounts
    alike: Annotated[
        int | None,
        msgspec.Meta(description="Most contacts whom nothing tells apart; null below five"),
    ]
