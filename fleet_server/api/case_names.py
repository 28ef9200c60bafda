"""Names over HTTP: a few alone, more with a second person, or by breaking the glass."""

from typing import Annotated, Final

import msgspec
from flask import Blueprint

from fleet_server.api.case_desk import Page, cut
from fleet_server.api.operations import MOST, PREFIX, Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.cases.desk import CaseDesk
from fleet_server.cases.names import Opening
from fleet_server.cases.results import CaseRef
from fleet_server.identity.vault_messages import MAX_PERSONS
from fleet_server.web.casework import desk
from wire.records import IdentityPart

pages = Blueprint("api_v1_case_names", __name__, url_prefix=PREFIX)
OPERATIONS: Final[list[Operation]] = []
_Persons = Annotated[list[CaseRef], msgspec.Meta(min_length=1, max_length=MAX_PERSONS)]
_Purpose = Annotated[
    str, msgspec.Meta(max_length=200, description="What the names are for; goes on record")
]


class NamesToOpen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose names, and what for."""

    persons: _Persons
    purpose: _Purpose
    opening: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None,
        msgspec.Meta(description="Number of the approved request, above what one may open alone"),
    ] = None


class NamesToAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose names a second person is asked for."""

    persons: _Persons
    purpose: _Purpose


class GlassToBreak(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose names are opened alone, and why nobody could be waited for."""

    persons: _Persons
    purpose: _Purpose
    reason: str


class OpeningToDecide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a request is approved."""

    approve: bool
    reason: str = ""


class GlassToReview(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a second person finds of a broken glass."""

    verdict: str


class Openings(msgspec.Struct, frozen=True, kw_only=True):
    """Requests for names, oldest first."""

    openings: list[Opening]
    more: bool


class NamedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Who a person of the case is, as far as any code said."""

    ref: CaseRef
    known: IdentityPart
    restricted: Annotated[
        bool, msgspec.Meta(description="Nothing was opened: the use of their data is restricted")
    ]
    unreadable: Annotated[int, msgspec.Meta(description="Identities that did not open")]


class NamedPersons(msgspec.Struct, frozen=True, kw_only=True):
    """In the order asked for."""

    persons: list[NamedPerson]


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/names",
    costly=True,
    method="POST",
    permission=Permission.CASES,
    summary="Open names of people of the case",
)
def open_names(case: str, body: NamesToOpen) -> NamedPersons:
    """Each is on record before it is answered."""
    named = desk().open_names(case, body.persons, body.purpose, body.opening)
    return NamedPersons(
        persons=[
            NamedPerson(
                ref=each.ref,
                known=each.part,
                restricted=each.restricted,
                unreadable=each.unreadable,
            )
            for each in named
        ]
    )


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/openings",
    permission=Permission.CASES,
    summary="Requests for names, and what became of them",
)
def list_openings(case: str, query: Page) -> Openings:
    """Oldest first."""
    shown, more = cut(desk().openings(case), offset=query.offset, limit=query.limit)
    return Openings(openings=shown, more=more)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/openings",
    method="POST",
    permission=Permission.CASES,
    summary="Ask a second person to approve opening many names",
)
def ask_names(case: str, body: NamesToAsk) -> Opening:
    """An approved request is good for 24 hours, for whoever asked."""
    work = desk()
    return _opening(work, case, work.ask_names(case, body.persons, body.purpose))


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/openings/broken-glass",
    costly=True,
    method="POST",
    permission=Permission.CASES,
    summary="Go ahead alone; a second person reviews it in time",
)
def break_glass(case: str, body: GlassToBreak) -> Opening:
    """The case does not close before it is reviewed."""
    work = desk()
    return _opening(work, case, work.break_glass(case, body.persons, body.purpose, body.reason))


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/openings/<int:number>/decide",
    method="POST",
    permission=Permission.CASES_DECIDE,
    summary="Approve or refuse somebody else's request",
)
def decide_opening(case: str, number: int, body: OpeningToDecide) -> Opening:
    """Who asked does not approve."""
    work = desk()
    work.decide_opening(case, number, approve=body.approve, reason=body.reason)
    return _opening(work, case, number)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/openings/<int:number>/review",
    method="POST",
    permission=Permission.CASES_DECIDE,
    summary="Review a broken glass",
)
def review_opening(case: str, number: int, body: GlassToReview) -> Opening:
    """Who broke it does not review it."""
    work = desk()
    work.review_opening(case, number, body.verdict)
    return _opening(work, case, number)


def _opening(work: CaseDesk, case: str, number: int) -> Opening:
    return next(each for each in work.openings(case) if each.id == number)
