"""What venues' managers told: read and answered by tracers of the area."""

from typing import Final

from flask import Blueprint, render_template, request, url_for

from fleet_server import database
from fleet_server.auth.permissions import Permission
from fleet_server.fleet import venue_reports
from fleet_server.web.access import caller, permission
from fleet_server.web.case import given
from fleet_server.web.forms import Answer, take
from fleet_server.web.paging import Shown
from fleet_server.web.site import site

HERE: Final = "case_told.page"
PAGE: Final = 50

pages = Blueprint("case_told", __name__)


@pages.get("/told")
@permission(Permission.CASES)
def page() -> str:
    """Unanswered first, then the newest."""
    return _page()


@pages.post("/told/<int:number>")
@permission(Permission.CASES)
def answer(number: int) -> Answer:
    def do() -> None:
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            venue_reports.answer(
                connection,
                caller().reaches(),
                number,
                given.text("words"),
                at_ms=site().now_ms(),
                actor=caller().name,
            )

    return take(do, done=("Đã trả lời", "Answered"), to=url_for(HERE), again=_page)


def _page(problem: str = "") -> str:
    shown = Shown.of(request.args, PAGE)
    with site().engine.connect() as connection:
        told = venue_reports.told(
            connection, caller().reaches(), offset=shown.offset, limit=PAGE + 1
        )
    return render_template(
        "case_told.html",
        told=told[:PAGE],
        newer=shown.newer(HERE),
        older=shown.older(HERE, shown.offset + len(told)),
        problem=problem,
        form=request.form,
    )
