"""What people ask about their own data: taken at the desk, answered in time.

Asked with a document in hand, whose number comes by POST. A code held up finds nobody here.
"""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, Connection, select

from fleet_server import database
from fleet_server.auth.permissions import Permission
from fleet_server.errors import FleetError, NotKnown, Refused
from fleet_server.fleet.references import Unfit
from fleet_server.identity import numbers
from fleet_server.models import RightsRequest
from fleet_server.privacy import clocks, deleting, rights
from fleet_server.privacy.desk import Desk
from fleet_server.privacy.rights import Request
from fleet_server.web import forms, paging
from fleet_server.web.access import caller, permission
from fleet_server.web.language import half, say
from fleet_server.web.site import site

OPEN: Final = 50
"""Requests that are open, listed at once."""
CLOSED: Final = 20
"""Requests that are closed, listed at once."""
KINDS: Final = {
    "view": ("Xem dữ liệu, và ai đã xem", "See it, and who looked"),
    "copy": ("Nhận bản sao", "Get a copy"),
    "correct": ("Sửa cho đúng", "Have it corrected"),
    "restrict": ("Hạn chế sử dụng", "Have its use restricted"),
    "delete": ("Xóa", "Have it deleted"),
}
NUMBERS: Final = {
    "document": ("Số căn cước, hoặc mã định danh", "Number of an ID card, or personal code"),
    "insurance": ("Số thẻ bảo hiểm y tế", "Number of a health-insurance card"),
    "phone": ("Số điện thoại đã khai", "Phone number they gave"),
}
"""What a clerk may look for: never a card, whose code proves nothing about its holder."""
FIELDS: Final = {
    "name": ("Họ và tên", "Full name"),
    "phone": ("Số điện thoại", "Phone number"),
    "birth": ("Ngày sinh", "Date of birth"),
    "sex": ("Giới tính", "Sex"),
    "address": ("Địa chỉ", "Address"),
    "document": ("Số giấy tờ", "Document number"),
    "insurance": ("Số bảo hiểm y tế", "Health-insurance number"),
}
OUTCOMES: Final = {
    "done": ("Đã làm xong", "Done", "good"),
    "refused": ("Từ chối", "Refused", "warn"),
    "not_found": ("Không tìm thấy ai", "Nobody was found", "info"),
    "destroyed": ("Đã hủy cùng mọi dữ liệu", "Destroyed with everything", "info"),
}
pages = Blueprint("desk_requests", __name__)


@pages.get("/desk/requests")
@permission(Permission.RIGHTS)
def page() -> str:
    shown = paging.Shown.of(request.args, OPEN)
    with site().engine.connect() as connection:
        waiting = rights.all_open(connection, where=_reach())
        closed = rights.closed(connection, limit=CLOSED, where=_reach())
    return render_template(
        "desk_requests.html",
        waiting=[(each, _left(each)) for each in shown.some(waiting)],
        newer=shown.newer("desk_requests.page"),
        older=shown.older("desk_requests.page", len(waiting)),
        closed=closed,
        kinds=KINDS,
        outcomes=OUTCOMES,
    )


@pages.get("/desk/requests/new")
@permission(Permission.RIGHTS)
def new() -> str:
    return _new("")


@pages.post("/desk/requests")
@permission(Permission.RIGHTS, costly=True)
def ask() -> forms.Answer:
    """What was asked is written down even where the person cannot be found now."""
    said = given("kind", "words")
    made: list[str] = []

    def do() -> None:
        if said["kind"] not in KINDS:
            raise Unfit("hãy chọn người đó muốn gì / please choose what they want")
        seen_document()
        _number()
        settings = site().settings
        ref = desk().ask(
            said["kind"],
            words=said["words"],
            zone=settings.zone,
            holidays=settings.privacy.holidays,
        )
        made.append(ref)
        _find(ref)

    answer = forms.take(do, done=None, to="", again=_new)
    return redirect(_at(made[0]), 303) if made else answer


@pages.get("/desk/requests/<int:number>")
@permission(Permission.RIGHTS)
def request_(number: int) -> str:
    return _page(number, "")


@pages.post("/desk/requests/<int:number>/identify")
@permission(Permission.RIGHTS, costly=True)
def identify(number: int) -> forms.Answer:
    """Where the vault was away, or the number misread."""

    def do(ref: str) -> None:
        seen_document()
        _number()
        _find(ref)

    return take(number, do, None)


@pages.post("/desk/requests/<int:number>/acknowledge")
@permission(Permission.RIGHTS)
def acknowledge(number: int) -> forms.Answer:
    def do(ref: str) -> None:
        with writing() as connection:
            rights.acknowledge(connection, ref, at_ms=site().now_ms(), actor=caller().name)

    return take(number, do, ("Đã ghi: người đó đã được báo.", "Noted: they were told."))


@pages.post("/desk/requests/<int:number>/finish")
@permission(Permission.RIGHTS)
def finish(number: int) -> forms.Answer:
    outcome = request.form.get("outcome", "")

    def do(ref: str) -> None:
        if outcome not in rights.OUTCOMES:
            raise Unfit("hãy chọn kết quả / please choose an outcome")
        with writing() as connection:
            rights.finish(
                connection, ref, outcome=outcome, at_ms=site().now_ms(), actor=caller().name
            )

    return take(number, do, ("Đã đóng yêu cầu.", "The request is closed."))


def take(number: int, do: Callable[[str], None], done: tuple[str, str] | None) -> forms.Answer:
    """Does something to a request within the caller's reach."""
    ref = reference(number)
    _reached(number)
    return forms.take(
        lambda: do(ref), done=done, to=_at(ref), again=lambda problem: _page(number, problem)
    )


def _find(ref: str) -> None:
    """Whom it is about; that the vault is away, or several have the number, is said there."""
    kind, number = _number()
    try:
        found = desk().identify(ref, kind, number)
    except FleetError as problem:
        flash(half(str(problem)), "warn")
        return
    if found.person:
        flash(say("Đã tìm thấy người này.", "This person was found."), "good")
    else:
        flash(
            say(
                "Không có gì được giữ theo số này. Đó là câu trả lời cho người hỏi, và đã ghi lại.",
                "Nothing is kept by this number. That is the answer, and it is on record.",
            ),
            "info",
        )


def _number() -> tuple[str, str]:
    kind, number = request.form.get("by", ""), request.form.get("number", "").strip()
    if kind not in NUMBERS:
        raise Unfit("hãy chọn loại số / please choose what number it is")
    if not number:
        raise Unfit("hãy nhập số đọc trên giấy tờ / please type the number on the document")
    numbers.stable_keys(kind, number, {})  # what is none is said before anything is written down
    return kind, number


def seen_document() -> None:
    """Raises Unfit unless the clerk says that they looked at the document."""
    if not request.form.get("document"):
        raise Unfit(
            "cần xem giấy tờ tùy thân của chính người hỏi, rồi đánh dấu / look at the document of"
            " whoever asks, then tick the box"
        )


def desk() -> Desk:
    """The desk of whoever asks."""
    return Desk(site().engine, site().vault, caller().name, site().now_ms, caller().area_id)


def writing() -> Any:
    """A transaction that writes."""
    return site().engine.execution_options(**database.WRITES).begin()


def _reach() -> ColumnElement[bool] | None:
    """A clerk of one area sees what was asked at the desks of that area."""
    return None if caller().area_id is None else rights.asked_at(caller().areas)


def _reached(number: int) -> None:
    """Raises NotKnown where there is no such request, or it is another area's."""
    query = select(RightsRequest.id).where(RightsRequest.id == number)
    reach = _reach()
    with site().engine.connect() as connection:
        if connection.scalar(query if reach is None else query.where(reach)) is None:
            raise NotKnown(f"{reference(number)}: không có yêu cầu này / no such request")


def given(*names: str) -> dict[str, str]:
    """What stands in these fields of the form."""
    return {name: request.form.get(name, "").strip() for name in names}


def reference(number: int) -> str:
    """`right:12`, as the log says it."""
    return f"{rights.PREFIX}{number}"


def _at(ref: str) -> str:
    return url_for("desk_requests.request_", number=int(ref.removeprefix(rights.PREFIX)))


def _left(each: Request) -> tuple[str, str]:
    """How long until the next date that must not pass, and how bad that is."""
    now, due = site().now(), rights.next_by(each)
    days = (due - now) // 86_400
    kind = "bad" if now >= due else "warn" if days < 2 else ""
    return half(clocks.in_words(due, now, site().settings.zone)), kind


def _new(problem: str) -> str:
    return render_template(
        "desk_request_new.html",
        # Neither the number nor what was ticked is put back: read from the document again.
        given=given("kind", "by", "words"),
        kinds=[(kind, say(*words)) for kind, words in KINDS.items()],
        numbers=[(kind, say(*words)) for kind, words in NUMBERS.items()],
        days=clocks.ANSWER_DAYS,
        problem=problem,
    )


def _page(number: int, problem: str) -> str:
    _reached(number)
    ref = reference(number)
    with site().engine.connect() as connection:
        found = rights.get(connection, ref)
        held = _held(connection, found)
    return render_template(
        "desk_request.html",
        each=found,
        number=number,
        left=_left(found),
        held=held,
        kinds=KINDS,
        numbers=[(kind, say(*words)) for kind, words in NUMBERS.items()],
        fields=[(name, say(*words)) for name, words in FIELDS.items()],
        outcomes=OUTCOMES,
        choices=[(each, say(*OUTCOMES[each][:2])) for each in ("done", "refused")],
        given=given(*FIELDS, "by"),
        problem=problem,
    )


def _held(connection: Connection, found: Request) -> str:
    """Why it cannot be deleted now; empty where it can."""
    if found.kind != "delete" or found.done_at is not None or not found.person:
        return ""
    try:
        deleting.may_delete(connection, found.ref)
    except Refused as problem:
        return half(str(problem))
    return ""
