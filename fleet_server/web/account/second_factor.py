"""Set up the second factor: a QR symbol for the telephone, a code to confirm, recovery codes."""

from typing import Final

import segno
from flask import Blueprint, render_template, request

from fleet_server.auth import own_account, second_factor
from fleet_server.auth.door import WrongProof
from fleet_server.auth.permissions import Permission
from fleet_server.auth.signed_in import Duty
from fleet_server.web import cookies, language
from fleet_server.web.access import me, permission
from fleet_server.web.site import site

pages = Blueprint("second_factor", __name__)

_SCALE: Final = 5


@pages.get("/account/second-factor")
@permission(Permission.START, settles=Duty.SECOND_FACTOR)
def page() -> str:
    return _page("")


@pages.post("/account/second-factor")
@permission(Permission.START, settles=Duty.SECOND_FACTOR)
def confirm() -> str | tuple[str, int]:
    """Shows the recovery codes, this once."""
    try:
        cookie, codes = own_account.confirm_second_factor(
            site().door,
            me(),
            request.form.get("code", ""),
            request.form.get("password", ""),
            now_ms=site().now_ms(),
        )
    except WrongProof as problem:
        return _page(str(problem)), 400
    cookies.keep(cookie)
    return render_template("account/recovery_codes.html", codes=codes)


def _page(problem: str) -> str:
    secret = own_account.offer_second_factor(site().door, me())
    symbol = segno.make(second_factor.uri(secret, me().caller.name), micro=False)
    words = second_factor.words(secret)
    return render_template(
        "account/second_factor.html",
        problem=language.half(problem),
        symbol=symbol.svg_inline(scale=_SCALE, border=4, light="white"),
        words=" ".join(words[at : at + 4] for at in range(0, len(words), 4)),
        login=me().caller.name,
        forced=me().duty is Duty.SECOND_FACTOR,
        replaces=me().has_second_factor,
    )
