"""How many contacts other terms would bring: counts before any name, in fives, on record."""

from typing import Any, Final

from flask import Blueprint, request

from fleet_server.auth.permissions import Permission
from fleet_server.cases.acting import BadWords
from fleet_server.cases.results import Preview
from fleet_server.errors import FleetError
from fleet_server.web import errors
from fleet_server.web.access import permission
from fleet_server.web.case import frame, given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, words_of

HERE: Final = "case_preview.page"
MOST_MIN: Final = 24 * 60

pages = Blueprint("case_preview", __name__)


@pages.get("/cases/<case>/preview")
@permission(Permission.CASES)
def page(case: str) -> str:
    return _page(case)


@pages.post("/cases/<case>/preview")
@permission(Permission.CASES, costly=True)
def preview(case: str) -> Answer:
    """Answers on the page itself; a try is on record, so it is asked for by a form."""
    try:
        found = desk().preview(
            case,
            since=given.time("since"),
            until=given.time("until"),
            min_overlap_min=_minutes("min_overlap"),
            linger_min=_minutes("linger"),
        )
    except FleetError as problem:
        return _page(case, problem=words_of(problem)), errors.status_of(problem)
    return _page(case, found=found), 200


def _minutes(name: str) -> float | None:
    entered = given.text(name)
    if not entered:
        return None
    if not entered.isdecimal() or int(entered) > MOST_MIN:
        raise BadWords(
            f"{name}: cần số phút từ 0 đến {MOST_MIN} / expected 0 to {MOST_MIN} minutes"
        )
    return float(entered)


def _page(ref: str, *, found: Preview | None = None, problem: str = "") -> str:
    form: Any = request.form
    return frame.show(
        "case_preview.html", desk().show(ref), HERE, found=found, problem=problem, form=form
    )
