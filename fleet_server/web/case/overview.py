"""A case at a glance: what to do next, what is new, what may be missing."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from flask import Blueprint, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.cases import milestones, roster
from fleet_server.cases.changes import Changes
from fleet_server.cases.results import MilestoneSeen
from fleet_server.cases.states import TO_CALL
from fleet_server.cases.summary import CaseSeen
from fleet_server.tracing.exposure import TIERS
from fleet_server.web.access import caller, permission
from fleet_server.web.case import frame, given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, take

HERE: Final = "case_overview.page"
EVENTS: Final = 20
"""Of the record, on this page."""

pages = Blueprint("case_overview", __name__)


class Step(NamedTuple):
    """Something to do, in the order of the work."""

    done: bool
    vi: str
    en: str
    endpoint: str


@pages.get("/cases/<case>")
@permission(Permission.CASES)
def page(case: str) -> str:
    return _page(case)


@pages.post("/cases/<case>/amend")
@permission(Permission.CASES)
def amend(case: str) -> Answer:
    def do() -> None:
        desk().amend(
            case,
            lab_ref=given.text("lab_ref") or None,
            rule=given.text("rule") or None,
            onset_at=given.time("onset"),
            isolated_at=given.time("isolated"),
            since_at=given.time("since"),
            until_at=given.time("until"),
        )

    return _do(case, "amend", do, ("Đã ghi", "Written down"))


@pages.post("/cases/<case>/confirm")
@permission(Permission.CASES_DECIDE)
def confirm(case: str) -> Answer:
    lab_ref = given.text("lab_ref")
    return _do(
        case,
        "confirm",
        lambda: desk().confirm_lab(case, lab_ref),
        ("Đã xác nhận số xét nghiệm", "The laboratory's number is confirmed"),
    )


@pages.post("/cases/<case>/evaluate")
@permission(Permission.CASES, costly=True)
def evaluate(case: str) -> Answer:
    return _do(
        case,
        "evaluate",
        lambda: desk().evaluate(case),
        ("Đã tính lại và lưu", "Evaluated again, and kept"),
    )


@pages.post("/cases/<case>/seen")
@permission(Permission.CASES)
def seen(case: str) -> Answer:
    return _do(case, "seen", lambda: desk().changes(case), None)


@pages.post("/cases/<case>/say")
@permission(Permission.CASES)
def say(case: str) -> Answer:
    return _do(case, "say", lambda: desk().say(case, given.text("words")), ("Đã ghi", "Noted"))


@pages.post("/cases/<case>/close")
@permission(Permission.CASES)
def close(case: str) -> Answer:
    return _do(
        case,
        "close",
        lambda: desk().close(case, given.text("words")),
        ("Ca đã đóng", "The case is closed"),
    )


def _do(case: str, form: str, do: Callable[[], Any], done: tuple[str, str] | None) -> Answer:
    return take(
        do,
        done=done,
        to=url_for(HERE, case=case),
        again=lambda problem: _page(case, problem=problem, at=form),
    )


def _page(ref: str, *, problem: str = "", at: str = "") -> str:
    """`problem`: why the form `at` could not be taken."""
    work = desk()
    case = work.show(ref)
    tally = work.tally(ref)
    events, more_events = work.latest_events(ref, EVENTS)
    return frame.show(
        "case_overview.html",
        case,
        HERE,
        steps=[] if case.closed_at else steps(case, work.milestones(ref)),
        tiers=[(tier, tally[roster.F1, tier]) for tier in TIERS],
        second=sum(count for (role, _), count in tally.items() if role != roster.F1),
        changes=_changes(ref, case),
        events=events,
        more_events=more_events,
        may_decide=caller().may(Permission.CASES_DECIDE),
        problem=problem,
        at=at,
        form=request.form,
    )


def _changes(ref: str, case: CaseSeen) -> Changes | None:
    return None if case.evaluated is None else desk().changes(ref, saw=False)


def steps(case: CaseSeen, stays: list[MilestoneSeen]) -> list[Step]:
    """What the case needs, in order, and what of it is done."""
    to_call = case.contacts.get(TO_CALL, 0)
    proposed = sum(each.state == milestones.PROPOSED for each in stays)
    return [
        Step(
            bool(case.lab_confirmed_by),
            "Người thứ hai xác nhận số xét nghiệm",
            "Have the laboratory's number confirmed by a second person",
            HERE,
        ),
        Step(
            bool(case.onset or case.since),
            "Ghi ngày khởi phát hoặc khoảng thời gian",
            "Write down onset or window",
            HERE,
        ),
        Step(
            bool(case.index), "Tìm và thêm F0", "Find and add the index person", "case_people.page"
        ),
        Step(
            case.evaluated is not None,
            "Tính danh sách tiếp xúc",
            "Evaluate contacts",
            HERE,
        ),
        Step(
            bool(stays) and not proposed,
            f"Hỏi lại F0 các mốc dịch tễ (còn {proposed})",
            f"Settle milestones with the index person ({proposed} left)",
            "case_milestones.page",
        ),
        Step(
            bool(case.contacts) and not to_call,
            f"Gọi mọi người tiếp xúc (còn {to_call})",
            f"Call everybody ({to_call} left)",
            "case_contacts.page",
        ),
    ]
