"""What a venue says of itself: name, kind, hours, how many it holds, gates and rooms."""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, request, url_for
from flask import render_template as render
from sqlalchemy import Connection, select

from fleet_server import database
from fleet_server.auth.permissions import Permission
from fleet_server.errors import NotKnown
from fleet_server.fleet import hours, registry, venue_types
from fleet_server.fleet.references import Unfit
from fleet_server.models import Gate, OpeningHours, Room, Venue, VenueType
from fleet_server.reports import venue_kiosks
from fleet_server.tracing import rulebook
from fleet_server.tracing.opening import Stretch
from fleet_server.web.access import caller, here, permission
from fleet_server.web.forms import Answer, take
from fleet_server.web.site import site

HERE: Final = "venue_settings.page"
DAYS: Final = (
    ("mon", "Thứ Hai", "Monday"),
    ("tue", "Thứ Ba", "Tuesday"),
    ("wed", "Thứ Tư", "Wednesday"),
    ("thu", "Thứ Năm", "Thursday"),
    ("fri", "Thứ Sáu", "Friday"),
    ("sat", "Thứ Bảy", "Saturday"),
    ("sun", "Chủ Nhật", "Sunday"),
)
PARTS: Final[dict[str, type[Gate] | type[Room]]] = {"gate": Gate, "room": Room}

pages = Blueprint("venue_settings", __name__)


@pages.get("/venues/<venue>/settings")
@permission(Permission.VENUE_MANAGE)
def page(venue: str) -> str:
    del venue  # the guard has resolved it
    return _page()


@pages.post("/venues/<venue>/settings")
@permission(Permission.VENUE_MANAGE)
def change(venue: str) -> Answer:
    """Name, kind and capacity; what is as it was is not written again."""

    def do(connection: Connection, by: dict[str, Any]) -> None:
        now = _about(connection)
        name, kind, given = _text("name"), _text("kind"), _text("capacity")
        if given and not (given.isdecimal() and len(given) < 9):
            raise Unfit(f"Sức chứa {given[:20]!r}: cần một số / capacity: expected a number")
        if name != now.name:
            registry.rename(connection, venue=venue, name=name, **by)
        if kind != now.kind:
            registry.set_kind(connection, venue=venue, kind=kind, **by)
        capacity = int(given) if given else None
        if capacity != now.capacity:
            registry.set_capacity(connection, venue=venue, capacity=capacity, **by)

    return _do("about", do)


@pages.post("/venues/<venue>/settings/hours")
@permission(Permission.VENUE_MANAGE)
def set_hours(venue: str) -> Answer:
    """All days at once; an empty one is closed, all empty: not known."""

    def do(connection: Connection, by: dict[str, Any]) -> None:
        texts = [
            f"{day} {stretch.strip()}"
            for day, _, _ in DAYS
            for stretch in _text(day).replace("–", "-").replace(";", ",").split(",")
            if stretch.strip()
        ]
        registry.set_hours(connection, venue=venue, opening=hours.parse(texts), **by)

    return _do("hours", do)


@pages.post("/venues/<venue>/settings/<part>")
@permission(Permission.VENUE_MANAGE)
def put_part(venue: str, part: str) -> Answer:
    """A new gate or room, or another name for one that is there."""
    kind = PARTS.get(part)
    if kind is None:
        raise NotKnown(f"{part[:20]!r}: cần gate hoặc room / expected gate or room")

    def do(connection: Connection, by: dict[str, Any]) -> None:
        ref, name = _text("ref"), _text("name")
        if "rename" in request.form:
            registry.rename_part(connection, kind, venue=venue, ref=ref, name=name, **by)
        elif kind is Gate:
            registry.create_gate(connection, venue=venue, ref=ref, name=name, **by)
        else:
            registry.create_room(connection, venue=venue, ref=ref, name=name, **by)

    return _do(part, do)


def _do(form: str, do: Callable[[Connection, dict[str, Any]], None]) -> Answer:
    by = {"at_ms": site().now_ms(), "actor": caller().name}

    def write() -> None:
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            do(connection, by)

    return take(
        write,
        done=("Đã ghi", "Saved"),
        to=url_for(HERE, venue=here().ref),
        again=lambda problem: _page(problem=problem, at=form),
    )


def _about(connection: Connection) -> Any:
    return connection.execute(
        select(Venue.name, Venue.capacity, VenueType.code.label("kind"))
        .join(VenueType, VenueType.id == Venue.type_id)
        .where(Venue.id == here().id)
    ).one()


def _page(*, problem: str = "", at: str = "") -> str:
    place, now = here(), site().now()
    with site().engine.connect() as connection:
        about = _about(connection)
        columns = (OpeningHours.weekday, OpeningHours.opens_min, OpeningHours.closes_min)
        opening: dict[str, list[str]] = {}
        for row in connection.execute(
            select(*columns).where(OpeningHours.venue_id == place.id).order_by(*columns)
        ):
            day, _, words = hours.in_words(Stretch(*row)).partition(" ")
            opening.setdefault(day, []).append(words)
        parts = {
            name: connection.execute(
                select(kind.ref, kind.name).where(kind.venue_id == place.id).order_by(kind.ref)
            ).all()
            for name, kind in PARTS.items()
        }
        kinds = venue_types.names(connection)
        dwell = rulebook.in_force(connection).terms.dwell_of(about.kind)
        kiosks = venue_kiosks.kiosks(connection, place, now=now)
    return render(
        "venue_settings.html",
        place=place,
        about=about,
        kinds=kinds,
        days=DAYS,
        opening=opening,
        parts=parts,
        dwell=dwell,
        kiosks=kiosks,
        problem=problem,
        at=at,
        form=request.form,
    )


def _text(name: str) -> str:
    return request.form.get(name, "").strip()
