"""What the operations on cases take: queries and bodies. Numbers and words never in an address."""

from typing import Annotated, Literal

import msgspec

from fleet_server.cases.acting import MAX_WORDS
from fleet_server.identity.numbers import MAX_NUMBER
from fleet_server.identity.vault_messages import MAX_PERSONS
from fleet_server.tracing.exposure import Tier

_TIME = "ISO 8601 (local where without offset) or seconds since 1970"
PAGE = 1000

TimeText = Annotated[str, msgspec.Meta(description=_TIME, max_length=40)]
Words = Annotated[str, msgspec.Meta(max_length=MAX_WORDS)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_WORDS)]
Purpose = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, description="What for; goes on record")
]
LabRef = Annotated[str, msgspec.Meta(max_length=64, description="The laboratory's own number")]
Visitor = Annotated[str, msgspec.Meta(max_length=64, description="Such as P17")]
People = Annotated[
    list[str],
    msgspec.Meta(min_length=1, max_length=MAX_PERSONS, description="References within the case"),
]
Stay = Annotated[
    str,
    msgspec.Meta(
        max_length=400,
        description="VENUE,FROM,TO; VENUE may be `elsewhere:` and any words, TO `closing`, a time"
        " EARLIEST~LATEST",
    ),
]


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing further is asked."""


class Paged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of a list."""

    after: Annotated[
        int, msgspec.Meta(ge=0, le=2**31, description="How many to leave out: the last `last`")
    ] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE)] = 200


class CasesQuery(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cases of the caller's area."""

    closed: Annotated[bool, msgspec.Meta(description="Closed ones too")] = False


class ContactsOfCase(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contacts, ranked."""

    role: Literal["F1", "F2"] | None = None
    state: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    tier: Tier | None = None
    area: Annotated[str, msgspec.Meta(max_length=16, description="Code of a commune")] | None = None


class EventsOfCase(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened, oldest first."""

    person: Annotated[str, msgspec.Meta(max_length=32, description="Only about them")] | None = None


class MilestonesOfCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the index persons were."""

    replaced: Annotated[bool, msgspec.Meta(description="Those in whose place others are, too")] = (
        False
    )


class Begin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new case."""

    ref: Annotated[str, msgspec.Meta(max_length=64)]
    lab_ref: LabRef = ""
    onset: TimeText | None = None
    isolated: TimeText | None = None
    area: Annotated[str, msgspec.Meta(max_length=16)] | None = None
    disease: Annotated[str, msgspec.Meta(max_length=64)] = "COVID-19"
    rule: Annotated[str, msgspec.Meta(max_length=32)] | None = None


class Amend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known better by now; what is left out stays."""

    lab_ref: LabRef | None = None
    onset: TimeText | None = None
    isolated: TimeText | None = None
    since: TimeText | None = msgspec.field(name="from", default=None)
    until: TimeText | None = msgspec.field(name="to", default=None)
    rule: Annotated[str, msgspec.Meta(max_length=32)] | None = None


class ConfirmLab(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the laboratory told the second person."""

    lab_ref: LabRef


class InWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words for the record."""

    words: Words = ""


class ForAReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reason for the record."""

    reason: Reason


class FindPerson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number, as it was read out. No scanned code: it proves nothing of who holds it."""

    kind: Literal["document", "insurance", "phone"]
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NUMBER)]
    purpose: Purpose


class AddIndex(ForAReason, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An index person."""

    visitor: Visitor


class LinkCards(ForAReason, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two visitors who are one person."""

    first: Visitor
    second: Visitor


class AddMilestone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an index person was, as it was told."""

    person: Annotated[str, msgspec.Meta(max_length=32)]
    stay: Stay
    note: Words = ""


class CorrectMilestone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in its place."""

    stay: Stay
    note: Words = ""


class DecideMilestone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the index person was there."""

    state: Literal["confirmed", "rejected"]
    note: Words = ""


class PreviewTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other terms to count by; the case's own where left out."""

    since: TimeText | None = msgspec.field(name="from", default=None)
    until: TimeText | None = msgspec.field(name="to", default=None)
    min_overlap: Annotated[float, msgspec.Meta(ge=0, description="Minutes")] | None = None
    linger: Annotated[float, msgspec.Meta(ge=0, description="Minutes")] | None = None


class LookAtChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether what is shown has been seen by the caller from now on."""

    seen: bool = True


class DecideContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a contact."""

    state: Annotated[str, msgspec.Meta(max_length=32)]
    words: Words = ""
    area: Annotated[str, msgspec.Meta(max_length=16, description="Whom it is handed over to")] | (
        None
    ) = None


class CallContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a call went."""

    reached: bool
    words: Words = ""


class ContactArea(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The commune that calls."""

    area: Annotated[str, msgspec.Meta(max_length=16)]


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note on the case, or on somebody in it."""

    words: Reason
    person: Annotated[str, msgspec.Meta(max_length=32)] | None = None


class OpenNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose names, and what for."""

    people: People
    purpose: Purpose
    opening: Annotated[int | None, msgspec.Meta(description="An approved request")] = None


class AskNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose names somebody wants to open."""

    people: People
    purpose: Purpose


class BreakGlass(AskNames, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same without waiting; it is reviewed."""

    reason: Reason


class DecideOpening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the second person says."""

    approve: bool
    reason: Words = ""


class ReviewOpening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the second person found."""

    verdict: Reason
