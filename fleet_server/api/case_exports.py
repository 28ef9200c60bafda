"""What leaves a case as files, over HTTP: one ZIP, on record before anybody has it."""

from typing import Annotated, Final, Literal

import msgspec
from flask import Blueprint

from fleet_server.api.case_contacts import WhichContacts
from fleet_server.api.operations import MOST, PREFIX, Download, Operation, route
from fleet_server.auth.permissions import Permission
from fleet_server.cases import exports
from fleet_server.cases.exports import Wanted
from fleet_server.web.casework import desk

pages = Blueprint("api_v1_case_exports", __name__, url_prefix=PREFIX)
OPERATIONS: Final[list[Operation]] = []


class FilesToExport(WhichContacts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which files, of which contacts."""

    kind: Literal["contacts", "call-list", "milestones", "exposures", "godata", "sormas"]
    shape: Annotated[
        Literal["xlsx", "csv", "json"] | None, msgspec.Meta(description="Else the kind's usual one")
    ] = msgspec.field(name="format", default=None)
    by_commune: Annotated[bool, msgspec.Meta(description="A call list for each commune")] = False
    purpose: Annotated[
        str,
        msgspec.Meta(
            max_length=200,
            description="What the names are for, in call lists, Go.Data and SORMAS files; goes on"
            " record",
        ),
    ] = ""
    opening: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None,
        msgspec.Meta(description="Number of the approved request for these names"),
    ] = None


@route(
    pages,
    OPERATIONS,
    path="/cases/<case>/exports",
    costly=True,
    method="POST",
    permission=Permission.CASES,
    summary="Lists, milestones, Go.Data and SORMAS imports, as a ZIP",
)
def export_case(case: str, body: FilesToExport) -> Download:
    """Call lists, Go.Data and SORMAS files carry names: they are opened for it."""
    wanted = Wanted(
        body.kind, body.shape or "", body.which, body.by_commune, body.purpose, body.opening
    )
    return Download(*exports.packed(desk(), case, wanted))
