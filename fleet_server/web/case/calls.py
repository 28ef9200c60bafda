"""Who calls whom: contacts of a case by commune, and one commune's list to work through."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from flask import Blueprint, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.cases.contact_list import CaseContact
from fleet_server.cases.states import TO_CALL
from fleet_server.web.access import permission
from fleet_server.web.case import frame, given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, take

HERE: Final = "case_calls.page"
PAGE: Final = 100
NOWHERE: Final = "-"
"""In place of a commune's code: it is not known who calls."""

pages = Blueprint("case_calls", __name__)


class Commune(NamedTuple):
    """A commune's part of the list."""

    code: str
    name: str
    to_call: int
    unreachable: int
    everybody: int


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
    everybody = work.contacts(ref)
    there = [each for each in everybody if (each.area or NOWHERE) == area]
    there.sort(key=lambda each: each.state != TO_CALL)
    offset = given.offset()

    def address(to: int) -> str:
        return url_for(HERE, case=ref, area=area, offset=to or None)

    return frame.show(
        "case_calls.html",
        work.show(ref),
        HERE,
        communes=communes(everybody),
        area=area,
        people=there[offset : offset + PAGE],
        newer=address(max(0, offset - PAGE)) if offset else "",
        older=address(offset + PAGE) if offset + PAGE < len(there) else "",
        nowhere=NOWHERE,
        problem=problem,
    )


def communes(contacts: Iterable[CaseContact]) -> list[Commune]:
    """Those with most people to call first."""
    found: dict[str, Commune] = {}
    for each in contacts:
        code = each.area or NOWHERE
        before = found.get(code, Commune(code, each.area_name, 0, 0, 0))
        found[code] = before._replace(
            to_call=before.to_call + (each.state == TO_CALL),
            unreachable=before.unreachable + (each.reachable is False),
            everybody=before.everybody + 1,
        )
    return sorted(found.values(), key=lambda each: (-each.to_call, each.code))
