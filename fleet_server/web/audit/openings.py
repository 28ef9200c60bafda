"""Requests to open names in all cases: who asked, who decided, which broken glass is unreviewed."""

from typing import Any, Final

from flask import Blueprint, render_template, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.cases import openings
from fleet_server.web.access import permission
from fleet_server.web.audit.log import areas, number, older
from fleet_server.web.case.names import STATES
from fleet_server.web.site import site

PAGE: Final = 50
TABS: Final = {
    "": ("Tất cả", "All"),
    openings.OVERDUE: ("Quá hạn xem lại", "Review overdue"),
    **{state: (vi, en) for state, (vi, en, _) in STATES.items()},
}

pages = Blueprint("audit_openings", __name__)


@pages.get("/audit/openings")
@permission(Permission.AUDIT)
def page() -> str:
    """`state` narrows; `before` goes on."""
    state = request.args.get("state", "")
    state = state if state in TABS else ""
    now_ms, before = site().now_ms(), number("before")
    with site().engine.connect() as connection:
        counts = openings.counted(connection, now_ms=now_ms, areas=areas())
        found = openings.listed(
            connection, state, now_ms=now_ms, areas=areas(), limit=PAGE + 1, before=before
        )
    asked: dict[str, Any] = {"state": state} if state else {}
    return render_template(
        "audit_openings.html",
        here="audit_openings.page",
        found=found[:PAGE],
        state=state,
        states=STATES,
        tabs=TABS,
        counts=counts,
        now=now_ms // 1000,
        newest=url_for("audit_openings.page", **asked) if before else "",
        older=older("audit_openings.page", [each.opening.id for each in found], PAGE, asked),
    )
