"""Answers to what people ask about their own data: it is shown, copied, corrected, deleted."""

import json
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from fleet_server import keys
from fleet_server.auth.permissions import Permission
from fleet_server.fleet.references import Unfit
from fleet_server.privacy import correcting, deleting, rights
from fleet_server.times import parse
from fleet_server.web import formats, forms
from fleet_server.web.access import caller, permission
from fleet_server.web.desk.requests import (
    FIELDS,
    desk,
    given,
    reference,
    seen_document,
    take,
    writing,
)
from fleet_server.web.language import half
from fleet_server.web.site import site

LOOKS: Final = {
    "card.issued": ("cấp thẻ", "a card was issued"),
    "card.revoked": ("khóa thẻ", "a card was revoked"),
    "vault.find": ("tìm theo số", "looked for by a number"),
    "vault.open": ("mở tên", "the name was opened"),
    "right.found": ("tìm thấy cho yêu cầu", "found for a request"),
    "right.shown": ("mở tất cả cho người đó xem", "everything was shown to them"),
    "right.exported": ("đưa bản sao", "a copy was handed over"),
    "right.corrected": ("sửa", "corrected"),
    "right.acknowledged": ("báo đã nhận", "told it was received"),
    "right.done": ("đóng yêu cầu", "the request was closed"),
    "right.lifted": ("bỏ hạn chế", "the restriction was lifted"),
    "persons.linked": ("nối hai mã của cùng một người", "two codes of one person were linked"),
    "persons.unlinked": ("bỏ nối hai mã", "two codes were parted"),
}
"""What a line of the log says; others stand as they are."""

pages = Blueprint("desk_answers", __name__)


@pages.post("/desk/requests/<int:number>/everything")
@permission(Permission.RIGHTS, costly=True)
def everything(number: int) -> forms.Answer | str:
    """All that is kept, to read together with the person."""
    told: list[dict[str, Any]] = []
    answer = take(number, lambda ref: told.append(desk().everything(ref, how="shown")), None)
    if not told:
        return answer
    return render_template(
        "desk_everything.html",
        ref=reference(number),
        number=number,
        told=told[0],
        fields=FIELDS,
        looks=LOOKS,
        moment=_moment,
        half=half,
    )


@pages.post("/desk/requests/<int:number>/copy")
@permission(Permission.RIGHTS, costly=True)
def copy(number: int) -> forms.Answer:
    """The same as a file to take along."""
    told: list[dict[str, Any]] = []
    answer = take(number, lambda ref: told.append(desk().everything(ref, how="exported")), None)
    if not told:
        return answer
    content = json.dumps(told[0], ensure_ascii=False, indent=2) + "\n"
    response = Response(content, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="ban-sao-{number}.json"'
    return response


@pages.post("/desk/requests/<int:number>/correct")
@permission(Permission.RIGHTS)
def correct(number: int) -> forms.Answer:
    said = {name: value for name, value in given(*FIELDS).items() if value}

    def do(ref: str) -> None:
        if not said:
            raise Unfit("hãy điền ít nhất một mục / please fill in at least one field")
        part = correcting.identity(said)
        vault = keys.public(site().settings.keys_dir).keyset.vault_key()
        with writing() as connection:
            correcting.correct(
                connection,
                ref,
                part,
                vault=vault,
                at_ms=site().now_ms(),
                actor=caller().name,
            )

    done = (
        "Đã sửa và niêm phong. Báo cho người đó, rồi đóng yêu cầu.",
        "Corrected and sealed. Tell them, then close the request.",
    )
    return take(number, do, done)


@pages.post("/desk/requests/<int:number>/restrict")
@permission(Permission.RIGHTS)
def restrict(number: int) -> forms.Answer:
    def do(ref: str) -> None:
        _confirmed(ref)
        with writing() as connection:
            rights.restrict(connection, ref, at_ms=site().now_ms(), actor=caller().name)

    done = ("Từ nay không mở tên cho ca bệnh nào.", "From now on their name is opened for no case.")
    return take(number, do, done)


@pages.post("/desk/requests/<int:number>/lift")
@permission(Permission.RIGHTS)
def lift(number: int) -> forms.Answer:
    def do(ref: str) -> None:
        seen_document()
        with writing() as connection:
            rights.lift(connection, ref, at_ms=site().now_ms(), actor=caller().name)

    return take(number, do, ("Đã bỏ hạn chế.", "The restriction is lifted."))


@pages.post("/desk/requests/<int:number>/delete")
@permission(Permission.RIGHTS)
def delete(number: int) -> forms.Answer:
    def do(ref: str) -> None:
        _confirmed(ref)
        deleting.delete(site().engine, ref, at_ms=site().now_ms(), actor=caller().name)

    return take(number, do, ("Đã xóa hết; không còn gì.", "All is deleted; nothing is left."))


def _confirmed(ref: str) -> None:
    """Raises Unfit unless the request's number was typed again."""
    number = ref.removeprefix(rights.PREFIX)
    if request.form.get("confirm", "").strip().removeprefix(rights.PREFIX) != number:
        raise Unfit(f"chưa làm gì: hãy gõ {number} / nothing was done: type {number}")


def _moment(text: str | None) -> str:
    return formats.moment(parse(text, ZoneInfo("UTC"))) if text else "–"
