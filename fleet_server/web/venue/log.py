"""Today's log of one venue: masked labels, local time, live without reload."""

import datetime as dt
from typing import Final

from flask import Blueprint, render_template, request
from sqlalchemy import Connection
from werkzeug.exceptions import BadRequest

from fleet_server.auth.permissions import Permission
from fleet_server.reports import venue_kiosks, venue_log
from fleet_server.reports.venue_log import Cursor, Line
from fleet_server.times import local
from fleet_server.web.access import here, permission
from fleet_server.web.language import say
from fleet_server.web.site import site

JOINED_S: Final = 120
"""Lines are sent again for so long after their companions changed; the page asks more often."""

pages = Blueprint("venue_log", __name__)


@pages.get("/venues/<venue>/log")
@permission(Permission.VENUE_LOG)
def page(venue: str) -> str:
    """Newest first; `before=MS-ID` goes on to older lines."""
    del venue  # the guard has resolved it
    place, day = here(), here().today(site().now())
    before = _cursor(request.args.get("before"))
    with site().engine.connect() as connection:
        lines = venue_log.newest(connection, place, day, before=before, limit=venue_log.PAGE + 1)
        return render_template(
            "venue_log.html",
            last_id=venue_log.last_id(connection, place, day),
            older=_older(lines),
            live=before is None,
            kiosks=venue_kiosks.kiosks(connection, place, now=site().now()),
            now=local(site().now(), place.zone),
            **_shown(connection, day, lines[: venue_log.PAGE]),
        )


@pages.get("/venues/<venue>/log/new")
@permission(Permission.VENUE_LOG)
def new(venue: str) -> str:
    """What arrived since the line `after`: a fragment for the page's script."""
    del venue  # the guard has resolved it
    place, day = here(), here().today(site().now())
    after = request.args.get("after", "")
    if not after.isdecimal() or len(after) > 18:
        raise BadRequest("after: expected the number of a line")
    with site().engine.connect() as connection:
        lines = venue_log.arrived_after(connection, place, day, after=int(after))
        last_id = lines[-1].id if lines else int(after)
        since_ms = (site().now() - JOINED_S) * 1000
        lines += [
            line
            for line in venue_log.joined_since(connection, place, day, since_ms=since_ms)
            if line.id <= int(after)
        ]
        return render_template(
            "venue_log_new.html",
            last_id=last_id,
            now=local(site().now(), place.zone),
            **_shown(connection, day, lines),
        )


def _shown(connection: Connection, day: dt.date, lines: list[Line]) -> dict[str, object]:
    return {
        "place": here(),
        "day": day,
        "lines": lines,
        "counts": venue_log.counts(connection, here(), day),
        "local": lambda at_ms: local(at_ms // 1000, here().zone),
        "direction": _direction,
    }


def _direction(word: str) -> str:
    return {"in": say("Vào", "In"), "out": say("Ra", "Out")}.get(word, say("Qua", "Through"))


def _older(lines: list[Line]) -> str:
    """Where the next page begins, or nothing where this is the last."""
    if len(lines) <= venue_log.PAGE:
        return ""
    last = lines[venue_log.PAGE - 1]
    return f"{last.at_ms}-{last.id}"


def _cursor(text: str | None) -> Cursor | None:
    if text is None:
        return None
    at_ms, _, line_id = text.partition("-")
    if not (at_ms.isdecimal() and line_id.isdecimal() and len(text) <= 40):
        raise BadRequest("before: expected the end of a page, as its link to older lines has it")
    return Cursor(int(at_ms), int(line_id))
