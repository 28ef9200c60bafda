"""Places that people of a case share, against what chance would give."""

from typing import Final

from flask import Blueprint, request

from fleet_server.auth.permissions import Permission
from fleet_server.cases.sharing import SharedPlaces
from fleet_server.errors import FleetError
from fleet_server.tracing.asking import MOST_VISITORS
from fleet_server.web import errors
from fleet_server.web.access import permission
from fleet_server.web.case import frame, given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, words_of
from fleet_server.web.language import say

HERE: Final = "case_shared.page"
HARDLY: Final = 0.001
SELDOM: Final = 0.05
"""Up to such a probability chance is no likely reason."""

pages = Blueprint("case_shared", __name__)


@pages.get("/cases/<case>/shared")
@permission(Permission.CASES)
def page(case: str) -> str:
    return _page(case)


@pages.post("/cases/<case>/shared")
@permission(Permission.CASES, costly=True)
def ask(case: str) -> Answer:
    """Answers on the page itself; the question is on record, so it is asked by a form."""
    try:
        found = desk().shared_places(
            case,
            request.form.getlist("person"),
            since=given.time("since"),
            until=given.time("until"),
        )
    except FleetError as problem:
        return _page(case, problem=words_of(problem)), errors.status_of(problem)
    return _page(case, found=found), 200


def _page(ref: str, *, found: SharedPlaces | None = None, problem: str = "") -> str:
    work = desk()
    case = work.show(ref)
    index = [each.ref for each in case.index]
    people, total = work.offered(ref, limit=max(0, MOST_VISITORS - len(index)))
    return frame.show(
        "case_shared.html",
        case,
        HERE,
        found=found,
        problem=problem,
        form=request.form,
        index=index,
        people=people,
        more=total - len(people),
        chosen=set(request.form.getlist("person") if request.method == "POST" else index),
        chance=chance,
        hardly=HARDLY,
        seldom=SELDOM,
    )


def chance(probability: float) -> str:
    """`1 / 3.000` in words: how often chance alone would do it."""
    if probability >= SELDOM:
        return f"{round(probability * 100)} %"
    once = 1 / max(probability, 1e-9)
    digits = len(str(int(once))) - 2
    rounded = f"{int(round(once, -max(0, digits))):,}"
    return say(f"1 trên {rounded.replace(',', '.')}", f"1 in {rounded}")
