"""Answers as they are printed and sent: the same structs make the JSON and its published schema."""

from typing import Annotated, Literal, Protocol

import msgspec

from fleet_server.tracing.exposure import Tier
from fleet_server.tracing.rules import Rule

Time = Annotated[
    str,
    msgspec.Meta(
        description="ISO 8601, UTC",
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
        extra_json_schema={"format": "date-time"},
    ),
]
VisitorRef = Annotated[str, msgspec.Meta(description="Reference of a person, such as P17")]
Seconds = Annotated[int, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class RoomShare(msgspec.Struct, frozen=True, kw_only=True):
    """How long a room was shared, where both stays know it."""

    place: str
    room: str
    certain_s: Seconds
    expected_s: Seconds
    possible_s: Seconds


class Contact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One other person who shared places with the index person."""

    visitor: VisitorRef
    tier: Annotated[Tier, msgspec.Meta(description="A certain, B probable, C possible")]
    certain_s: Seconds
    expected_s: Seconds
    possible_s: Seconds
    first: Annotated[Time, msgspec.Meta(description="Start of the first possible overlap")]
    places: Annotated[list[str], msgspec.Meta(description="References of the venues shared")]
    rooms: list[RoomShare] = []
    """Left out where no room is known to have been shared."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A kiosk whose records of the window may still be missing, or days that are gone."""

    kiosk: Annotated[str, msgspec.Meta(description="Empty where days are gone")]
    venue: str
    reason: Annotated[
        Literal["never_heard", "silent", "disconnected", "undelivered", "let_go"],
        msgspec.Meta(
            description="`undelivered`: it speaks, with records still waiting; `let_go`: days of"
            " the window are gone by retention, at all kiosks"
        ),
    ]
    since: Annotated[Time | None, msgspec.Meta(description="null: not known")]
    queue_depth: Annotated[
        int | None, msgspec.Meta(description="Records waiting when it last said; null: not said")
    ]
    usual_per_day: Annotated[
        float, msgspec.Meta(ge=0, description="Scans a day over the two weeks before")
    ]
    vi: Annotated[str, msgspec.Meta(description="The same in Vietnamese words")]
    en: Annotated[str, msgspec.Meta(description="The same in English words")]


class Answer(Protocol):
    """What every answer says of itself, and what it cannot know."""

    @property
    def rule(self) -> Rule: ...
    @property
    def as_of(self) -> str: ...
    @property
    def gaps(self) -> list[Gap]: ...


class ContactsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who was exposed to `visitor`, ranked."""

    visitor: VisitorRef
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    contacts: list[Contact]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many contacts there are in each tier."""

    A: Count
    B: Count
    C: Count


class CountsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many contacts there would be, before any is listed."""

    visitor: VisitorRef
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    counts: Counts
    alike: Annotated[
        int,
        msgspec.Meta(description="Most contacts whom tier and seconds do not tell apart"),
    ]


class ChangedContact(msgspec.Struct, frozen=True, kw_only=True):
    """The same person then and now."""

    was: Contact
    now: Contact


class ChangesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered otherwise than at `since`."""

    visitor: VisitorRef
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    since: Time
    added: list[Contact]
    removed: list[Contact]
    changed: list[ChangedContact]


class SecondaryContact(msgspec.Struct, frozen=True, kw_only=True):
    """One F2: by its closest link to an F1."""

    visitor: VisitorRef
    tier: Annotated[Tier, msgspec.Meta(description="The weaker of both links, F0–F1 and F1–F2")]
    certain_s: Seconds
    expected_s: Seconds
    possible_s: Seconds
    first: Time
    places: list[str]
    through: Annotated[VisitorRef, msgspec.Meta(description="The F1 of the closest link")]
    links: Annotated[int, msgspec.Meta(description="How many of the F1 looked at it met")]


class SecondaryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """F2: contacts of contacts, after these were exposed."""

    visitor: VisitorRef
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    latency_s: Annotated[Seconds, msgspec.Meta(description="From being exposed to infectious")]
    first_total: Annotated[Count, msgspec.Meta(description="F1 there are")]
    first_used: Annotated[Count, msgspec.Meta(description="F1 looked at, from the top")]
    total: Annotated[Count, msgspec.Meta(description="F2 found through these, listed or not")]
    contacts: list[SecondaryContact]


class PresentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who was at a place in a window, as contacts of it."""

    venue: str
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    present: list[Contact]


class SharedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place several of the persons asked about were at, not necessarily together."""

    venue: str
    visitors: list[VisitorRef]
    seen: Annotated[Count, msgspec.Meta(description="Persons who were there in the window")]
    expected: Annotated[float, msgspec.Meta(description="Of those asked about, by chance")]
    probability: Annotated[
        float, msgspec.Meta(description="That chance alone brings this many or more there")
    ]


class CommonAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Places that persons share, the least likely by chance first."""

    visitors: list[VisitorRef]
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    population: Annotated[Count, msgspec.Meta(description="Persons seen anywhere in the window")]
    estimated: Annotated[bool, msgspec.Meta(description="population is estimated from a sample")]
    places: list[SharedPlace]


class Occupied(msgspec.Struct, frozen=True, kw_only=True):
    """How many persons were inside at a moment."""

    at: Time
    certain: Count
    expected: Count
    possible: Count


class OccupancyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How full a place was, as a range."""

    venue: str
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    stays: Annotated[Count, msgspec.Meta(description="Stays that may reach into the window")]
    measured: Annotated[
        float | None, msgspec.Meta(description="Share of them whose exit was seen; null: no stays")
    ]
    step_s: Annotated[int, msgspec.Meta(ge=1)]
    occupancy: list[Occupied]


class ScanSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A scan behind a stay."""

    id: int
    kiosk: str
    at: Time
    direction: str
    exact: Annotated[bool, msgspec.Meta(description="false: the clock was not set, `at` estimated")]
    kind: Annotated[str, msgspec.Meta(description="What was held up")]
    authentic: Annotated[bool, msgspec.Meta(description="Whether its signature proves it")]


class StaySeen(msgspec.Struct, frozen=True, kw_only=True):
    """A stay with its bounds and the evidence for them."""

    venue: str
    room: str | None
    entered_at: Time
    entered_earliest: Time
    entered_latest: Time
    left_at: Annotated[Time | None, msgspec.Meta(description="null: nobody saw it")]
    end_source: Annotated[
        Literal["exit_scan", "next_scan", "venue_closed", "dwell_default", "by_hand"],
        msgspec.Meta(description="What says when it ended, or at the latest"),
    ]
    end_earliest: Time
    end_expected: Time
    end_latest: Time
    staff: bool
    capped: Annotated[bool, msgspec.Meta(description="Was longer than any stay is taken to last")]
    imported: bool
    scans: list[ScanSeen]


class StaysAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person was."""

    visitor: VisitorRef
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    stays: list[StaySeen]


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """Two stays that may have overlapped, and when at the most."""

    start: Time
    end: Time
    index: StaySeen
    other: StaySeen


class WhyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Why a person is on another's list; `contact` null: is not on it."""

    visitor: VisitorRef
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    other: VisitorRef
    contact: Contact | None
    meetings: list[Meeting]


class StayVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of a stay from when until when."""

    since: Time
    until: Annotated[Time | None, msgspec.Meta(description="null: still")]
    stay: StaySeen


class HistoryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How a person's stays came to be what they are."""

    visitor: VisitorRef
    as_of: Time
    versions: list[StayVersion]
