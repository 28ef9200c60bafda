"""One's own lines of the audit log: what one did, whose names one opened."""

from typing import Any, Final

from flask import Blueprint, render_template, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.cases import roster
from fleet_server.reports import audit_lines
from fleet_server.reports.audit_lines import Which
from fleet_server.web.access import caller, permission
from fleet_server.web.audit.log import number, older
from fleet_server.web.audit.words import ACTIONS
from fleet_server.web.site import site

PAGE: Final = 100
TABS: Final = {
    "": ("Tất cả", "Everything"),
    "vault.open": ("Tên tôi đã mở", "Names I opened"),
    "vault.find": ("Số tôi đã tìm", "Numbers I looked up"),
    "trace.": ("Câu hỏi của tôi", "My questions"),
}

pages = Blueprint("case_mine", __name__)


@pages.get("/my-record")
@permission(Permission.CASES)
def page() -> str:
    """`action` narrows to one of TABS; `before` goes on."""
    action = request.args.get("action", "")
    action = action if action in TABS else ""
    before = number("before")
    with site().engine.connect() as connection:
        lines = audit_lines.page(
            connection, Which(actor=caller().name, action=action), limit=PAGE + 1, before=before
        )
        refs = roster.refs_in(connection, {line.case_ref for line in lines if line.case_ref})
    asked: dict[str, Any] = {"action": action} if action else {}
    return render_template(
        "case_mine.html",
        lines=lines[:PAGE],
        refs=refs,
        action=action,
        tabs=TABS,
        actions=ACTIONS,
        newest=url_for("case_mine.page", **asked) if before else "",
        older=older("case_mine.page", [line.line for line in lines], PAGE, asked),
    )
