"""The contacts of a case over HTTP, and what becomes of each. Nothing here names anybody."""

from typing import Annotated, Final, Literal

import msgspec
from flask import Blueprint

from fleet_server.api.case_desk import PAGE, Limit, Offset, Page, cut
from fleet_server.api.operations import PREFIX, Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.cases.contact_list import CaseContact, Filter
from fleet_server.cases.contacts import Event
from fleet_server.cases.results import CaseRef
from fleet_server.cases.states import State
from fleet_server.tracing.exposure import Tier
from fleet_server.web.casework import desk

pages = Blueprint("api_v1_case_contacts", __name__, url_prefix=PREFIX)
OPERATIONS: Final[list[Operation]] = []
_AREA: Final = "Code of an area"


class WhichContacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which contacts; all where nothing is given."""

    role: Literal["F1", "F2"] | None = None
    state: State | None = None
    tier: Tier | None = None
    area: Annotated[str | None, msgspec.Meta(description="Code of the commune that calls")] = None

    @property
    def which(self) -> Filter:
        return Filter(self.role, self.state, self.tier, self.area)


class ContactsOfCaseQuery(WhichContacts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which contacts, and which of their pages?"""

    limit: Limit = PAGE
    offset: Offset = 0


class ContactsOfCase(msgspec.Struct, frozen=True, kw_only=True):
    """Ranked: F1 before F2, then the closest exposure first."""

    contacts: list[CaseContact]
    more: bool


class ContactToDecide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a contact."""

    state: State
    words: Annotated[str, msgspec.Meta(description="Why; needed to dismiss and to hand over")] = ""
    area: Annotated[
        str | None, msgspec.Meta(description=f"{_AREA}: whom a contact is handed over to")
    ] = None


class ContactDecided(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it stands now."""

    contact: CaseContact
    result: Annotated[
        int | None, msgspec.Meta(description="Number of the result kept with the decision")
    ]


class CallToNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a call went."""

    answered: bool
    words: str = ""


class AreaToSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which commune calls."""

    area: Annotated[str, msgspec.Meta(description=_AREA)]


class NoteToMake(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note about a person of the case, or about the case."""

    words: str
    person: CaseRef | None = None


class EventsQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened?"""

    person: Annotated[str | None, msgspec.Meta(description="To this person of the case only")] = (
        None
    )


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first."""

    events: list[Event]
    more: bool


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/contacts",
    permission=Permission.CASES,
    summary="Contacts, ranked, without names",
)
def list_contacts(case: str, query: ContactsOfCaseQuery) -> ContactsOfCase:
    """As the last evaluation found them, with what has become of each."""
    found = desk().listing(case, query.which, offset=query.offset, limit=query.limit)
    more = query.offset + len(found.contacts) < found.total
    return ContactsOfCase(contacts=found.contacts, more=more)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/contacts/<person>/decide",
    method="POST",
    permission=Permission.CASES,
    summary="Promote a contact, set one aside, hand one over",
)
def decide_contact(case: str, person: str, body: ContactToDecide) -> ContactDecided:
    """What it was decided on is kept and signed; being reached keeps nothing."""
    work = desk()
    kept = work.decide(case, person, body.state, words=body.words, area=body.area)
    return ContactDecided(contact=work.contact(case, person)[0], result=kept)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/contacts/<person>/call",
    method="POST",
    permission=Permission.CASES,
    summary="Note how a call went",
)
def note_call(case: str, person: str, body: CallToNote) -> CaseContact:
    """Who answered counts as reached unless more is known."""
    work = desk()
    work.call(case, person, reachable=body.answered, words=body.words)
    return work.contact(case, person)[0]


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/contacts/<person>/area",
    method="POST",
    permission=Permission.CASES,
    summary="Say which commune calls a contact",
)
def set_contact_area(case: str, person: str, body: AreaToSet) -> CaseContact:
    """It wins over what venue and address say."""
    work = desk()
    work.set_area(case, person, body.area)
    return work.contact(case, person)[0]


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/notes",
    method="POST",
    permission=Permission.CASES,
    summary="Make a note",
)
def make_note(case: str, body: NoteToMake) -> Event:
    """The words stay in the case and go on no other record."""
    work = desk()
    work.say(case, body.words, person=body.person)
    mine = (
        each for each in reversed(work.events(case, person=body.person)) if each.kind == "noted"
    )
    return next(each for each in mine if each.by == work.actor.name)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/events",
    permission=Permission.CASES,
    summary="What happened in a case, or to one of its people",
)
def list_events(case: str, query: EventsQuery) -> Events:
    """Oldest first."""
    shown, more = cut(
        desk().events(case, person=query.person), offset=query.offset, limit=query.limit
    )
    return Events(events=shown, more=more)
