"""What leaves a case: lists, milestones, imports for other systems, and a public notice."""

import io
from typing import Final

from flask import Blueprint, request, send_file
from werkzeug.wrappers import Response

from fleet_server.auth.permissions import Permission
from fleet_server.cases import exports
from fleet_server.cases.acting import BadWords
from fleet_server.cases.exports import KINDS, NAMED, SHAPES, Wanted
from fleet_server.cases.notice import Notice
from fleet_server.errors import FleetError
from fleet_server.web import errors
from fleet_server.web.access import permission
from fleet_server.web.case import frame, given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, words_of
from fleet_server.web.language import say

HERE: Final = "case_files.page"
WORDS: Final = {
    "contacts": (
        "Danh sách tiếp xúc",
        "Contacts",
        "Mã, mức, thời gian, nơi, trạng thái; không có tên",
        "Reference, tier, times, places, state; no names",
    ),
    "call-list": (
        "Danh sách gọi điện",
        "Call list",
        "Có tên và số điện thoại, để gọi",
        "With names and telephones, to call by",
    ),
    "milestones": (
        "Bảng mốc dịch tễ",
        "Table of milestones",
        "Nơi và thời gian của F0, theo mẫu sổ tay",
        "Where and when the index person was, as the handbook has it",
    ),
    "exposures": (
        "Ai tiếp xúc với ai",
        "Who was exposed to whom",
        "Từng cặp, cho phân tích; không có tên",
        "Pair by pair, for analysis; no names",
    ),
    "godata": (
        "Go.Data",
        "Go.Data",
        "Tệp nhập của WHO Go.Data; có tên",
        "WHO Go.Data's import; with names",
    ),
    "sormas": ("SORMAS", "SORMAS", "Tệp nhập của SORMAS; có tên", "SORMAS's import; with names"),
}
"""What each kind of file is, and what it is for."""

pages = Blueprint("case_files", __name__)


@pages.get("/cases/<case>/files")
@permission(Permission.CASES)
def page(case: str) -> str:
    return _page(case)


@pages.post("/cases/<case>/files")
@permission(Permission.CASES, costly=True)
def export(case: str) -> Response | Answer:
    """A ZIP, on record before it is sent."""
    kind = given.text("kind")
    try:
        if kind not in KINDS:
            raise BadWords(f"kind {kind[:20]!r}: expected one of {', '.join(KINDS)}")
        wanted = Wanted(
            kind,
            given.text("shape"),
            by_commune="by_commune" in request.form,
            purpose=given.text("purpose"),
            opening=given.number("opening"),
        )
        name, content = exports.packed(desk(), case, wanted)
    except FleetError as problem:
        return _page(case, problem=words_of(problem)), errors.status_of(problem)
    return send_file(
        io.BytesIO(content), mimetype="application/zip", as_attachment=True, download_name=name
    )


@pages.post("/cases/<case>/notice")
@permission(Permission.CASES)
def notice(case: str) -> Answer:
    """Shown on the page that answers: making one is on record."""
    try:
        made = desk().notice(case)
    except FleetError as problem:
        return _page(case, problem=words_of(problem)), errors.status_of(problem)
    return _page(case, made=made), 200


def _page(ref: str, *, made: Notice | None = None, problem: str = "") -> str:
    return frame.show(
        "case_files.html",
        desk().show(ref),
        HERE,
        kinds=[
            (kind, say(*WORDS[kind][:2]), say(*WORDS[kind][2:]), kind in NAMED) for kind in KINDS
        ],
        shapes=sorted({shape for found in SHAPES.values() for shape in found}),
        made=made,
        problem=problem,
        form=request.form,
    )
