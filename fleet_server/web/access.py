"""Default deny: every view declares a permission, or why it needs none.

A view that declares nothing keeps the application from starting. The one `before_request` here
decides; views decide nothing.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import TooManyRequests, Unauthorized
from werkzeug.wrappers import Response

from fleet_server.auth import tokens
from fleet_server.auth.permissions import Permission
from fleet_server.auth.tokens import Caller
from fleet_server.errors import FleetError
from fleet_server.reports import venue_log
from fleet_server.reports.venue_log import LoggedVenue
from fleet_server.web.site import site

View = TypeVar("View", bound=Callable[..., Any])

API = "/api/"
SESSION_TOKEN = "token"  # noqa: S105  a field's name
SESSION_MARK = "mark"
_ATTRIBUTE = "tram_access"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Access(NamedTuple):
    """Who may call a view: holders of a permission, or everyone for a reason."""

    permission: Permission | None
    public_because: str = ""


class Undeclared(FleetError):
    """A view says neither who may call it nor why everyone may."""


def permission(needed: Permission) -> Callable[[View], View]:
    """Only callers with this permission; at a venue's views, only where their scope reaches."""
    return _declare(Access(needed))


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
    app.before_request(_enforce)
    app.context_processor(lambda: {"signed_in": SESSION_TOKEN in session})


def caller() -> Caller:
    """Who is asking. Only for views that need a permission."""
    found: Caller = g.caller
    return found


def here() -> LoggedVenue:
    """The venue named in the address. Only for views with `<venue>` in their rule."""
    found: LoggedVenue = g.venue
    return found


def remember(recognised: Caller) -> None:
    """Sign the browser in."""
    session.clear()
    session.permanent = True
    session[SESSION_TOKEN] = recognised.token_id
    session[SESSION_MARK] = recognised.mark


def recognise(code: str) -> Caller | None:
    """Whom a code stands for. Counts failures by address; answers 429 after too many."""
    address = request.remote_addr or "?"
    now = site().now()
    wait_s = site().attempts.wait_s(address, now=now)
    if wait_s:
        raise TooManyRequests(retry_after=wait_s)
    with site().engine.connect() as connection:
        found = tokens.by_code(connection, code, now=now)
    if found is None:
        site().attempts.failed(address, now=now)
    return found


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, access)
        return view

    return mark


def _enforce() -> Response | None:
    if request.endpoint is None:
        return None
    declared = access_of(current_app.view_functions[request.endpoint])
    program = request.path.startswith(API)
    # No browser sends a program's token of itself; what it does send of itself opens no API.
    if request.method not in _READING and not program and not _same_origin():
        abort(403, "Yêu cầu đến từ trang khác / The request came from another site")
    if declared is None or declared.permission is None:
        return None
    found = _by_header() if program else _by_session()
    if found is None:
        return redirect(url_for("sign_in.page"))
    if not found.may(declared.permission):
        abort(403)
    g.caller = found
    if request.view_args and "venue" in request.view_args:
        _enter(found, request.view_args["venue"])
    return None


def _enter(found: Caller, ref: str) -> None:
    """Where the caller's scope does not reach, a venue is as good as unknown."""
    with site().engine.connect() as connection:
        venue = venue_log.venue(connection, ref)
    if not found.may_at(venue.id):
        raise venue_log.unknown(ref)
    g.venue = venue


def _by_session() -> Caller | None:
    token_id, mark = session.get(SESSION_TOKEN), session.get(SESSION_MARK)
    if not isinstance(token_id, int) or not isinstance(mark, str):
        return None
    with site().engine.connect() as connection:
        return tokens.by_id(connection, token_id, mark, now=site().now())


def _by_header() -> Caller:
    """Programs say who they are with every request; a browser's cookie means nothing here."""
    given = request.authorization
    code = given.token if given is not None and given.type == "bearer" else None
    found = recognise(code) if code else None
    if found is None:
        raise Unauthorized(
            "expected a valid token: Authorization: Bearer tram_…",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "tram"}),
        )
    return found


def _same_origin() -> bool:
    """Browsers say where a form was sent from; what does not say so is no browser's form."""
    origin = request.headers.get("Origin", "")
    return urlsplit(origin).netloc == request.host
