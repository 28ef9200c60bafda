"""Vietnamese first, English on request. Both texts stand side by side where they are used."""

from typing import Final, Literal
from urllib.parse import urlencode

from flask import Flask, request
from werkzeug.wrappers import Response

Language = Literal["vi", "en"]
COOKIE: Final = "lang"
_YEAR_S: Final = 365 * 86_400


def current() -> Language:
    """`?lang=en`, else what was chosen before, else Vietnamese."""
    chosen = request.args.get("lang") or request.cookies.get(COOKIE)
    return "en" if chosen == "en" else "vi"


def say(vi: str, en: str) -> str:
    """The text in the reader's language."""
    return en if current() == "en" else vi


def here_in(language: Language) -> str:
    """This page's address in another language."""
    query = request.args.to_dict() | {"lang": language}
    return f"{request.path}?{urlencode(query)}"


def install(app: Flask) -> None:
    app.context_processor(lambda: {"t": say, "lang": current(), "in_language": here_in})
    app.after_request(_remember)


def _remember(response: Response) -> Response:
    if request.args.get("lang") in ("vi", "en"):
        response.set_cookie(
            COOKIE,
            current(),
            max_age=_YEAR_S,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response
