"""Default deny: every view declares a permission, or why it needs none.

A view that declares nothing keeps the application from starting. The one `before_request` here
decides; views decide nothing. Browsers are known by their session, programs by their token.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

from flask import Flask, abort, current_app, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.datastructures import CombinedMultiDict, WWWAuthenticate
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from fleet_server import database
from fleet_server.auth import attempts, sessions, signed_in, tokens
from fleet_server.auth.attempts import Limit
from fleet_server.auth.caller import Caller
from fleet_server.auth.permissions import Permission
from fleet_server.auth.signed_in import Duty, SignedIn
from fleet_server.errors import FleetError
from fleet_server.reports import venue_log
from fleet_server.reports.venue_log import LoggedVenue
from fleet_server.web import addresses, cookies
from fleet_server.web.site import site

View = TypeVar("View", bound=Callable[..., Any])

API: Final = "/api/"
_ATTRIBUTE: Final = "tram_access"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PAGES_OF: Final = {
    Duty.PASSWORD: "password.page",
    Duty.SECOND_FACTOR: "second_factor.page",
}
"""Where somebody is sent who must do something first."""


class Access(NamedTuple):
    """Who may call a view: holders of a permission, or everyone for a reason."""

    permission: Permission | None
    public_because: str = ""
    costly: bool = False
    """Whether one caller may ask for it only so often a minute."""
    settles: Duty | None = None
    """The duty that this view is there for."""
    takes: int | None = None
    """Bytes a request may have, where that is more than usual."""


class Undeclared(FleetError):
    """A view says neither who may call it nor why everyone may."""


def permission(
    needed: Permission,
    *,
    costly: bool = False,
    settles: Duty | None = None,
    takes: int | None = None,
) -> Callable[[View], View]:
    """Only callers with this permission; at a venue's views, only where their scope reaches."""
    return _declare(Access(needed, costly=costly, settles=settles, takes=takes))


def public(reason: str) -> Callable[[View], View]:
    """Everyone, for this reason."""
    return _declare(Access(None, reason))


def access_of(view: Callable[..., Any]) -> Access | None:
    """What a view declared."""
    declared: Access | None = getattr(view, _ATTRIBUTE, None)
    return declared


def guard(app: Flask) -> None:
    """Check that all views declared their access, and enforce it. Raises Undeclared."""
    for rule in app.url_map.iter_rules():
        declared = access_of(app.view_functions[rule.endpoint])
        if declared is None or (declared.permission is None and not declared.public_because):
            raise Undeclared(
                f"view {rule.endpoint} ({rule.rule}) declares neither a permission nor why it is"
                " public"
            )
    # Checked below, where programs are told from browsers. As long as the session lasts.
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    CSRFProtect(app)
    app.before_request(_enforce)
    app.context_processor(lambda: {"signed_in": cookies.held(cookies.SESSION) is not None})


def caller() -> Caller:
    """Who is asking. Only for views that need a permission."""
    found: Caller = g.caller
    return found


def me() -> SignedIn:
    """Who is at the browser. Only for pages that need a permission."""
    found: SignedIn = g.signed_in
    return found


def here() -> LoggedVenue:
    """The venue named in the address. Only for views with `<venue>` in their rule."""
    found: LoggedVenue = g.venue
    return found


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, access)
        return view

    return mark


def _enforce() -> Response | str | None:
    if request.endpoint is None:
        return None
    if "\0" in request.path:
        abort(404)
    declared = access_of(current_app.view_functions[request.endpoint])
    by_program = request.path.startswith(API)
    if not by_program:
        if declared is not None and declared.takes and cookies.held(cookies.SESSION) is not None:
            request.max_content_length = request.max_form_memory_size = declared.takes
        if _came_from_elsewhere():
            return render_template("account/come_in.html")
        _refuse_forms_of_others()
    if declared is None or declared.permission is None:
        return None
    if not by_program:
        _refuse_no_text(request.values)
    found = _by_header() if by_program else _by_session(declared)
    if isinstance(found, Response):
        return found
    if not found.may(declared.permission):
        abort(403)
    g.caller = found
    if declared.costly:
        _count(found)
    if request.view_args and "venue" in request.view_args:
        _enter(found, request.view_args["venue"])
    return None


def _enter(found: Caller, ref: str) -> None:
    """Where the caller's scope does not reach, a venue is as good as unknown."""
    with site().engine.connect() as connection:
        venue = venue_log.venue(connection, ref)
    if not found.may_at(venue):
        raise venue_log.unknown(ref)
    g.venue = venue


def _by_session(declared: Access) -> Caller | Response:
    """Who is at the browser, or where to send them first."""
    cookie, found = cookies.held(cookies.SESSION), None
    now, lasts = site().now(), site().door.lasts
    if cookie is not None:
        with site().engine.connect() as connection:
            found = signed_in.recognise(connection, cookie, lasts=lasts, now=now)
    if found is None:
        cookies.forget()
        back = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("sign_in.page", next=None if back == "/" else back))
    if now - found.session.seen_at >= sessions.SEEN_EVERY_S:
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            sessions.seen(connection, found.session.id, now=now)
    if found.duty is not None and declared.settles is not found.duty:
        return redirect(url_for(_PAGES_OF[found.duty]), 303)
    g.signed_in = found
    return found.caller


def _by_header() -> Caller:
    """Programs say who they are with every request; a browser's cookie means nothing here."""
    given = request.authorization
    code = given.token if given is not None and given.type == "bearer" else None
    found, now = None, site().now()
    if code:
        with site().engine.connect() as connection:
            found = tokens.by_code(connection, code, now=now)
        if found is None:
            # A token cannot be guessed; this is for the sake of whoever shares the server.
            counted = [(f"token:{attempts.address(request.remote_addr)}", attempts.PER_ADDRESS)]
            with site().engine.execution_options(**database.WRITES).begin() as connection:
                attempts.take(connection, counted, now=now)
    if found is None:
        raise Unauthorized(
            "expected a valid token: Authorization: Bearer tram_…",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "tram"}),
        )
    return found


def _count(found: Caller) -> None:
    """Raises TooMany where somebody asks too often for what takes long."""
    most = site().settings.accounts.costly_per_minute
    with site().engine.execution_options(**database.WRITES).begin() as connection:
        attempts.take(connection, [(f"costly:{found.name}", Limit(most, 60))], now=site().now())


def _refuse_forms_of_others() -> None:
    if request.method in _READING:
        return
    if not _same_origin():
        abort(403, "Yêu cầu đến từ trang khác / The request came from another site")
    csrf: CSRFProtect = current_app.extensions["csrf"]
    try:
        csrf.protect()
    except CSRFError:
        abort(403, "Trang đã cũ: hãy tải lại rồi thử lại / The page is too old: reload, try again")


def _refuse_no_text(given: CombinedMultiDict[str, str]) -> None:
    """PostgreSQL takes no NUL in a text, and nobody types it."""
    for name, value in given.items(multi=True):
        if "\0" in value:
            abort(400, f"{name[:32]!r}: không phải chữ / expected text without NUL")


def _same_origin() -> bool:
    """Browsers say where a form was sent from; what does not say so is no browser's form."""
    return addresses.host(request.headers.get("Origin", "")) == request.host


def _came_from_elsewhere() -> bool:
    """Whether a link elsewhere led here: browsers hold the cookie back until a page of ours does.

    Answered as if nobody were signed in, they would lose the session they have.
    """
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Site") == "cross-site"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and current_app.config["SESSION_COOKIE_NAME"] not in request.cookies
    )
