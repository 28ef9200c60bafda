"""The audit log, the newest line first."""

from typing import Any, Final

from flask import Blueprint, render_template, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.reports import audit_lines
from fleet_server.reports.audit_lines import Which
from fleet_server.times import day_bounds, parse_day
from fleet_server.web.access import caller, permission
from fleet_server.web.audit.words import ACTIONS, GROUPS
from fleet_server.web.site import site

PAGE: Final = 50
_DAYS: Final = {"since": 0, "until": 1}
"""Which bound of the day each field means; the last day is among them."""

pages = Blueprint("audit_log", __name__)


@pages.get("/audit")
@permission(Permission.AUDIT)
def page() -> str:
    """`actor`, `action`, `case`, `subject`, `since` and `until` (days) narrow; `before` goes on."""
    asked: dict[str, Any] = {
        name: value.strip()
        for name in ("actor", "action", "case", "subject", *_DAYS)
        if (value := request.args.get(name, "")).strip()
    }
    given = {name: value for name, value in asked.items() if name not in _DAYS}
    which = Which(
        **given, since_ms=_day(asked, "since"), until_ms=_day(asked, "until"), areas=areas()
    )
    before = number("before")
    with site().engine.connect() as connection:
        lines = audit_lines.page(connection, which, limit=PAGE + 1, before=before)
    return render_template(
        "audit_log.html",
        here="audit_log.page",
        lines=lines[:PAGE],
        asked=asked,
        actions=ACTIONS,
        groups=GROUPS,
        newest=url_for("audit_log.page", **asked) if before else "",
        older=older("audit_log.page", [line.line for line in lines], PAGE, asked),
    )


def areas() -> frozenset[int] | None:
    """Ids of the areas the reader is for; None: everywhere."""
    return None if caller().area_id is None else caller().areas


def number(name: str) -> int | None:
    """A line or request that the address names."""
    given = request.args.get(name, "")
    return int(given) if given.isdecimal() and len(given) < 18 else None


def older(endpoint: str, numbers: list[int], most: int, asked: dict[str, Any]) -> str:
    """Where the list goes on, if one more than a page was found."""
    if len(numbers) <= most:
        return ""
    return url_for(endpoint, **asked, before=str(numbers[most - 1]))


def _day(asked: dict[str, str], name: str) -> int | None:
    if name not in asked:
        return None
    return day_bounds(parse_day(asked[name]), site().settings.zone)[_DAYS[name]] * 1000
