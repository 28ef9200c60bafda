"""What counts as an exposure, by version; and the policies that stand in the settings."""

import re
from typing import Any, Final

import msgspec
from flask import Blueprint, render_template, request, url_for

from fleet_server import database
from fleet_server.auth import administration
from fleet_server.auth.permissions import Permission
from fleet_server.fleet import venue_types
from fleet_server.settings import Settings
from fleet_server.tracing import rulebook
from fleet_server.tracing.rules import BadRule
from fleet_server.web import forms
from fleet_server.web.access import caller, permission
from fleet_server.web.language import say
from fleet_server.web.site import site

TERMS: Final = {
    "days_before": ("Ngày trước khởi phát", "Days before onset"),
    "days_after": ("Ngày sau khởi phát (0: đến lúc hỏi)", "Days after it (0: until asked)"),
    "min_overlap_min": ("Phút ở chung ít nhất", "Shortest overlap, minutes"),
    "linger_min": ("Phút còn lây sau khi rời đi", "Minutes the air stays infectious"),
    "latency_min": ("Phút từ phơi nhiễm đến lây", "Minutes from exposed to infectious"),
    "look_back_days": ("Ngày tìm nguồn lây", "Days a search for the source goes back"),
}
POLICIES: Final = (
    ("privacy.retention_days", "Ngày giữ lượt ra vào", "Days visits are kept"),
    ("privacy.names_per_day", "Tên một người được mở mỗi ngày", "Names one may open in a day"),
    ("privacy.review_hours", "Giờ để xem xét tên đã mở gấp", "Hours to review an emergency in"),
    ("accounts.session_hours", "Giờ một lần đăng nhập", "Hours a sign-in lasts"),
    ("accounts.idle_minutes", "Phút không dùng thì thoát", "Minutes without use until it ends"),
    ("accounts.costly_per_minute", "Việc nặng mỗi phút", "Costly requests in a minute"),
    ("timezone", "Múi giờ", "Time zone"),
)
"""What an administrator is asked about; other settings are the operator's."""
_MINUTES: Final = re.compile(r"[0-9]{1,9}")

pages = Blueprint("admin_rules", __name__)


@pages.get("/admin/rules")
@permission(Permission.ADMIN)
def page() -> str:
    return _page("")


@pages.post("/admin/rules")
@permission(Permission.ADMIN)
def create() -> forms.Answer:
    """Another version, in force from now on; what decided before stays as it was."""

    def do() -> None:
        administration.everywhere(caller())
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            terms = rulebook.in_force(connection).terms
            changed = {name: _number(name, name) for name in TERMS}
            kinds = rulebook.dwells(connection, terms)
            dwell = {kind: _number(f"dwell-{kind}", kind) for kind in kinds}
            rulebook.create(
                connection,
                request.form.get("version", "").strip(),
                msgspec.structs.replace(terms, **changed, dwell_min=dwell),
                at_ms=site().now_ms(),
                actor=caller().name,
            )

    done = ("Quy tắc mới có hiệu lực từ bây giờ.", "The new rule is in force from now on.")
    return forms.take(do, done=done, to=url_for("admin_rules.page"), again=_page)


@pages.get("/admin/settings")
@permission(Permission.ADMIN)
def settings() -> str:
    """Read only: they stand in a file of the server."""
    here, usual = site().settings, Settings()
    shown = [
        (key, say(vi, en), _value(here, key), _value(here, key) == _value(usual, key))
        for key, vi, en in POLICIES
    ]
    return render_template(
        "admin_settings.html",
        shown=shown,
        file=here.home_dir / "fleet.toml",
        holidays=here.privacy.holidays,
    )


def _page(problem: str) -> str:
    with site().engine.connect() as connection:
        versions = rulebook.listed(connection)[::-1]
        kinds = {code: say(*words) for code, words in venue_types.names(connection).items()}
    current = versions[0].terms
    usual = {name: getattr(current, name) for name in TERMS}
    usual |= {f"dwell-{kind}": current.dwell_of(kind) for kind in kinds}
    return render_template(
        "admin_rules.html",
        versions=[(each, msgspec.structs.asdict(each.terms)) for each in versions],
        terms={name: say(*words) for name, words in TERMS.items()},
        kinds=kinds,
        given={name: request.form.get(name) or str(each) for name, each in usual.items()},
        version=request.form.get("version", ""),
        everywhere=caller().area_id is None,
        problem=problem,
    )


def _number(field: str, what: str) -> int:
    text = request.form.get(field, "").strip()
    if _MINUTES.fullmatch(text) is None:
        raise BadRule(f"{what}: cần một số từ 0 / expected a number from 0")
    return int(text)


def _value(found: Settings, key: str) -> Any:
    value: Any = found
    for name in key.split("."):
        value = getattr(value, name)
    return value
