"""Who calls whom: contacts of a case by commune, and one commune's list to work through."""

from typing import Final

from flask import Blueprint, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.cases.contact_list import Filter
from fleet_server.web.access import permission
from fleet_server.web.case import frame, given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, take
from fleet_server.web.paging import Shown

HERE: Final = "case_calls.page"
PAGE: Final = 100
NOWHERE: Final = "-"
"""In place of a commune's code: it is not known who calls."""

pages = Blueprint("case_calls", __name__)


@pages.get("/cases/<case>/calls")
@permission(Permission.CASES)
def page(case: str) -> str:
    """`area`: a commune's list, those to call first."""
    return _page(case)


@pages.post("/cases/<case>/calls/<person>")
@permission(Permission.CASES)
def call(case: str, person: str) -> Answer:
    """Leads back to the list it was sent from."""
    reachable = given.text("reachable") == "yes"
    return take(
        lambda: desk().call(case, person, reachable=reachable, words=given.text("words")),
        done=("Đã ghi", "Written down"),
        to=url_for(HERE, case=case, area=given.text("area") or None, _anchor="list"),
        again=lambda problem: _page(case, problem=problem),
    )


def _page(ref: str, *, problem: str = "") -> str:
    work, area = desk(), request.values.get("area", "")
    shown = Shown.of(request.args, PAGE)
    which = Filter(area="" if area == NOWHERE else area)
    found = work.listing(
        ref, which, offset=shown.offset, limit=PAGE if area else 0, to_call_first=True
    )
    return frame.show(
        "case_calls.html",
        work.show(ref),
        HERE,
        communes=[each._replace(code=each.code or NOWHERE) for each in found.communes],
        area=area,
        people=found.contacts,
        newer=shown.newer(HERE, case=ref, area=area),
        older=shown.older(HERE, found.total if area else 0, case=ref, area=area),
        nowhere=NOWHERE,
        problem=problem,
    )
