"""Cases over HTTP: index persons, milestones, contacts. The same as `fleet case …`."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec
from flask import Blueprint

from fleet_server.api.case_bodies import (
    AddIndex,
    AddMilestone,
    Amend,
    Begin,
    CallContact,
    CasesQuery,
    ConfirmLab,
    ContactArea,
    ContactsOfCase,
    CorrectMilestone,
    DecideContact,
    DecideMilestone,
    EventsOfCase,
    FindPerson,
    ForAReason,
    InWords,
    LinkCards,
    MilestonesOfCase,
    Note,
    Nothing,
    Paged,
)
from fleet_server.api.operations import PREFIX, Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.cases.contacts import Contact, Event, Filter
from fleet_server.cases.desk import CaseSeen, IndexSeen
from fleet_server.cases.results import MilestoneSeen
from fleet_server.times import parse
from fleet_server.web.access import case_desk
from fleet_server.web.site import site

T = TypeVar("T")

pages = Blueprint("api_v1_cases", __name__, url_prefix=PREFIX)
OPERATIONS: list[Operation] = []

Last = Annotated[int, msgspec.Meta(description="`after` of the next request")]


class Cases(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first."""

    cases: list[CaseSeen]
    last: Last
    more: bool


class Contacts(msgspec.Struct, frozen=True, kw_only=True):
    """Ranked: F1 before F2, the closest exposure first."""

    contacts: list[Contact]
    last: Last
    more: bool


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first."""

    events: list[Event]
    last: Last
    more: bool


class Milestones(msgspec.Struct, frozen=True, kw_only=True):
    """In the order of time."""

    milestones: list[MilestoneSeen]


class FoundVisitors(msgspec.Struct, frozen=True, kw_only=True):
    """Visitors with a number; none where nobody has it. The question is on record either way."""

    visitors: list[str]


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """Two visitors became one."""

    link: Annotated[int, msgspec.Meta(description="Undoes it")]
    visitor: str


class Unlinked(msgspec.Struct, frozen=True, kw_only=True):
    """The visitors there are again."""

    visitors: list[str]


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """The number of what was made; null where nothing was."""

    number: int | None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It is written down."""

    done: bool = True


def cases_at(text: str | None) -> int | None:
    """A time in a body, in seconds UTC."""
    return None if text is None else parse(text, site().settings.zone)


def _part(found: Sequence[T], query: Paged) -> tuple[list[T], int, bool]:
    part = list(found[query.after : query.after + query.limit])
    last = query.after + len(part)
    return part, last, last < len(found)


@route(
    pages,
    OPERATIONS,
    path="/cases",
    permission=Permission.CASES,
    summary="Cases of the caller's area",
)
def cases(query: CasesQuery) -> Cases:
    found, last, more = _part(case_desk().listed(closed=query.closed), query)
    return Cases(cases=found, last=last, more=more)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases",
    permission=Permission.CASES,
    summary="Begin a case",
)
def begin_case(body: Begin) -> CaseSeen:
    return case_desk().begin(
        body.ref,
        lab_ref=body.lab_ref,
        onset=cases_at(body.onset),
        isolated=cases_at(body.isolated),
        area=body.area,
        disease=body.disease,
        rule=body.rule,
    )


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>",
    permission=Permission.CASES,
    summary="How a case stands",
)
def show_case(_query: Nothing, case: str) -> CaseSeen:
    return case_desk().show(case)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>",
    permission=Permission.CASES,
    summary="Change what is known of a case",
)
def amend_case(body: Amend, case: str) -> CaseSeen:
    """Another laboratory number has to be confirmed again."""
    return case_desk().amend(
        case,
        lab_ref=body.lab_ref,
        rule=body.rule,
        onset_at=cases_at(body.onset),
        isolated_at=cases_at(body.isolated),
        since_at=cases_at(body.since),
        until_at=cases_at(body.until),
    )


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/confirm",
    permission=Permission.CASES_DECIDE,
    summary="Confirm the laboratory's number, as a second person",
)
def confirm_lab(body: ConfirmLab, case: str) -> CaseSeen:
    """No name is opened before."""
    desk = case_desk()
    desk.confirm_lab(case, body.lab_ref)
    return desk.show(case)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/close",
    permission=Permission.CASES,
    summary="Close a case",
)
def close_case(body: InWords, case: str) -> CaseSeen:
    """Nothing in it is changed any more."""
    desk = case_desk()
    desk.close(case, body.words)
    return desk.show(case)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/find",
    permission=Permission.CASES,
    summary="Which visitors have a number; every answer and every miss is logged",
)
def find_person(body: FindPerson, case: str) -> FoundVisitors:
    """References only, and never a history."""
    return FoundVisitors(visitors=case_desk().find(case, body.kind, body.number, body.purpose))


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/index",
    permission=Permission.CASES,
    summary="Make a visitor an index person",
)
def add_index(body: AddIndex, case: str) -> IndexSeen:
    return case_desk().add_index(case, body.visitor, body.reason)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/index/<person>/remove",
    permission=Permission.CASES,
    summary="Take an index person out again",
)
def remove_index(body: ForAReason, case: str, person: str) -> Done:
    case_desk().remove_index(case, person, body.reason)
    return Done()


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/links",
    permission=Permission.CASES,
    summary="Two visitors are one person",
)
def link_visitors(body: LinkCards, case: str) -> Linked:
    link, person = case_desk().link(case, body.first, body.second, body.reason)
    return Linked(link=link, visitor=f"P{person}")


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/links/<int:number>/undo",
    permission=Permission.CASES,
    summary="Undo a link",
)
def undo_link(body: ForAReason, case: str, number: int) -> Unlinked:
    found = case_desk().unlink(case, number, body.reason)
    return Unlinked(visitors=[f"P{person}" for person in sorted(found)])


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/milestones",
    permission=Permission.CASES,
    summary="Where the index persons were, by scans and as it was told",
)
def milestones(query: MilestonesOfCase, case: str) -> Milestones:
    return Milestones(milestones=case_desk().milestones(case, all_of_them=query.replaced))


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/milestones",
    permission=Permission.CASES,
    summary="Add a milestone as it was told",
)
def add_milestone(body: AddMilestone, case: str) -> Numbered:
    return Numbered(number=case_desk().add_milestone(case, body.person, body.stay, body.note))


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/milestones/<int:number>/correct",
    permission=Permission.CASES,
    summary="Put another milestone in the place of one",
)
def correct_milestone(body: CorrectMilestone, case: str, number: int) -> Numbered:
    return Numbered(number=case_desk().correct_milestone(case, number, body.stay, body.note))


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/milestones/<int:number>/decide",
    permission=Permission.CASES,
    summary="Confirm or reject a milestone",
)
def decide_milestone(body: DecideMilestone, case: str, number: int) -> Done:
    case_desk().decide_milestone(case, number, body.state, body.note)
    return Done()


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/contacts",
    permission=Permission.CASES,
    summary="Contacts, ranked, without names",
)
def case_contacts(query: ContactsOfCase, case: str) -> Contacts:
    which = Filter(query.role, query.state, query.tier, query.area)
    found, last, more = _part(case_desk().contacts(case, which), query)
    return Contacts(contacts=found, last=last, more=more)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/contacts/<person>/decide",
    permission=Permission.CASES,
    summary="What becomes of a contact; what it is decided on is kept and signed",
)
def decide_contact(body: DecideContact, case: str, person: str) -> Numbered:
    number = case_desk().decide(case, person, body.state, words=body.words, area=body.area)
    return Numbered(number=number)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/contacts/<person>/call",
    permission=Permission.CASES,
    summary="Note how a call went",
)
def call_contact(body: CallContact, case: str, person: str) -> Done:
    case_desk().call(case, person, reachable=body.reached, words=body.words)
    return Done()


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/contacts/<person>/area",
    permission=Permission.CASES,
    summary="Which commune calls a contact",
)
def contact_area(body: ContactArea, case: str, person: str) -> Done:
    case_desk().set_area(case, person, body.area)
    return Done()


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/events",
    permission=Permission.CASES,
    summary="What happened in a case",
)
def case_events(query: EventsOfCase, case: str) -> Events:
    found, last, more = _part(case_desk().events(case, person=query.person), query)
    return Events(events=found, last=last, more=more)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/notes",
    permission=Permission.CASES,
    summary="Write a note",
)
def add_note(body: Note, case: str) -> Done:
    case_desk().say(case, body.words, person=body.person)
    return Done()
