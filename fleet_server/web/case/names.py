"""Names of people of a case: opened a few at a time, more with a second person or a broken glass.

A name stands on the page that answers a form and on no other; it is on record before it is shown.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Blueprint, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.cases import names
from fleet_server.cases.acting import BadWords
from fleet_server.cases.contact_list import ALL, Filter
from fleet_server.cases.names import Named
from fleet_server.errors import FleetError
from fleet_server.identity.vault_messages import NotPermitted
from fleet_server.tracing.exposure import TIERS
from fleet_server.web import errors
from fleet_server.web.access import caller, permission
from fleet_server.web.case import frame, given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, take, words_of
from fleet_server.web.site import site

HERE: Final = "case_names.page"
MOST: Final = 50
"""People offered to choose from one by one."""
STATES: Final = {
    names.ASKED: ("chờ duyệt", "waiting for approval", "warn"),
    names.APPROVED: ("đã duyệt", "approved", "good"),
    names.REFUSED: ("không duyệt", "refused", "bad"),
    names.BROKEN: ("phá kính, chờ xem lại", "broken glass, to be reviewed", "bad"),
    names.REVIEWED: ("đã xem lại", "reviewed", "good"),
}
OPENS: Final = frozenset({names.APPROVED, names.BROKEN})
"""States of a request that whoever asked opens names by."""

pages = Blueprint("case_names", __name__)


@pages.get("/cases/<case>/names")
@permission(Permission.CASES)
def page(case: str) -> str:
    """`role`, `state`, `tier` and `area` narrow whom to choose from; `person`: who is chosen."""
    return _page(case)


@pages.post("/cases/<case>/names/open")
@permission(Permission.CASES, costly=True)
def open_names(case: str) -> Answer:
    """Shows them, this once. By `opening`, all whom that request is about."""
    opening = given.number("opening")
    work = desk()
    try:
        people = _people(case) if opening is None else work.opening_people(case, opening)
        named = work.open_names(case, people, given.text("purpose"), opening)
    except FleetError as problem:
        more = isinstance(problem, NotPermitted)
        again = _page(case, problem=words_of(problem), at="open", ways_on=more)
        return again, errors.status_of(problem)
    return _page(case, named=named), 200


@pages.post("/cases/<case>/names/ask")
@permission(Permission.CASES)
def ask(case: str) -> Answer:
    return _do(
        case,
        "open",
        lambda: desk().ask_names(case, _people(case), given.text("purpose")),
        ("Đã gửi, chờ người thứ hai duyệt", "Sent; a second person approves it"),
    )


@pages.post("/cases/<case>/names/break-glass")
@permission(Permission.CASES, costly=True)
def break_glass(case: str) -> Answer:
    return _do(
        case,
        "open",
        lambda: desk().break_glass(
            case, _people(case), given.text("purpose"), given.text("reason")
        ),
        (
            "Đã phá kính: mở tên ở bảng yêu cầu; sẽ có người xem lại",
            "The glass is broken: open the names in the table of requests; somebody reviews it",
        ),
    )


@pages.post("/cases/<case>/names/<int:number>/decide")
@permission(Permission.CASES_DECIDE)
def decide(case: str, number: int) -> Answer:
    approve = given.text("answer") == "approve"
    return _do(
        case,
        "decide",
        lambda: desk().decide_opening(case, number, approve=approve, reason=given.text("reason")),
        ("Đã duyệt", "Approved") if approve else ("Đã từ chối", "Refused"),
    )


@pages.post("/cases/<case>/names/<int:number>/review")
@permission(Permission.CASES_DECIDE)
def review(case: str, number: int) -> Answer:
    return _do(
        case,
        "decide",
        lambda: desk().review_opening(case, number, given.text("verdict")),
        ("Đã xem lại", "Reviewed"),
    )


def _which() -> Filter:
    return Filter(*(request.values.get(name) or None for name in Filter._fields))


def _people(case: str) -> list[str]:
    """Who was ticked, and with `everybody` all contacts who fit the filter."""
    people = [each.strip() for each in request.form.getlist("person") if each.strip()]
    if given.text("everybody"):
        people += [each.ref for each in desk().contacts(case, _which())]
    if not people:
        raise BadWords("Chưa chọn ai / nobody was chosen: tick whose names you need")
    return people


def _do(case: str, form: str, do: Callable[[], Any], done: tuple[str, str]) -> Answer:
    return take(
        do,
        done=done,
        to=url_for(HERE, case=case),
        again=lambda problem: _page(case, problem=problem, at=form, ways_on=form == "open"),
    )


def _page(
    ref: str,
    *,
    named: Sequence[Named] | None = None,
    problem: str = "",
    at: str = "",
    ways_on: bool = False,
) -> str:
    work = desk()
    which = _which()
    case = work.show(ref)
    people, total = work.offered(ref, which, limit=MOST)
    chosen = dict.fromkeys(request.values.getlist("person"))
    offered = {each.ref for each in case.index} | {each.ref for each in people}
    return frame.show(
        "case_names.html",
        case,
        HERE,
        named=named,
        people=people,
        total=total,
        chosen=chosen,
        others=[ref for ref in chosen if ref not in offered],
        which=which,
        filtered=which != ALL,
        tiers=TIERS,
        openings=work.openings(ref)[::-1],
        states=STATES,
        opens=OPENS,
        me=caller().name,
        may_decide=caller().may(Permission.CASES_DECIDE),
        alone=site().settings.privacy.names_per_day,
        hours=site().settings.privacy.review_hours,
        ways_on=ways_on,
        problem=problem,
        at=at,
        form=request.form,
    )
