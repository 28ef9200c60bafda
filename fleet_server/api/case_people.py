"""The index persons of a case over HTTP: who they are, which cards are one person's, milestones."""

from typing import Annotated, Final, Literal

import msgspec
from flask import Blueprint

from fleet_server.api.case_desk import Page, cut
from fleet_server.api.operations import PREFIX, Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.cases.desk import CaseDesk
from fleet_server.cases.results import CaseRef, MilestoneSeen
from fleet_server.cases.summary import CaseSeen, IndexSeen
from fleet_server.tracing.answers import VisitorRef
from fleet_server.web.casework import desk

pages = Blueprint("api_v1_case_people", __name__, url_prefix=PREFIX)
OPERATIONS: Final[list[Operation]] = []
_Why = Annotated[str, msgspec.Meta(description="Why; stays in the case")]
_Stay = Annotated[
    str,
    msgspec.Meta(
        description="VENUE,FROM,TO; VENUE may be `elsewhere:` and any words, TO `closing`, a time"
        " EARLIEST~LATEST"
    ),
]


class IndexToAdd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who tested positive."""

    visitor: VisitorRef
    reason: _Why


class Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it is done."""

    reason: _Why


class LinkToMake(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two visitors who are one person."""

    first: VisitorRef
    second: VisitorRef
    reason: _Why


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """Two visitors that are one now."""

    link: Annotated[int, msgspec.Meta(description="Its number, to undo it by")]
    visitor: VisitorRef


class Unlinked(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a link that is undone leaves."""

    visitors: list[VisitorRef]


class MilestonesQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which milestones?"""

    replaced: Annotated[bool, msgspec.Meta(description="Those that others replaced, too")] = False


class Milestones(msgspec.Struct, frozen=True, kw_only=True):
    """By time."""

    milestones: list[MilestoneSeen]
    more: bool


class MilestoneToAdd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A milestone as it was told."""

    person: CaseRef
    stay: _Stay
    note: str = ""


class MilestoneToCorrect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in a milestone's place."""

    stay: _Stay
    note: str = ""


class MilestoneToDecide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a milestone stands."""

    state: Literal["confirmed", "rejected"]
    note: str = ""


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/index",
    method="POST",
    permission=Permission.CASES,
    summary="Make a visitor an index person",
)
def add_index(case: str, body: IndexToAdd) -> IndexSeen:
    """A contact becomes one, too."""
    return desk().add_index(case, body.visitor, body.reason)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/index/<person>/remove",
    method="POST",
    permission=Permission.CASES,
    summary="Take an index person out again",
)
def remove_index(case: str, person: str, body: Reason) -> CaseSeen:
    """What was evaluated with them stays as it was kept."""
    work = desk()
    work.remove_index(case, person, body.reason)
    return work.show(case)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/links",
    method="POST",
    permission=Permission.CASES,
    summary="Say that two visitors are one person",
)
def link_visitors(case: str, body: LinkToMake) -> Linked:
    """Several cards, one person: questions run over all of them."""
    number, person = desk().link(case, body.first, body.second, body.reason)
    return Linked(link=number, visitor=f"P{person}")


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/links/<int:number>/undo",
    method="POST",
    permission=Permission.CASES,
    summary="Undo a link",
)
def unlink_visitors(case: str, number: int, body: Reason) -> Unlinked:
    """Everybody is again who they were."""
    persons = desk().unlink(case, number, body.reason)
    return Unlinked(visitors=[f"P{person}" for person in sorted(persons)])


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/milestones",
    permission=Permission.CASES,
    summary="Where the index persons were, by scans and by hand",
)
def list_milestones(case: str, query: MilestonesQuery) -> Milestones:
    """An evaluation proposes those of scans."""
    shown, more = cut(
        desk().milestones(case, all_of_them=query.replaced), offset=query.offset, limit=query.limit
    )
    return Milestones(milestones=shown, more=more)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/milestones",
    method="POST",
    permission=Permission.CASES,
    summary="Add a milestone as it was told",
)
def add_milestone(case: str, body: MilestoneToAdd) -> MilestoneSeen:
    """It is confirmed with that."""
    work = desk()
    return _milestone(work, case, work.add_milestone(case, body.person, body.stay, body.note))


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/milestones/<int:number>/correct",
    method="POST",
    permission=Permission.CASES,
    summary="Put another milestone in one's place",
)
def correct_milestone(case: str, number: int, body: MilestoneToCorrect) -> MilestoneSeen:
    """The one before stays on record."""
    work = desk()
    return _milestone(work, case, work.correct_milestone(case, number, body.stay, body.note))


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/milestones/<int:number>/decide",
    method="POST",
    permission=Permission.CASES,
    summary="Confirm or reject a milestone",
)
def decide_milestone(case: str, number: int, body: MilestoneToDecide) -> MilestoneSeen:
    """What is confirmed stands, whatever comes in later."""
    work = desk()
    work.decide_milestone(case, number, body.state, body.note)
    return _milestone(work, case, number)


def _milestone(work: CaseDesk, case: str, number: int) -> MilestoneSeen:
    return next(each for each in work.milestones(case, all_of_them=True) if each.id == number)
