"""Version 1 of the HTTP API. Takes references, never codes: a code proves nothing of its holder."""

from typing import Annotated, Final, Literal

import msgspec
from flask import Blueprint
from werkzeug.wrappers import Response

from fleet_server.api import (
    case_contacts,
    case_exports,
    case_names,
    case_people,
    case_results,
    cases,
    openapi,
    tracing,
)
from fleet_server.api.operations import PREFIX, Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.reports import venue_log
from fleet_server.times import iso, parse_day
from fleet_server.tracing.answers import Time
from fleet_server.web.access import here, public
from fleet_server.web.site import site

MOST_SCANS = 1000

pages = Blueprint("api_v1", __name__, url_prefix=PREFIX)
_PARTS: Final = (
    *(tracing, cases, case_people, case_results),
    *(case_contacts, case_names, case_exports),
)
PAGES: Final = (pages, *(part.pages for part in _PARTS))
OPERATIONS: list[Operation] = [op for part in _PARTS for op in part.OPERATIONS]


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
    path="/venues/<venue>/scans",
    permission=Permission.VENUE_LOG,
    summary="A venue's log: masked labels, times, gates, directions",
)
def scans(query: ScansQuery) -> VenueScans:
    """Ask again with `after` set to the last answer's `last` to follow it live."""
    place = here()
    day = parse_day(query.day) if query.day else place.today(site().now())
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
