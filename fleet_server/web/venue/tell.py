"""A manager tells tracers that something happened, and sees what became of it."""

from flask import Blueprint, render_template, request, url_for

from fleet_server import database
from fleet_server.auth.permissions import Permission
from fleet_server.fleet import venue_reports
from fleet_server.fleet.references import Unfit
from fleet_server.times import local, parse
from fleet_server.web.access import caller, here, permission
from fleet_server.web.forms import Answer, take
from fleet_server.web.site import site

HERE = "venue_tell.page"

pages = Blueprint("venue_tell", __name__)


@pages.get("/venues/<venue>/tell")
@permission(Permission.VENUE_MANAGE)
def page(venue: str) -> str:
    """`at`: seconds UTC of what it is about, such as a line of the log."""
    del venue  # the guard has resolved it
    return _page()


@pages.post("/venues/<venue>/tell")
@permission(Permission.VENUE_MANAGE)
def tell(venue: str) -> Answer:
    def do() -> None:
        zone = here().zone
        given = [request.form.get(name, "").strip() for name in ("since", "until")]
        if not all(given):
            raise Unfit("Cần giờ bắt đầu và kết thúc / expected a beginning and an end")
        since, until = (parse(each, zone) for each in given)
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            venue_reports.tell(
                connection,
                here(),
                since=since,
                until=until,
                words=request.form.get("words", ""),
                at_ms=site().now_ms(),
                actor=caller().name,
            )

    return take(
        do,
        done=("Đã báo cho người truy vết", "Tracers are told"),
        to=url_for(HERE, venue=venue),
        again=_page,
    )


def _page(problem: str = "") -> str:
    place, now = here(), site().now()
    asked = request.args.get("at", "")
    at = int(asked) if asked.isdecimal() and len(asked) < 12 else now
    with site().engine.connect() as connection:
        told = venue_reports.of_venue(connection, place)
    return render_template(
        "venue_tell.html",
        place=place,
        told=told,
        since=f"{local(at - 1800, place.zone):%Y-%m-%dT%H:%M}",
        until=f"{local(min(at + 1800, now), place.zone):%Y-%m-%dT%H:%M}",
        problem=problem,
        form=request.form,
    )
