"""Kept results of a case: what each decision stood on, and whether its signature holds."""

from typing import Final

from flask import Blueprint

from fleet_server import keys
from fleet_server.auth.permissions import Permission
from fleet_server.cases.freezing import Forged
from fleet_server.errors import KeysError
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
        one = work.result(case, number, key)
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
