"""Whether the log still holds: every line against the one before, and against a head kept."""

from flask import Blueprint, render_template, request

from fleet_server.auth.permissions import Permission
from fleet_server.identity import audit
from fleet_server.identity.audit import Verdict
from fleet_server.web.access import permission
from fleet_server.web.site import site

pages = Blueprint("audit_verify", __name__)


@pages.get("/audit/verify")
@permission(Permission.AUDIT)
def page() -> str:
    """How long the log is, and its last hash; nothing is checked yet."""
    return _page()


@pages.post("/audit/verify")
@permission(Permission.AUDIT, costly=True)
def verify() -> str:
    """Reads the whole log; `head`: one that a receipt or a kiosk kept."""
    kept = request.form.get("head", "").strip().lower()
    with site().engine.connect() as connection:
        verdict = audit.verify(connection)
        known = audit.holds_head(connection, kept) if kept else None
    return _page(verdict, kept=kept, known=known)


def _page(verdict: Verdict | None = None, *, kept: str = "", known: bool | None = None) -> str:
    with site().engine.connect() as connection:
        lines, head = audit.length(connection), audit.head(connection)
    return render_template(
        "audit_verify.html",
        here="audit_verify.page",
        lines=lines,
        head=head,
        verdict=verdict,
        kept=kept,
        known=known,
    )
