"""What a case found, over HTTP: counts, evaluations, what is different, kept results, a notice."""

from typing import Annotated, Any, Final

import msgspec
from flask import Blueprint

from fleet_server import keys
from fleet_server.api.case_desk import Page, at, cut
from fleet_server.api.operations import PREFIX, Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.cases.changes import Changes
from fleet_server.cases.notice import Notice
from fleet_server.cases.results import Evaluation, Preview
from fleet_server.times import iso
from fleet_server.tracing.answers import Time
from fleet_server.web.casework import desk
from fleet_server.web.site import site

pages = Blueprint("api_v1_case_results", __name__, url_prefix=PREFIX)
OPERATIONS: Final[list[Operation]] = []
_TIME: Final = "ISO 8601 (local where without offset) or seconds since 1970; else the case's"
_Minutes = Annotated[
    Annotated[float, msgspec.Meta(ge=0)] | None,
    msgspec.Meta(description="Minutes; the rule's where not given"),
]


class PreviewQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other terms to try."""

    since: Annotated[str | None, msgspec.Meta(description=_TIME)] = msgspec.field(
        name="from", default=None
    )
    until: Annotated[str | None, msgspec.Meta(description=_TIME)] = msgspec.field(
        name="to", default=None
    )
    min_overlap: _Minutes = None
    linger: _Minutes = None


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation as it is kept."""

    result: Annotated[int, msgspec.Meta(description="Its number")]
    evaluation: Evaluation


class ResultLine(msgspec.Struct, frozen=True, kw_only=True):
    """A kept result in a list."""

    result: int
    at: Time
    by: str
    decision: str


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Results kept at decisions, oldest first."""

    results: list[ResultLine]
    more: bool


class KeptResult(msgspec.Struct, frozen=True, kw_only=True):
    """A kept result whose signature holds."""

    case: str
    result: int
    at: Time
    by: str
    decision: str
    sha256: Annotated[str, msgspec.Meta(description="Of the JSON that was signed, hex")]
    content: Annotated[dict[str, Any], msgspec.Meta(description="As it was signed")]


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/preview",
    costly=True,
    permission=Permission.CASES,
    summary="How many contacts there would be",
)
def preview_case(case: str, query: PreviewQuery) -> Preview:
    """Counts are rounded down to fives and not said below five. Goes on record."""
    return desk().preview(
        case,
        since=at(query.since),
        until=at(query.until),
        min_overlap_min=query.min_overlap,
        linger_min=query.linger,
    )


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/evaluate",
    costly=True,
    method="POST",
    permission=Permission.CASES,
    summary="Find who was exposed, by what is known now",
)
def evaluate_case(case: str) -> Evaluated:
    """Kept and signed where it is new; where nothing is, the one kept last."""
    number, found = desk().evaluate(case)
    return Evaluated(result=number, evaluation=found)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/changes",
    permission=Permission.CASES,
    summary="What is different since the caller looked last",
)
def show_case_changes(case: str) -> Changes:
    """It stays unseen until it is said to be seen."""
    return desk().changes(case, saw=False)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/changes/seen",
    method="POST",
    permission=Permission.CASES,
    summary="The same, and from now on it is seen",
)
def see_case_changes(case: str) -> Changes:
    """What is answered is what is marked as seen; goes on record."""
    return desk().changes(case)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/results",
    permission=Permission.CASES,
    summary="Results kept at decisions",
)
def list_results(case: str, query: Page) -> Results:
    """Oldest first."""
    shown, more = cut(desk().results(case), offset=query.offset, limit=query.limit)
    lines = [
        ResultLine(result=number, at=iso(at_ms // 1000), by=by, decision=decision)
        for number, at_ms, by, decision in shown
    ]
    return Results(results=lines, more=more)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/results/<int:number>",
    permission=Permission.CASES,
    summary="A kept result, its signature checked",
)
def show_result(case: str, number: int) -> KeptResult:
    """One that is not what was signed is not shown."""
    found = desk().result(case, number, keys.results(site().settings.keys_dir))
    return KeptResult(
        case=found.case,
        result=found.id,
        at=iso(found.at_ms // 1000),
        by=found.made_by,
        decision=found.decision,
        sha256=found.digest,
        content=found.content,
    )


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/notice",
    method="POST",
    permission=Permission.CASES,
    summary="A public notice: confirmed places and times, and nobody",
)
def make_notice(case: str) -> Notice:
    """Goes on record."""
    return desk().notice(case)
