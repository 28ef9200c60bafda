"""What waits for a second person: requests to open names, broken glasses to review."""

from flask import Blueprint, render_template

from fleet_server.auth.permissions import Permission
from fleet_server.web.access import permission
from fleet_server.web.case.names import STATES
from fleet_server.web.casework import desk
from fleet_server.web.site import site

pages = Blueprint("case_approvals", __name__)


@pages.get("/approvals")
@permission(Permission.CASES_DECIDE)
def page() -> str:
    """In all open cases of one's area, what is due first."""
    return render_template(
        "case_approvals.html", waiting=desk().waiting(), states=STATES, now=site().now()
    )
