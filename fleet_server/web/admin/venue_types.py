"""Types of venues: which there are, and what dwell counts at each."""

from collections.abc import Callable
from typing import Final

from flask import Blueprint, render_template, request, url_for

from fleet_server import database
from fleet_server.auth import administration
from fleet_server.auth.permissions import Permission
from fleet_server.fleet import venue_types
from fleet_server.tracing import rulebook
from fleet_server.web.access import caller, permission
from fleet_server.web.forms import Answer, take
from fleet_server.web.site import site

FIELDS: Final = ("code", "name_vi", "name_en")
NEW: Final = "+"
"""The form for another type, among those of types by their codes; no code looks so."""

pages = Blueprint("admin_venue_types", __name__)


@pages.get("/admin/venue-types")
@permission(Permission.ADMIN)
def page() -> str:
    return _page()


@pages.post("/admin/venue-types")
@permission(Permission.ADMIN)
def add() -> Answer:
    """Another type; a new version of the rules can give it a dwell of its own."""
    return _do(venue_types.add, ("Đã thêm loại địa điểm.", "The type is added."), at=NEW)


@pages.post("/admin/venue-types/<code>")
@permission(Permission.ADMIN)
def rename(code: str) -> Answer:
    """Other names; the code stays, as rules and venues refer to it."""
    return _do(venue_types.rename, ("Đã đổi tên.", "Renamed."), at=code)


def _do(do: Callable[..., None], done: tuple[str, str], *, at: str) -> Answer:
    given = _given() if at == NEW else {**_given(), "code": at}

    def write() -> None:
        administration.everywhere(caller())
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            do(connection, **given, at_ms=site().now_ms(), actor=caller().name)

    return take(
        write,
        done=done,
        to=url_for("admin_venue_types.page"),
        again=lambda problem: _page(problem=problem, at=at),
    )


def _page(*, problem: str = "", at: str = "") -> str:
    with site().engine.connect() as connection:
        types = venue_types.listed(connection)
        version = rulebook.in_force(connection).version
    return render_template(
        "admin_venue_types.html",
        types=types,
        version=version,
        everywhere=caller().area_id is None,
        problem=problem,
        at=at,
        given=_given(),
    )


def _given() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in FIELDS}
