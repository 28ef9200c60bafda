"""Cases over HTTP, as `fleet case …` works on them: begun, confirmed, searched, closed."""

from typing import Annotated, Final

import msgspec
from flask import Blueprint

from fleet_server.api.case_desk import Page, at
from fleet_server.api.operations import PREFIX, Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.cases.acting import BadWords
from fleet_server.cases.summary import CaseSeen
from fleet_server.tracing.answers import VisitorRef
from fleet_server.web.casework import desk

pages = Blueprint("api_v1_cases", __name__, url_prefix=PREFIX)
OPERATIONS: Final[list[Operation]] = []
_TIME: Final = "ISO 8601 (local where without offset) or seconds since 1970"
_Time = Annotated[str | None, msgspec.Meta(description=_TIME)]
_Number = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_LAB: Final = "The laboratory's own number of the result"


class CasesQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which cases?"""

    closed: Annotated[bool, msgspec.Meta(description="Closed ones too")] = False


class Cases(msgspec.Struct, frozen=True, kw_only=True):
    """Cases of the caller's area, the newest first."""

    cases: list[CaseSeen]
    more: bool


class CaseToBegin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a case when it begins."""

    ref: Annotated[str, msgspec.Meta(description="Its reference, such as CA-2026-017")]
    disease: str = "COVID-19"
    area: Annotated[
        str | None, msgspec.Meta(description="Code of the area that works on it; else the caller's")
    ] = None
    lab_ref: Annotated[str, msgspec.Meta(description=_LAB)] = ""
    onset: _Time = None
    isolated: _Time = None
    rule: Annotated[
        str | None, msgspec.Meta(description="Version of the rules; else the one in force")
    ] = None


class CaseToAmend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different; what is not given stays."""

    lab_ref: Annotated[str | None, msgspec.Meta(description=f"{_LAB}; to be confirmed again")] = (
        None
    )
    rule: str | None = None
    onset: _Time = None
    isolated: _Time = None
    since: _Time = msgspec.field(name="from", default=None)
    until: _Time = msgspec.field(name="to", default=None)


class LabToConfirm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the laboratory told a second person."""

    lab_ref: Annotated[str, msgspec.Meta(description=_LAB)]


class CaseToClose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it ended."""

    words: str = ""


class NumbersToFind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers as the laboratory reads them out; at least one."""

    document: Annotated[
        _Number | None, msgspec.Meta(description="ID number, old or new, or QID")
    ] = None
    insurance: Annotated[
        _Number | None, msgspec.Meta(description="Health insurance, old or new")
    ] = None
    phone: _Number | None = None
    purpose: Annotated[
        str, msgspec.Meta(max_length=200, description="What it is for; goes on record")
    ]


class FoundBy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Visitors by the number that led to them; without numbers that were not asked for."""

    document: list[VisitorRef] | None = None
    insurance: list[VisitorRef] | None = None
    phone: list[VisitorRef] | None = None


class FoundVisitors(msgspec.Struct, frozen=True, kw_only=True):
    """References, and nothing of who they are."""

    visitors: list[VisitorRef]
    by: FoundBy


@route(
    pages,
    OPERATIONS,
    path="/cases",
    permission=Permission.CASES,
    summary="Cases, the newest first",
)
def list_cases(query: CasesQuery) -> Cases:
    """Those of the caller's area."""
    found = desk().listed(closed=query.closed, offset=query.offset, limit=query.limit + 1)
    return Cases(cases=found[: query.limit], more=len(found) > query.limit)


@route(
    pages,
    OPERATIONS,
    path="/cases",
    method="POST",
    permission=Permission.CASES,
    summary="Begin a case",
)
def begin_case(body: CaseToBegin) -> CaseSeen:
    """On a laboratory's call. No name opens before a second person confirmed its number."""
    about = msgspec.structs.asdict(body)
    about |= {"onset": at(body.onset), "isolated": at(body.isolated)}
    return desk().begin(about.pop("ref"), **about)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>",
    permission=Permission.CASES,
    summary="How a case stands",
)
def show_case(case: str) -> CaseSeen:
    """A case of another area is as good as unknown."""
    return desk().show(case)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/amend",
    method="POST",
    permission=Permission.CASES,
    summary="Change what is known of a case",
)
def amend_case(case: str, body: CaseToAmend) -> CaseSeen:
    """Another laboratory number must be confirmed again."""
    return desk().amend(
        case,
        lab_ref=body.lab_ref,
        rule=body.rule,
        onset_at=at(body.onset),
        isolated_at=at(body.isolated),
        since_at=at(body.since),
        until_at=at(body.until),
    )


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/confirm",
    method="POST",
    permission=Permission.CASES_DECIDE,
    summary="Confirm, as a second person, the laboratory's number",
)
def confirm_case(case: str, body: LabToConfirm) -> CaseSeen:
    """A number that does not match is refused, and stays on record."""
    work = desk()
    work.confirm_lab(case, body.lab_ref)
    return work.show(case)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/close",
    method="POST",
    permission=Permission.CASES,
    summary="Close a case",
)
def close_case(case: str, body: CaseToClose) -> CaseSeen:
    """Nothing in it is changed any more."""
    work = desk()
    work.close(case, body.words)
    return work.show(case)


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/find",
    costly=True,
    method="POST",
    permission=Permission.CASES,
    summary="Which visitors have these numbers?",
)
def find_visitors(case: str, body: NumbersToFind) -> FoundVisitors:
    """Every answer and every miss goes on record, the numbers never."""
    asked = {kind: getattr(body, kind) for kind in FoundBy.__struct_fields__}
    typed = {kind: number for kind, number in asked.items() if number is not None}
    if not typed:
        raise BadWords(f"expected {', '.join(asked)}, or several of them")
    work = desk()
    found = {kind: work.find(case, kind, number, body.purpose) for kind, number in typed.items()}
    visitors = dict.fromkeys(visitor for each in found.values() for visitor in each)
    return FoundVisitors(visitors=list(visitors), by=FoundBy(**found))
