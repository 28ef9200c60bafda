"""Administrative areas: the tree as it is and was, and the list that changes it."""

from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fleet_server import database, times
from fleet_server.auth import administration
from fleet_server.auth.permissions import Permission
from fleet_server.errors import FleetError
from fleet_server.fleet import area_import, areas, units
from fleet_server.fleet.area_import import Imported
from fleet_server.fleet.references import Unfit
from fleet_server.fleet.units import BadUnits, Wrong
from fleet_server.web import errors
from fleet_server.web.access import caller, permission
from fleet_server.web.language import half, say
from fleet_server.web.site import site

MAX_UPLOAD_BYTES: Final = 4 * 2**20
FOUND: Final = 100
"""Areas a search shows."""
SHOWN: Final = 50
"""Codes, and lines that are wrong, named at most."""
LEVELS: Final = {
    "province": ("Tỉnh, thành phố", "Province"),
    "district": ("Quận, huyện", "District"),
    "commune": ("Phường, xã", "Commune"),
}

pages = Blueprint("admin_areas", __name__)


@pages.get("/admin/areas")
@permission(Permission.ADMIN)
def page() -> str:
    """What lies on top; or what `text` finds."""
    return _page("", [])


@pages.get("/admin/areas/<code>")
@permission(Permission.ADMIN)
def area(code: str) -> str:
    with site().engine.connect() as connection:
        found = areas.shown(connection, code)
        inside = areas.children(connection, code)
    return render_template("admin_area.html", found=found, inside=inside, levels=LEVELS)


@pages.post("/admin/areas/preview")
@permission(Permission.ADMIN, takes=MAX_UPLOAD_BYTES)
def preview() -> str | tuple[str, int]:
    """What a list would change; nothing is written."""
    given = request.files.get("list")
    try:
        if given is None or not given.filename:
            raise Unfit("hãy chọn tệp CSV / please choose a CSV file")
        content = given.read()
        done = _take(content, write=False)
    except BadUnits as problem:
        return _page("", problem.wrong), 400
    except FleetError as problem:
        return _page(half(str(problem)), []), errors.status_of(problem)
    return render_template(
        "admin_areas_preview.html",
        done=done,
        list=content.decode("utf-8-sig"),
        since=request.form.get("since", ""),
        complete=bool(request.form.get("complete")),
        shown=SHOWN,
    )


@pages.post("/admin/areas")
@permission(Permission.ADMIN, takes=MAX_UPLOAD_BYTES)
def take() -> Response | tuple[str, int]:
    """The list that was looked at comes into force."""
    try:
        done = _take(request.form.get("list", "").encode(), write=True)
    except BadUnits as problem:
        return _page("", problem.wrong), 400
    except FleetError as problem:
        return _page(half(str(problem)), []), errors.status_of(problem)
    new, changed, ended = (len(each) for each in (done.new, done.changed, done.ended))
    flash(
        say(
            f"Đã nhập: {new} mới, {changed} thay đổi, {ended} kết thúc.",
            f"Imported: {new} new, {changed} changed, {ended} ended.",
        ),
        "good",
    )
    return redirect(url_for("admin_areas.page"), 303)


def _take(content: bytes, *, write: bool) -> Imported:
    """Raises BadUnits, BadTime, Refused."""
    administration.everywhere(caller())
    now_ms, since = site().now_ms(), request.form.get("since", "").strip()
    at = times.parse(since, site().settings.zone) if since else now_ms // 1000
    found = units.of(content)
    writing = site().engine.execution_options(**database.WRITES)
    with writing.connect() as connection, connection.begin() as transaction:
        done = area_import.take(
            connection,
            found,
            since=at,
            complete=bool(request.form.get("complete")),
            at_ms=now_ms,
            actor=caller().name,
        )
        if not write:
            transaction.rollback()
    return done


def _page(problem: str, wrong: list[Wrong]) -> str:
    text = request.args.get("text", "").strip()
    with site().engine.connect() as connection:
        hits = areas.search(connection, text, limit=FOUND) if text else []
        tops = [] if text else areas.children(connection, None)
    return render_template(
        "admin_areas.html",
        text=text,
        hits=hits,
        tops=tops,
        levels=LEVELS,
        everywhere=caller().area_id is None,
        problem=problem,
        wrong=wrong[:SHOWN],
        more=max(0, len(wrong) - SHOWN),
        half=half,
    )
