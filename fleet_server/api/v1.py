"""Version 1 of the HTTP API. Takes references, never codes: a code proves nothing of its holder."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from flask import Blueprint
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from fleet_server.api import openapi
from fleet_server.api.operations import Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.reports import venue_log
from fleet_server.times import iso, parse
from fleet_server.tracing import asking
from fleet_server.tracing.answers import ContactsAnswer, Time
from fleet_server.tracing.asking import Asker
from fleet_server.tracing.exposure import Question
from fleet_server.tracing.rules import CURRENT, adjusted
from fleet_server.web.access import caller, here, public
from fleet_server.web.site import site

PREFIX = "/api/v1"
MOST_SCANS = 1000

pages = Blueprint("api_v1", __name__, url_prefix=PREFIX)
OPERATIONS: list[Operation] = []

Minutes = Annotated[float, msgspec.Meta(ge=0)] | None


class ContactsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who was exposed to this person in [from, to)?"""

    visitor: Annotated[str, msgspec.Meta(description="Reference of the index person, such as P17")]
    since: Annotated[
        str,
        msgspec.Meta(description="ISO 8601 (local where without offset) or seconds since 1970"),
    ] = msgspec.field(name="from")
    until: Annotated[str, msgspec.Meta(description="The same; not itself in the window")] = (
        msgspec.field(name="to")
    )
    min_overlap: Annotated[
        Minutes, msgspec.Meta(description="Minutes; the rule's where not given")
    ] = None
    linger: Annotated[
        Minutes, msgspec.Meta(description="Minutes added to the end of the index person's stays")
    ] = None
    dwell: Annotated[
        Minutes, msgspec.Meta(description="Minutes assumed where no exit was seen, at every venue")
    ] = None
    limit: Annotated[
        Annotated[int, msgspec.Meta(ge=1)] | None,
        msgspec.Meta(description="Only so many, from the top; all where not given"),
    ] = None
    case: Annotated[
        str, msgspec.Meta(max_length=64, description="The case it is asked for; goes on record")
    ] = ""
    purpose: Annotated[
        str, msgspec.Meta(max_length=200, description="What it is asked for; goes on record")
    ] = ""


class ScansQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A venue's log of one day."""

    day: Annotated[
        str | None, msgspec.Meta(description="YYYY-MM-DD on the venue's clocks; today if not given")
    ] = None
    after: Annotated[
        int, msgspec.Meta(ge=0, le=2**63 - 1, description="Only scans that arrived after this one")
    ] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_SCANS)] = venue_log.PAGE


class VenueScan(msgspec.Struct, frozen=True, kw_only=True):
    """One scan as its venue may see it."""

    id: Annotated[int, msgspec.Meta(description="Grows with arrival, not with time")]
    at: Time
    exact: Annotated[bool, msgspec.Meta(description="false: estimated, the clock was not set")]
    gate: str | None
    room: str | None
    direction: Literal["in", "out", "both"]
    label: Annotated[str, msgspec.Meta(description="Masked")]
    companions: Annotated[
        int, msgspec.Meta(description="Came along without a code; may change for some minutes")
    ]


class VenueScans(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a venue's log, in order of arrival."""

    venue: str
    timezone: str
    day: Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
    scans: list[VenueScan]
    last: Annotated[int, msgspec.Meta(description="`after` of the next request")]
    more: bool


@route(
    pages,
    OPERATIONS,
    path="/trace/contacts",
    permission=Permission.TRACE,
    summary="Who was exposed to a person, ranked, with the answer's gaps",
)
def contacts(query: ContactsQuery) -> ContactsAnswer:
    """By tier, then expected, certain and possible seconds. Every question goes on record."""
    zone = site().settings.zone
    rule = adjusted(
        CURRENT,
        min_overlap_min=query.min_overlap,
        linger_min=query.linger,
        dwell_min=query.dwell,
    )
    answer = asking.contacts(
        site().engine,
        query.visitor,
        Question(parse(query.since, zone), parse(query.until, zone), rule),
        asker=Asker(caller().name, query.case, query.purpose),
        now_ms=int(site().clock() * 1000),
    )
    return msgspec.structs.replace(answer, contacts=answer.contacts[: query.limit])


@route(
    pages,
    OPERATIONS,
    path="/venues/<venue>/scans",
    permission=Permission.VENUE_LOG,
    summary="A venue's log: masked labels, times, gates, directions",
)
def scans(query: ScansQuery) -> VenueScans:
    """Ask again with `after` set to the last answer's `last` to follow it live."""
    place = here()
    try:
        day = dt.date.fromisoformat(query.day) if query.day else place.today(site().now())
    except ValueError as problem:
        raise BadRequest("day: expected YYYY-MM-DD") from problem
    with site().engine.connect() as connection:
        lines = venue_log.arrived_after(
            connection, place, day, after=query.after, limit=query.limit + 1
        )
    shown = lines[: query.limit]
    return VenueScans(
        venue=place.ref,
        timezone=place.timezone,
        day=day.isoformat(),
        scans=[_scan(line) for line in shown],
        last=shown[-1].id if shown else query.after,
        more=len(lines) > len(shown),
    )


@pages.get("/openapi.json")
@public("the contract is no secret")
def document() -> Response:
    """This API, described."""
    return Response(
        msgspec.json.encode(openapi.document(PREFIX, OPERATIONS)), content_type="application/json"
    )


def _scan(line: venue_log.Line) -> VenueScan:
    return VenueScan(
        id=line.id,
        at=iso(line.at_ms // 1000),
        exact=line.exact,
        gate=line.gate,
        room=line.room,
        direction=line.direction,
        label=line.label,
        companions=max(0, line.companions),
    )
