"""Answers as they are printed and sent: the same structs make the JSON and its published schema."""

from typing import Annotated, Literal

import msgspec

from fleet_server.times import iso
from fleet_server.tracing.exposure import Exposure, Tier
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
    """A kiosk whose records of the window may still be missing."""

    kiosk: str
    venue: str
    reason: Annotated[
        Literal["never_heard", "silent", "disconnected", "undelivered"],
        msgspec.Meta(description="`undelivered`: it speaks, with records still waiting"),
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


class ContactsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who was exposed to `visitor`, ranked; and what the answer cannot know."""

    visitor: VisitorRef
    rule: Rule
    as_of: Time
    gaps: list[Gap]
    contacts: list[Contact]


def contact(exposure: Exposure) -> Contact:
    """`exposure` as it is said to a tracer."""
    return Contact(
        visitor=exposure.visitor,
        tier=exposure.tier,
        certain_s=exposure.shared.certain_s,
        expected_s=exposure.shared.expected_s,
        possible_s=exposure.shared.possible_s,
        first=iso(exposure.first),
        places=exposure.places,
        rooms=[
            RoomShare(
                place=place.venue,
                room=place.room or "",
                certain_s=shared.certain_s,
                expected_s=shared.expected_s,
                possible_s=shared.possible_s,
            )
            for place, shared in sorted(exposure.rooms.items())
        ],
    )
