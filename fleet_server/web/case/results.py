"""Kept results of a case: what each decision stood on, and whether its signature holds."""

from typing import Final

import msgspec
from flask import Blueprint

from fleet_server import keys
from fleet_server.auth.permissions import Permission
from fleet_server.cases.freezing import Forged
from fleet_server.errors import KeysError
from fleet_server.tracing.answers import Gap, Time
from fleet_server.tracing.rules import Rule
from fleet_server.web.access import permission
from fleet_server.web.case import frame
from fleet_server.web.casework import desk
from fleet_server.web.language import half
from fleet_server.web.site import site

HERE: Final = "case_results.page"
DECISIONS: Final = {
    "evaluated": ("tính danh sách", "evaluated"),
    "promoted": ("xác định F1", "promoted"),
    "dismissed": ("loại bỏ", "dismissed"),
    "handed_over": ("chuyển địa bàn", "handed over"),
}

pages = Blueprint("case_results", __name__)


class _Told(msgspec.Struct, frozen=True):
    """What the page tells of a result, be it an evaluation or a decision."""

    since: Time = msgspec.field(name="from", default="")
    until: Time = msgspec.field(name="to", default="")
    rule: Rule | None = None
    as_of: Time = ""
    contacts: list[msgspec.Raw] = []
    gaps: list[Gap] = []
    contact: str = ""
    words: str = ""
    evaluation: int | None = None


@pages.get("/cases/<case>/results")
@permission(Permission.CASES)
def page(case: str) -> str:
    work = desk()
    return frame.show(
        "case_results.html",
        work.show(case),
        HERE,
        results=work.results(case)[::-1],
        decisions=DECISIONS,
        one=None,
        forged="",
    )


@pages.get("/cases/<case>/results/<int:number>")
@permission(Permission.CASES)
def result(case: str, number: int) -> str:
    work = desk()
    one, forged = None, ""
    try:
        key = keys.results(site().settings.keys_dir)
    except KeysError:
        key = None  # the page says that it was not checked
    try:
        one = work.result(case, number, key, part=_Told)
    except Forged as problem:
        forged = half(str(problem))
    return frame.show(
        "case_results.html",
        work.show(case),
        HERE,
        results=work.results(case)[::-1],
        decisions=DECISIONS,
        one=one,
        number=number,
        checked=key is not None,
        forged=forged,
    )
