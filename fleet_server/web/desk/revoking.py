"""A card that is lost, stolen or no longer good is taken out of use."""

from typing import Final

from flask import Blueprint, render_template, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.fleet.references import Unfit
from fleet_server.web import forms
from fleet_server.web.access import caller, permission
from fleet_server.web.language import say
from fleet_server.web.site import site

pages = Blueprint("desk_revoking", __name__)

REASONS: Final = {
    "lost": ("Mất thẻ", "Lost"),
    "stolen": ("Bị lấy cắp", "Stolen"),
    "damaged": ("Hỏng, đã đổi thẻ khác", "Damaged, replaced"),
    "returned": ("Đã trả lại", "Given back"),
    "mistake": ("Cấp nhầm", "Issued by mistake"),
}
"""Words for a reason, never free text: it stays in the log for good."""


@pages.get("/desk/revoke")
@permission(Permission.DESK)
def page() -> str:
    return _page("")


@pages.post("/desk/revoke")
@permission(Permission.DESK)
def revoke() -> forms.Answer:
    which, reason = request.form.get("card", "").strip(), request.form.get("reason", "")

    def do() -> None:
        if reason not in REASONS:
            raise Unfit("hãy chọn lý do / please choose a reason")
        if len("".join(which.split())) < _SHORTEST:
            raise Unfit(
                "số in trên thẻ (8 chữ) chưa đủ: hãy quét mã QR của thẻ, hoặc nhập mã đầy đủ 32 chữ"
                " số / the short number printed on a card is not enough: scan its code, or type the"
                " 32 digits of its full number"
            )
        site().vault.revoke_card(which, reason=reason, actor=caller().name)

    done = (
        "Đã khóa thẻ. Trạm đang nối mạng biết trong vài giây, trạm khác biết ngay khi nối lại.",
        "The card is revoked. Kiosks that are connected know within seconds, others as soon as"
        " they connect.",
    )
    return forms.take(do, done=done, to=url_for("desk_revoking.page"), again=_page)


_SHORTEST: Final = 32
"""Characters of what names a card: its id is this long, the text of a code longer."""


def _page(problem: str) -> str:
    return render_template(
        "desk_revoking.html",
        given={name: request.form.get(name, "") for name in ("card", "reason")},
        reasons=[(code, say(*words)) for code, words in REASONS.items()],
        problem=problem,
    )
