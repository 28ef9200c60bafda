"""Sign in with an access code: pasted, or carried in a link's fragment, which no log ever sees."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from fleet_server.web.access import public, recognise, remember
from fleet_server.web.language import say

pages = Blueprint("sign_in", __name__)

_TRY_AGAIN = (
    "Mã này không đúng, đã hết hạn hoặc đã bị thu hồi.",
    "This code is wrong, has expired or was revoked.",
)


@pages.get("/sign-in")
@public("nobody is signed in yet")
def page() -> str:
    return render_template("sign_in.html", problem="")


@pages.post("/sign-in")
@public("nobody is signed in yet; attempts are counted")
def enter() -> Response | tuple[str, int]:
    found = recognise(request.form.get("code", "").strip())
    if found is None:
        return render_template("sign_in.html", problem=say(*_TRY_AGAIN)), 403
    remember(found)
    return redirect(url_for("start.page"), 303)


@pages.post("/sign-out")
@public("leaving is always allowed")
def leave() -> Response:
    session.clear()
    return redirect(url_for("sign_in.page"), 303)
