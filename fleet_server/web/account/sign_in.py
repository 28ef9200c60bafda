"""Sign in with name and password, then with a code where a second factor is set up; sign out."""

from typing import Final

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from fleet_server.auth import door, sessions
from fleet_server.auth.attempts import TooMany
from fleet_server.auth.door import Entered, Whence, WrongProof
from fleet_server.auth.sessions import Session
from fleet_server.web import addresses, browsers, cookies, language
from fleet_server.web.access import public
from fleet_server.web.site import site

pages = Blueprint("sign_in", __name__)

MAX_NEXT: Final = 500


@pages.get("/sign-in")
@public("nobody is signed in yet")
def page() -> str:
    return render_template("account/sign_in.html", problem="", login="", next=_next())


@pages.post("/sign-in")
@public("nobody is signed in yet; attempts are counted")
def enter() -> Response | tuple[str, int]:
    login, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        entered = door.by_password(
            site().door, login, password, _whence(login), now_ms=site().now_ms()
        )
    except (WrongProof, TooMany) as problem:
        # Not in the audit log, which is for good: an address is a person's.
        kind = type(problem).__name__
        current_app.logger.warning("sign-in from %s failed: %s", request.remote_addr, kind)
        if isinstance(problem, TooMany):
            raise
        shown = {"problem": language.half(str(problem)), "login": login[:64], "next": _next()}
        return render_template("account/sign_in.html", **shown), 403
    cookies.remember(entered)
    if not entered.open:
        return redirect(url_for("sign_in.code", next=_next()), 303)
    return _arrived(entered)


@pages.get("/sign-in/code")
@public("only whoever gave a password a moment ago gets on from here")
def code() -> str | Response:
    if _waiting() is None:
        return redirect(url_for("sign_in.page", next=_next()))
    return render_template("account/code.html", problem="", recovery=_recovery(), next=_next())


@pages.post("/sign-in/code")
@public("only whoever gave a password a moment ago gets on from here; attempts are counted")
def enter_code() -> Response | tuple[str, int]:
    waiting = _waiting()
    if waiting is None:
        return redirect(url_for("sign_in.page", next=_next()), 303)
    with site().engine.connect() as connection:
        login = door.login_of(connection, waiting.account_id)
    try:
        entered = door.by_second_factor(
            site().door,
            waiting,
            request.form.get("code", ""),
            recovery=_recovery(),
            whence=_whence(login),
            now_ms=site().now_ms(),
        )
    except WrongProof as problem:
        shown = {"problem": language.half(str(problem)), "recovery": _recovery(), "next": _next()}
        return render_template("account/code.html", **shown), 403
    cookies.remember(entered)
    return _arrived(entered)


@pages.post("/sign-out")
@public("leaving is always allowed")
def leave() -> Response:
    cookie = cookies.held(cookies.SESSION)
    if cookie is not None:
        door.leave(site().door, cookie, now_ms=site().now_ms())
    session.clear()
    return redirect(url_for("sign_in.page"), 303)


def _arrived(entered: Entered) -> Response:
    response = redirect(_next() or url_for("start.page"), 303)
    cookies.know(response, entered.login)
    language.remember(response, entered.language)
    return response


def _waiting() -> Session | None:
    """The session that waits for a code, if this browser gave a password a moment ago."""
    cookie = cookies.held(cookies.WAITING)
    if cookie is None:
        return None
    with site().engine.connect() as connection:
        found = sessions.find(connection, cookie, lasts=site().door.lasts, now=site().now())
    return None if found is None or found.open else found


def _whence(login: str) -> Whence:
    agent = request.headers.get("User-Agent", "")
    return Whence(request.remote_addr, cookies.known_as(login), browsers.name(agent))


def _recovery() -> bool:
    return request.values.get("with") == "recovery"


def _next() -> str | None:
    """Where somebody wanted to go: a path of this site, or nothing."""
    wanted = request.values.get("next", "")
    inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    if not inside or addresses.host(wanted) != "" or len(wanted) > MAX_NEXT:
        return None
    return wanted if wanted.isprintable() and "\\" not in wanted else None
