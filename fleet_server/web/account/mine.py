"""One's own account: the browsers signed in, language, second factor and recovery codes."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from fleet_server.auth import own_account, second_factor, sessions
from fleet_server.auth.door import WrongProof
from fleet_server.auth.permissions import Permission
from fleet_server.web import language
from fleet_server.web.access import me, permission
from fleet_server.web.role_words import ROLES
from fleet_server.web.site import site

pages = Blueprint("mine", __name__)


@pages.get("/account")
@permission(Permission.START)
def page() -> str:
    return _page("")


@pages.post("/account/sessions/<int:number>/end")
@permission(Permission.START)
def end(number: int) -> Response:
    own_account.end_session(site().door, me(), number, now_ms=site().now_ms())
    return redirect(url_for("mine.page"), 303)


@pages.post("/account/sessions/end-others")
@permission(Permission.START)
def end_others() -> Response:
    own_account.end_others(site().door, me(), now_ms=site().now_ms())
    return redirect(url_for("mine.page"), 303)


@pages.post("/account/language")
@permission(Permission.START)
def choose_language() -> Response:
    chosen = request.form.get("language", "")
    if chosen not in ("vi", "en"):
        raise BadRequest("language: vi / en")
    own_account.choose_language(site().door, me(), chosen)
    response = redirect(url_for("mine.page"), 303)
    language.remember(response, chosen)
    return response


@pages.post("/account/recovery-codes")
@permission(Permission.START)
def renew_recovery_codes() -> str | tuple[str, int]:
    """Shows new codes, this once."""
    if not me().has_second_factor:
        raise BadRequest("Chưa có mã thứ hai / There is no second factor yet")
    try:
        codes = own_account.renew_recovery_codes(
            site().door, me(), request.form.get("password", ""), now_ms=site().now_ms()
        )
    except WrongProof as problem:
        return _page(str(problem)), 400
    return render_template("account/recovery_codes.html", codes=codes)


def _page(problem: str) -> str:
    here, asking = site(), me()
    with here.engine.connect() as connection:
        browsers = sessions.listed(
            connection, asking.session.account_id, lasts=here.door.lasts, now=here.now()
        )
        left = second_factor.recovery_codes_left(connection, asking.session.account_id)
    return render_template(
        "account/mine.html",
        problem=language.half(problem),
        asking=asking,
        role=language.say(*ROLES[asking.caller.role]),
        browsers=browsers,
        left=left,
    )
