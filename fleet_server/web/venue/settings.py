"""What a venue says of itself: name, kind, hours, how many it holds, gates and rooms."""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, request, url_for
from flask import render_template as render
from sqlalchemy import Connection

from fleet_server import database
from fleet_server.auth.permissions import Permission
from fleet_server.errors import NotKnown
from fleet_server.fleet import hours, parts, registry, venue_types, venues
from fleet_server.fleet.parts import Kind
from fleet_server.fleet.references import Unfit
from fleet_server.models import Gate, Room
from fleet_server.web.access import caller, here, permission
from fleet_server.web.forms import Answer, take
from fleet_server.web.site import site
from fleet_server.web.venue.log import kiosks_in_words

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
PARTS: Final[dict[str, Kind]] = {"gate": Gate, "room": Room}

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
        now = venues.about(connection, here().id)
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
    """A new gate or room; or one that is there is renamed, retired, taken back."""
    kind = PARTS.get(part)
    if kind is None:
        raise NotKnown(f"{part[:20]!r}: cần gate hoặc room / expected gate or room")

    def do(connection: Connection, by: dict[str, Any]) -> None:
        which = {"venue": venue, "ref": _text("ref"), **by}
        match _text("do"):
            case "retire":
                parts.retire(connection, kind, **which)
            case "take-back":
                parts.take_back(connection, kind, **which)
            case "rename":
                parts.rename(connection, kind, name=_text("name"), **which)
            case _:
                parts.create(connection, kind, name=_text("name"), **which)

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


def _page(*, problem: str = "", at: str = "") -> str:
    place = here()
    with site().engine.connect() as connection:
        about = venues.about(connection, place.id)
        opening: dict[str, list[str]] = {}
        for stretch in venues.opening(connection, place.id):
            day, _, words = hours.in_words(stretch).partition(" ")
            opening.setdefault(day, []).append(words)
        listed = {name: parts.listed(connection, kind, place.id) for name, kind in PARTS.items()}
        kinds = venue_types.names(connection)
        kiosks = kiosks_in_words(connection)
    return render(
        "venue_settings.html",
        place=place,
        about=about,
        kinds=kinds,
        days=DAYS,
        opening=opening,
        parts=listed,
        kiosks=kiosks,
        problem=problem,
        at=at,
        form=request.form,
    )


def _text(name: str) -> str:
    return request.form.get(name, "").strip()
