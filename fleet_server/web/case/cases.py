"""The cases of one's area: which there are, and a new one."""

from typing import Any, Final

from flask import Blueprint, render_template, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.fleet import venue_reports
from fleet_server.web.access import caller, permission
from fleet_server.web.case import given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, take
from fleet_server.web.paging import Shown
from fleet_server.web.site import site

PAGE: Final = 50

pages = Blueprint("case_list", __name__)


@pages.get("/cases")
@permission(Permission.CASES)
def page() -> str:
    """Open ones, the newest first; `closed=1`: closed ones too."""
    return _page()


@pages.post("/cases")
@permission(Permission.CASES)
def begin() -> Answer:
    ref = request.form.get("ref", "").strip()

    def do() -> None:
        desk().begin(
            ref,
            disease=given.text("disease") or "COVID-19",
            area=given.text("area") or None,
            lab_ref=given.text("lab_ref"),
            onset=given.time("onset"),
            isolated=given.time("isolated"),
        )

    return take(
        do,
        done=(f"Đã mở ca {ref}", f"Case {ref} is open"),
        to=url_for("case_overview.page", case=ref or "-"),
        again=lambda problem: _page(problem=problem, form=request.form),
    )


def _page(problem: str = "", form: Any = None) -> str:
    closed, shown = request.args.get("closed") == "1", Shown.of(request.args, PAGE)
    with site().engine.connect() as connection:
        told = venue_reports.waiting(connection, caller().reaches())
    may_decide = caller().may(Permission.CASES_DECIDE)
    work = desk()
    cases = work.listed(closed=closed, offset=shown.offset, limit=PAGE + 1)
    kept = {"closed": 1 if closed else None}
    return render_template(
        "case_list.html",
        cases=cases[:PAGE],
        closed=closed,
        may_decide=may_decide,
        told=told,
        waiting=len(work.waiting()) if may_decide else 0,
        newer=shown.newer("case_list.page", **kept),
        older=shown.older("case_list.page", shown.offset + len(cases), **kept),
        problem=problem,
        form=form or {},
    )
