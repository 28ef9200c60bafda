"""Results and names of a case over HTTP."""

from typing import Annotated, Any

import msgspec
from flask import Blueprint

from fleet_server import keys
from fleet_server.api.case_bodies import (
    AskNames,
    BreakGlass,
    DecideOpening,
    LookAtChanges,
    Nothing,
    OpenNames,
    PreviewTerms,
    ReviewOpening,
)
from fleet_server.api.cases import Done, Numbered, cases_at
from fleet_server.api.operations import PREFIX, Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.cases.changes import Changes
from fleet_server.cases.names import Opening
from fleet_server.cases.notice import Notice
from fleet_server.cases.results import Evaluation, Preview
from fleet_server.times import iso
from fleet_server.tracing.answers import Time
from fleet_server.web.access import case_desk
from fleet_server.web.site import site
from wire.records import IdentityPart

pages = Blueprint("api_v1_case_results", __name__, url_prefix=PREFIX)
OPERATIONS: list[Operation] = []


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation and the number it is kept under."""

    result: int
    evaluation: Evaluation


class KeptResult(msgspec.Struct, frozen=True, kw_only=True):
    """A kept result in a list."""

    number: int
    at: Time
    by: str
    decision: str


class KeptResults(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first."""

    results: list[KeptResult]


class WholeResult(KeptResult, frozen=True, kw_only=True):
    """A kept result whose signature was checked just now."""

    sha256: str
    content: Annotated[Any, msgspec.Meta(description="As it was signed")]


class NamedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the case, and what their codes said of them."""

    ref: str
    known: IdentityPart
    restricted: Annotated[bool, msgspec.Meta(description="They had the use of it restricted")]
    unreadable: Annotated[int, msgspec.Meta(description="Sealed parts that did not open")]


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """In the order asked for."""

    persons: list[NamedPerson]


class Openings(msgspec.Struct, frozen=True, kw_only=True):
    """Requests for names, oldest first."""

    openings: list[Opening]


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/preview",
    permission=Permission.CASES,
    summary="How many contacts there would be; counts under 5 are not said",
)
def preview(body: PreviewTerms, case: str) -> Preview:
    """Goes on record, as a list would."""
    return case_desk().preview(
        case,
        since=cases_at(body.since),
        until=cases_at(body.until),
        min_overlap_min=body.min_overlap,
        linger_min=body.linger,
    )


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/evaluate",
    permission=Permission.CASES,
    summary="Who was exposed by what is known now; kept and signed where it is new",
)
def evaluate(_body: Nothing, case: str) -> Evaluated:
    number, found = case_desk().evaluate(case)
    return Evaluated(result=number, evaluation=found)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/changes",
    permission=Permission.CASES,
    summary="What is different since the caller last looked",
)
def case_changes(body: LookAtChanges, case: str) -> Changes:
    return case_desk().changes(case, saw=body.seen)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/results",
    permission=Permission.CASES,
    summary="Results kept at decisions",
)
def results(_query: Nothing, case: str) -> KeptResults:
    return KeptResults(
        results=[
            KeptResult(number=number, at=iso(at_ms // 1000), by=by, decision=decision)
            for number, at_ms, by, decision in case_desk().results(case)
        ]
    )


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/results/<int:number>",
    permission=Permission.CASES,
    summary="A kept result, its signature checked",
)
def result(_query: Nothing, case: str, number: int) -> WholeResult:
    """It is shown whole when the days it came from are gone."""
    found = case_desk().result(case, number, keys.results(site().settings.keys_dir))
    return WholeResult(
        number=found.id,
        at=iso(found.at_ms // 1000),
        by=found.made_by,
        decision=found.decision,
        sha256=found.digest,
        content=found.content,
    )


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/names",
    permission=Permission.CASES,
    summary="Open names; each is on record before it is given",
)
def open_names(body: OpenNames, case: str) -> Names:
    """Above a number a day, an approved `opening` is needed."""
    found = case_desk().open_names(case, body.people, body.purpose, body.opening)
    return Names(
        persons=[
            NamedPerson(
                ref=each.ref,
                known=each.part,
                restricted=each.restricted,
                unreadable=each.unreadable,
            )
            for each in found
        ]
    )


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/openings",
    permission=Permission.CASES,
    summary="Requests for names, and what became of them",
)
def openings(_query: Nothing, case: str) -> Openings:
    return Openings(openings=case_desk().openings(case))


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/openings",
    permission=Permission.CASES,
    summary="Ask a second person to approve opening names",
)
def ask_names(body: AskNames, case: str) -> Numbered:
    return Numbered(number=case_desk().ask_names(case, body.people, body.purpose))


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/openings/break-glass",
    permission=Permission.CASES,
    summary="Open names without waiting; a second person reviews it",
)
def break_glass(body: BreakGlass, case: str) -> Numbered:
    number = case_desk().break_glass(case, body.people, body.purpose, body.reason)
    return Numbered(number=number)


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/openings/<int:number>/decide",
    permission=Permission.CASES_DECIDE,
    summary="Approve or refuse somebody else's request",
)
def decide_opening(body: DecideOpening, case: str, number: int) -> Done:
    case_desk().decide_opening(case, number, approve=body.approve, reason=body.reason)
    return Done()


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/openings/<int:number>/review",
    permission=Permission.CASES_DECIDE,
    summary="Review a broken glass",
)
def review_opening(body: ReviewOpening, case: str, number: int) -> Done:
    case_desk().review_opening(case, number, body.verdict)
    return Done()


@route(
    pages,
    OPERATIONS,
    method="POST",
    path="/cases/<case>/notice",
    permission=Permission.CASES,
    summary="A public notice: confirmed places and times, and nobody",
)
def notice(_body: Nothing, case: str) -> Notice:
    return case_desk().notice(case)
