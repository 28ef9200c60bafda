"""The cookies of a browser: who is signed in, and whom it was signed in as before.

Under TLS their names begin with `__Host-`: no other host, and nothing unencrypted, can set them.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, current_app, request, session
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response

from fleet_server.auth.door import Entered

SESSION: Final = "id"
WAITING: Final = "waiting"
"""In the session's cookie: the id of one that is open, or of one that waits for a code."""
_KNOWN: Final = "tram-known"
_MOST_KNOWN: Final = 8
_YEAR_S: Final = 365 * 86_400


def install(app: Flask, *, tls: bool, hours: int) -> None:
    app.config.update(
        SESSION_COOKIE_NAME=_named("tram", tls),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=tls,
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=hours * 3600,
    )


def remember(entered: Entered) -> None:
    """The browser holds this session, and nothing of one before."""
    keep(entered.cookie, open_=entered.open)


def keep(cookie: str, *, open_: bool = True) -> None:
    """Like `remember`, by the new session's id."""
    session.clear()
    session.permanent = True
    session[SESSION if open_ else WAITING] = cookie


def forget() -> None:
    """The browser's session has ended."""
    session.pop(SESSION, None)


def held(name: str) -> str | None:
    """The id of the browser's session, open or waiting."""
    found = session.get(name)
    return found if isinstance(found, str) else None


def known_as(login: str) -> str:
    """The mark of a browser that signed in as `login` before; empty for others."""
    return str(_known().get(login.strip().casefold(), ""))


def know(response: Response, login: str) -> None:
    """This browser signed in as `login`: strangers' failures do not count against it."""
    known = dict(_known())
    mark = known.pop(login, "") or secrets.token_hex(16)
    known[login] = mark  # the latest last
    for oldest in list(known)[:-_MOST_KNOWN]:
        del known[oldest]
    response.set_cookie(
        _named(_KNOWN, _tls()),
        _signer().dumps(known),
        max_age=_YEAR_S,
        path="/",
        secure=_tls(),
        httponly=True,
        samesite="Strict",
    )


def _known() -> Mapping[str, Any]:
    try:
        found = _signer().loads(request.cookies.get(_named(_KNOWN, _tls()), ""))
    except BadData:
        return {}
    return found if isinstance(found, dict) else {}


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="known browser")


def _tls() -> bool:
    return bool(current_app.config["SESSION_COOKIE_SECURE"])


def _named(name: str, tls: bool) -> str:
    return f"__Host-{name}" if tls else name
