"""Who sells or works at a venue, noted from a line of its log: by masked labels, no name."""

from typing import Final

from flask import Blueprint, render_template, request, url_for

from fleet_server import database
from fleet_server.auth.permissions import Permission
from fleet_server.errors import NotKnown
from fleet_server.fleet import staff
from fleet_server.fleet.staff import Seen
from fleet_server.times import day_bounds
from fleet_server.web.access import caller, here, permission
from fleet_server.web.forms import Answer, take
from fleet_server.web.site import site

HERE: Final = "venue_staff.page"

pages = Blueprint("venue_staff", __name__)


@pages.get("/venues/<venue>/staff")
@permission(Permission.VENUE_STAFF)
def page(venue: str) -> str:
    """`scan`: a line of the log by its number, to note who it was."""
    del venue  # the guard has resolved it
    return _page()


@pages.post("/venues/<venue>/staff")
@permission(Permission.VENUE_STAFF)
def add(venue: str) -> Answer:
    """From the day of the scan on, until it is taken back."""

    def do() -> None:
        place = here()
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            seen = staff.seen(connection, place.id, _number("scan"))
            since, _ = day_bounds(place.today(seen.at), place.zone)
            staff.add(
                connection,
                venue=place.ref,
                visitor=seen.visitor,
                since=since,
                until=None,
                reason=request.form.get("reason", ""),
                label=seen.label,
                at_ms=site().now_ms(),
                actor=caller().name,
            )

    return take(do, done=("Đã ghi", "Noted"), to=url_for(HERE, venue=venue), again=_page)


@pages.post("/venues/<venue>/staff/<int:note>/remove")
@permission(Permission.VENUE_STAFF)
def remove(venue: str, note: int) -> Answer:
    def do() -> None:
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            if note not in {each.id for each in staff.listed(connection, here().ref)}:
                raise NotKnown(f"note {note}: không còn ở đây / no such note here")
            staff.remove(connection, note, at_ms=site().now_ms(), actor=caller().name)

    return take(do, done=("Đã bỏ", "Taken back"), to=url_for(HERE, venue=venue), again=_page)


def _page(problem: str = "") -> str:
    place, scan = here(), _number("scan")
    seen: Seen | None = None
    with site().engine.connect() as connection:
        if scan:
            seen = staff.seen(connection, place.id, scan)
        listed = staff.listed(connection, place.ref)
    return render_template(
        "venue_staff.html",
        place=place,
        listed=listed,
        seen=seen,
        scan=scan,
        reason=request.form.get("reason", ""),
        problem=problem,
    )


def _number(name: str) -> int:
    """Of the address or the form; 0 where there is none."""
    given = request.values.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 20 else 0
