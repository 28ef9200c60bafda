"""Today's log of one venue: masked labels, local time, live without reload."""

import datetime as dt
import io
from typing import Final, cast

from flask import Blueprint, render_template, request
from sqlalchemy import Connection
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from fleet_server import database
from fleet_server.auth.permissions import Permission
from fleet_server.errors import NotKnown
from fleet_server.fleet import parts
from fleet_server.fleet.parts import Part
from fleet_server.fleet.references import Unfit
from fleet_server.identity import audit
from fleet_server.interchange import table_csv, table_xlsx
from fleet_server.interchange.tables import Column, Row, Table
from fleet_server.models import Gate
from fleet_server.reports import venue_kiosks, venue_log
from fleet_server.reports.venue_kiosks import KioskInWords
from fleet_server.reports.venue_log import Cursor, Direction, Line, Search
from fleet_server.times import local, parse, parse_day
from fleet_server.web.access import caller, here, permission
from fleet_server.web.language import say
from fleet_server.web.site import site

JOINED_S: Final = 120
"""Lines are sent again for so long after their companions changed; the page asks more often."""

TYPES: Final = {"csv": "text/csv; charset=utf-8", "xlsx": table_xlsx.MEDIA_TYPE}
TABLE: Final = Table(
    "so-ra-vao",
    (
        Column("at", "Lúc", "At", "time"),
        Column("visitor", "Khách", "Visitor"),
        Column("companions", "Đi cùng", "Companions", "integer"),
        Column("way", "Chiều", "Way"),
        Column("gate", "Cửa", "Gate"),
        Column("room", "Phòng", "Room"),
        Column("exact", "Giờ chắc chắn", "Time certain"),
    ),
)
_MINUTE_MS: Final = 60_000
"""A search until 10:05 takes in what was at 10:05."""
_DIGITS: Final = 18
"""Of a number that every database holds."""
_FIELDS: Final = ("day", "since", "until", "gate", "way")
_WAYS: Final = {"in": "vào / in", "out": "ra / out", "both": "qua / through"}

pages = Blueprint("venue_log", __name__)


@pages.get("/venues/<venue>/log")
@permission(Permission.VENUE_LOG)
def page(venue: str) -> str:
    """Newest first; `before=MS-ID` goes on to older lines, `day`, `since`, `until`, `gate` and
    `way` narrow. Today's whole log is live."""
    del venue  # the guard has resolved it
    place, today = here(), here().today(site().now())
    day, which = asked(today)
    before = _cursor(request.args.get("before"))
    with site().engine.connect() as connection:
        lines = venue_log.newest(
            connection, place, day, which=which, before=before, limit=venue_log.PAGE + 1
        )
        return render_template(
            "venue_log.html",
            last_id=venue_log.last_id(connection, place, day),
            older=_older(lines),
            # With its day, which may be over when somebody goes on from here.
            kept={
                **{name: request.args[name] for name in _FIELDS if request.args.get(name)},
                "day": day.isoformat(),
            },
            live=before is None and day == today and which == venue_log.ALL,
            today=today,
            gates=[(each.ref, _gate(each)) for each in parts.listed(connection, Gate, place.id)],
            kiosks=kiosks_in_words(connection),
            now=local(site().now(), place.zone),
            may_export=caller().may(Permission.VENUE_EXPORT),
            **_shown(connection, day, lines[: venue_log.PAGE]),
        )


@pages.get("/venues/<venue>/log.<shape>")
@permission(Permission.VENUE_EXPORT, costly=True)
def export(venue: str, shape: str) -> Response:
    """The lines that were searched for, as CSV or XLSX; on record."""
    place, now = here(), site().now()
    day, which = asked(place.today(now))
    if shape not in TYPES:
        raise NotKnown(f"{venue}/log.{shape[:8]}: cần csv hoặc xlsx / expected csv or xlsx")
    with site().engine.execution_options(**database.WRITES).begin() as connection:
        audit.append(
            connection,
            at_ms=site().now_ms(),
            actor=caller().name,
            action="venue.log_exported",
            subject=place.ref,
            detail={"day": day.isoformat(), "shape": shape},
        )
    content = io.BytesIO()
    with site().engine.connect() as connection:
        rows = (_row(line) for line in venue_log.every(connection, place, day, which=which))
        if shape == "xlsx":
            about = (("Địa điểm / Venue", f"{place.name} ({place.ref})"), ("Ngày / Day", str(day)))
            table_xlsx.write(content, TABLE, rows, zone=place.zone, about=about)
        else:
            content.writelines(table_csv.written(TABLE, rows, zone=place.zone))
    name = f"so-ra-vao-{place.ref}-{day}.{shape}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content.getvalue(), content_type=TYPES[shape], headers=headers)


@pages.get("/venues/<venue>/log/new")
@permission(Permission.VENUE_LOG)
def new(venue: str) -> str:
    """What arrived since the line `after`: a fragment for the page's script."""
    del venue  # the guard has resolved it
    place, day = here(), here().today(site().now())
    after = request.args.get("after", "")
    if not after.isdecimal() or len(after) > _DIGITS:
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


def asked(today: dt.date) -> tuple[dt.date, Search]:
    """Which day's lines the request asks for, and which of them. Raises BadTime, Unfit."""
    zone, given = here().zone, {name: request.args.get(name, "").strip() for name in _FIELDS}
    day = parse_day(given["day"]) if given["day"] else today
    way = given["way"] or None
    if way is not None and way not in _WAYS:
        raise Unfit(f"way {way[:10]!r}: cần in, out hoặc both / expected in, out or both")

    def at(clock: str) -> int | None:
        return parse(f"{day}T{clock}", zone) * 1000 if clock else None

    until = at(given["until"])
    return day, Search(
        at(given["since"]),
        None if until is None else until + _MINUTE_MS,
        given["gate"] or None,
        cast("Direction | None", way),
    )


def _row(line: Line) -> Row:
    return {
        "at": line.at_ms // 1000,
        "visitor": line.label,
        "companions": line.companions,
        "way": _WAYS[line.direction],
        "gate": line.gate,
        "room": line.room,
        "exact": "" if line.exact else "ước tính / estimated",
    }


def _shown(connection: Connection, day: dt.date, lines: list[Line]) -> dict[str, object]:
    return {
        "place": here(),
        "day": day,
        "lines": lines,
        "counts": venue_log.counts(connection, here(), day),
        "local": lambda at_ms: local(at_ms // 1000, here().zone),
        "direction": _direction,
    }


def kiosks_in_words(connection: Connection) -> list[KioskInWords]:
    """How the venue's kiosks do."""
    place, now = here(), site().now()
    trouble = site().kept.get(
        ("troubles", place.id), lambda: venue_kiosks.troubles(connection, place, now=now)
    )
    return venue_kiosks.kiosks(connection, place, trouble, now=now)


def _gate(gate: Part) -> str:
    if gate.retired_at is None:
        return gate.name
    return say(f"{gate.name} (ngừng dùng)", f"{gate.name} (retired)")


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
    if not all(part.isdecimal() and len(part) <= _DIGITS for part in (at_ms, line_id)):
        raise BadRequest("before: expected the end of a page, as its link to older lines has it")
    return Cursor(int(at_ms), int(line_id))
