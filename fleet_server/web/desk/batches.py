"""Cards for a whole table, of a school or a block: uploaded, issued in the background, printed."""

import csv
import io
import threading
from typing import Any, Final

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fleet_server import database
from fleet_server.auth.permissions import Permission
from fleet_server.errors import NotKnown
from fleet_server.fleet import card_jobs, card_print, card_rows
from fleet_server.fleet.card_jobs import BatchSeal, Job
from fleet_server.fleet.card_print import SHEETS
from fleet_server.fleet.card_rows import BadRow, Row
from fleet_server.fleet.references import Unfit
from fleet_server.identity.vault_messages import MAX_HOLDERS
from fleet_server.web import forms
from fleet_server.web.access import caller, me, permission
from fleet_server.web.desk.cards import as_pdf
from fleet_server.web.language import half
from fleet_server.web.site import site

MAX_UPLOAD_BYTES: Final = 4 * 2**20
PIECES: Final = 5
"""Of one file to print: 250 cards, two seconds."""
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TEMPLATE: Final = (
    ("Họ và tên", "Số điện thoại", "Phường/Xã", "In tên"),
    ("Nguyễn Văn Mẫu", "0900000001", "Phường Mẫu", "có"),
    ("Trần Thị Ví Dụ", "", "Phường Mẫu", ""),
)

pages = Blueprint("desk_batches", __name__)


@pages.get("/desk/batches")
@permission(Permission.DESK)
def page() -> str:
    with site().engine.connect() as connection:
        over = card_jobs.any_old(connection, now=site().now())
    if over:
        with _writing() as connection:
            card_jobs.forget_old(connection, now=site().now())
    return _page("")


@pages.get("/desk/batches/template.<kind>")
@permission(Permission.DESK)
def template(kind: str) -> Response:
    """An empty table with the right headings: csv or xlsx."""
    if kind == "csv":
        out = io.StringIO()
        csv.writer(out).writerows(_TEMPLATE)
        content, told = out.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8"
    elif kind == "xlsx":
        content, told = _workbook(), _XLSX
    else:
        raise NotKnown("chỉ có csv và xlsx / there is csv and xlsx")
    response = Response(content, content_type=told)
    response.headers["Content-Disposition"] = f'attachment; filename="mau-the.{kind}"'
    return response


@pages.post("/desk/batches")
@permission(Permission.DESK, costly=True, takes=MAX_UPLOAD_BYTES)
def upload() -> forms.Answer:
    made: list[int] = []

    def do() -> None:
        good, bad = _table()
        with _writing() as connection:
            card_jobs.forget_old(connection, now=site().now())
            made.append(
                card_jobs.begin(
                    connection,
                    _seal(),
                    account_id=me().session.account_id,
                    login=caller().name,
                    name=request.form.get("name", "").strip(),
                    rows=good,
                    bad=bad,
                    now_ms=site().now_ms(),
                )
            )
        _start(made[0])

    answer = forms.take(do, done=None, to="", again=_page)
    if made:
        return redirect(url_for("desk_batches.batch", number=made[0]), 303)
    return answer


@pages.get("/desk/batches/<int:number>")
@permission(Permission.DESK)
def batch(number: int) -> str:
    return _batch(number, "")


@pages.get("/desk/batches/<int:number>/state")
@permission(Permission.DESK)
def state(number: int) -> dict[str, Any]:
    """For the bar, while somebody looks at it."""
    found = _job(number)
    return {"state": found.state(site().now()), "done": found.done, "total": found.total}


@pages.post("/desk/batches/<int:number>/go-on")
@permission(Permission.DESK)
def go_on(number: int) -> forms.Answer:
    """Where it stopped: the vault was away, or the server was restarted."""
    found = _job(number)

    def do() -> None:
        if not found.finished:
            _start(number)

    return forms.take(
        do,
        done=None,
        to=url_for("desk_batches.batch", number=number),
        again=lambda problem: _batch(number, problem),
    )


@pages.get("/desk/batches/<int:number>/cards/<int:part>")
@permission(Permission.DESK, costly=True)
def cards(number: int, part: int) -> Response:
    """Some of its cards as PDF."""
    found = _job(number)
    sheet = request.args.get("sheet", "a4")
    if sheet not in SHEETS or not 1 <= part <= _parts(found):
        raise NotKnown("không có tệp này / no such file")
    numbers = range((part - 1) * PIECES, part * PIECES)
    with site().engine.connect() as connection:
        made = card_jobs.faces(connection, _seal(), number, numbers)
    faces = [
        card_print.Face(each.text, card_print.number(each.id), each.printed)
        for each in made
        if not each.revoked
    ]
    if not faces:
        raise NotKnown("chưa có thẻ nào để in / there is no card to print here yet")
    return as_pdf(card_print.pdf(faces, sheet=sheet), f"me-{number}-{part}")


@pages.post("/desk/batches/<int:number>/forget")
@permission(Permission.DESK)
def forget(number: int) -> forms.Answer:
    found = _job(number)

    def do() -> None:
        if found.state(site().now()) == "working":
            raise Unfit("mẻ đang chạy: hãy đợi / it is being worked on: please wait")
        with _writing() as connection:
            card_jobs.forget(connection, number)

    return forms.take(
        do,
        done=(
            "Đã xóa danh sách; các thẻ vẫn dùng được.",
            "The list is deleted; its cards stay good.",
        ),
        to=url_for("desk_batches.page"),
        again=lambda problem: _batch(number, problem),
    )


def _table() -> tuple[list[Row], list[BadRow]]:
    """The rows of what was uploaded. Raises Unfit."""
    given = request.files.get("table")
    if given is None or not given.filename:
        raise Unfit("hãy chọn tệp CSV hoặc XLSX / please choose a CSV or XLSX file")
    good: list[Row] = []
    bad: list[BadRow] = []
    name = "bảng.xlsx" if given.filename.lower().endswith(".xlsx") else "bảng.csv"
    for each in card_rows.of(name, given.read()):
        if isinstance(each, Row):
            good.append(each)
        else:
            bad.append(each)
    return good, bad


def _start(number: int) -> None:
    """Issues in the background, unless somebody does already."""
    here, actor, seal = site(), caller().name, _seal()
    if not card_jobs.claim(here.engine, number, now=here.now()):
        return
    log = current_app.logger

    def run() -> None:
        try:
            card_jobs.work(here.engine, seal, here.vault, number, actor=actor, now=here.now)
        except Exception as problem:  # noqa: BLE001  nobody else would say it
            # Only the kind: its words may hold a row of the table.
            log.error("batch %d: %s", number, type(problem).__name__)  # noqa: TRY400

    threading.Thread(target=run, name=f"batch-{number}", daemon=True).start()


def _job(number: int) -> Job:
    with site().engine.connect() as connection:
        return card_jobs.get(connection, me().session.account_id, number, now=site().now())


def _parts(job: Job) -> int:
    return -(-job.total // (PIECES * MAX_HOLDERS))


def _seal() -> BatchSeal:
    return BatchSeal(current_app.config["SECRET_KEY"])


def _writing() -> Any:
    return site().engine.execution_options(**database.WRITES).begin()


def _page(problem: str) -> str:
    with site().engine.connect() as connection:
        found = card_jobs.listed(connection, me().session.account_id, now=site().now())
    return render_template(
        "desk_batches.html",
        jobs=[(each, each.state(site().now())) for each in found],
        name=request.form.get("name", ""),
        most=card_jobs.MAX_ROWS,
        problem=problem,
    )


def _batch(number: int, problem: str) -> str:
    found = _job(number)
    first = range(1, found.total + 1, PIECES * MAX_HOLDERS)
    return render_template(
        "desk_batch.html",
        job=found,
        state=found.state(site().now()),
        parts=[
            (part, at, min(found.total, at + PIECES * MAX_HOLDERS - 1))
            for part, at in enumerate(first, 1)
        ],
        stopped=half(found.problem),
        half=half,
        problem=problem,
    )


def _workbook() -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415  slow to import, and for this only

    book = Workbook()
    sheet = book.worksheets[0]
    for row in _TEMPLATE:
        sheet.append(row)
    for column, wide in zip("ABCD", (28, 16, 24, 10), strict=True):
        sheet.column_dimensions[column].width = wide
    for cell in sheet["B"]:
        cell.number_format = "@"  # as text, or spreadsheets drop a phone number's zero
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
