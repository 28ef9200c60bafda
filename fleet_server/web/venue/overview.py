"""A venue's day at a glance: how many are inside, and when people came."""

from flask import Blueprint, render_template

from fleet_server.auth.permissions import Permission
from fleet_server.reports import venue_figures
from fleet_server.reports.venue_figures import Inside
from fleet_server.times import local
from fleet_server.tracing import derivation
from fleet_server.web import charts
from fleet_server.web.access import here, permission
from fleet_server.web.site import site

pages = Blueprint("venue_overview", __name__)


@pages.get("/venues/<venue>")
@permission(Permission.VENUE_LOG)
def page(venue: str) -> str:
    del venue  # the guard has resolved it
    place, now, kept = here(), site().now(), site().kept
    day = place.today(now)
    derivation.drain(site().engine, now_ms=now * 1000, wait=False)
    with site().engine.connect() as connection:
        # Days gone by change only where something comes late.
        before = kept.get(
            ("before", place.id, day), lambda: venue_figures.before(connection, place, day)
        )
        on = venue_figures.by_hour(connection, place, day, day)
        filling = venue_figures.filling(connection, place, now=now)
    came = venue_figures.came(place, day, before, on)
    *hours, at_once = filling.moments
    return render_template(
        "venue_overview.html",
        place=place,
        day=day,
        now=now,
        inside=at_once,
        measured=filling.measured,
        today=sum(came.hours),
        full=charts.bars(
            [(f"{local(each.at, place.zone).hour}", each.certain, each.possible) for each in hours],
            limit=place.capacity,
        ),
        room=room(at_once, place.capacity),
        hourly=charts.bars([(str(hour), count, count) for hour, count in enumerate(came.hours)]),
        daily=charts.bars([(f"{day:%d/%m}", count, count) for day, count in came.days]),
    )


def room(inside: Inside, capacity: int | None) -> tuple[str, str, str] | None:
    """Whether there is room, in words (vi, en) and the kind of box; None: nobody said how much."""
    if capacity is None:
        return None
    if inside.certain >= capacity:
        return "Chắc chắn đã đủ người", "Certainly full", "bad"
    if inside.expected >= capacity:
        return "Có lẽ đã đủ người", "Probably full", "bad"
    if inside.possible >= capacity:
        return "Có thể đã đủ người", "Possibly full", "warn"
    return "Còn chỗ", "There is room", "good"
