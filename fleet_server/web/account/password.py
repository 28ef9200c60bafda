"""Change one's password; asked for first where somebody else chose it."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fleet_server.auth import own_account
from fleet_server.auth.door import WrongProof
from fleet_server.auth.passwords import SHORTEST, BadPassword
from fleet_server.auth.permissions import Permission
from fleet_server.auth.signed_in import Duty
from fleet_server.web import cookies, language
from fleet_server.web.access import me, permission
from fleet_server.web.site import site

pages = Blueprint("password", __name__)


@pages.get("/account/password")
@permission(Permission.START, settles=Duty.PASSWORD)
def page() -> str:
    return _page("")


@pages.post("/account/password")
@permission(Permission.START, settles=Duty.PASSWORD)
def change() -> Response | tuple[str, int]:
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if new != request.form.get("again", ""):
        differ = "Hai lần nhập mật khẩu mới không giống nhau. / The new passwords differ."
        return _page(differ), 400
    try:
        cookie = own_account.change_password(site().door, me(), old, new, now_ms=site().now_ms())
    except (WrongProof, BadPassword) as problem:
        return _page(str(problem)), 400
    cookies.keep(cookie)
    return redirect(url_for("start.page"), 303)


def _page(problem: str) -> str:
    return render_template(
        "account/password.html",
        problem=language.half(problem),
        login=me().caller.name,
        shortest=SHORTEST,
        forced=me().duty is Duty.PASSWORD,
    )
