"""Vietnamese first, English on request. Both texts stand side by side where they are used."""

from typing import Any, Final, Literal
from urllib.parse import quote, urlencode, urlsplit

from flask import Flask, current_app, g, request
from werkzeug.wrappers import Response

from fleet_server.errors import halves

Language = Literal["vi", "en"]
COOKIE: Final = "lang"
_YEAR_S: Final = 365 * 86_400
_READING: Final = ("GET", "HEAD")


def current() -> Language:
    """`?lang=en`, else what was chosen before, else Vietnamese."""
    found: Language | None = g.get("language")
    if found is None:
        chosen = request.args.get("lang") or request.cookies.get(COOKIE)
        g.language = found = "en" if chosen == "en" else "vi"
    return found


def say(vi: str, en: str) -> str:
    """The text in the reader's language."""
    return en if current() == "en" else vi


def half(text: str) -> str:
    """The reader's half of an error that is in both languages, `vi / en`."""
    return say(*halves(text))


def here_in(language: Language) -> str:
    """This page's address in another language; after a form, that of a page there is to read."""
    path = request.path if request.method in _READING else _readable()
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"/{quote(path.lstrip('/'))}?{urlencode([*query, ('lang', language)])}"


def _readable() -> str:
    """Where the form was sent to, else where it stood, else the start."""
    known = current_app.url_map.bind_to_environ(request.environ)
    tried = (request.path, urlsplit(request.referrer or "").path)
    return next((path for path in tried if path and known.test(path, "GET")), "/")


def install(app: Flask) -> None:
    app.context_processor(_words)
    app.after_request(_chosen)


def _words() -> dict[str, Any]:
    """A page asks for hundreds of words: which language they are in is found out once."""
    lang = current()
    return {"t": _english if lang == "en" else _vietnamese, "lang": lang, "in_language": here_in}


def _vietnamese(vi: str, en: str) -> str:
    return vi


def _english(vi: str, en: str) -> str:
    return en


def _chosen(response: Response) -> Response:
    return remember(response, request.args.get("lang", ""))


def remember(response: Response, language: str) -> Response:
    """The language for this browser from now on, where one was chosen."""
    if language in ("vi", "en"):
        response.set_cookie(
            COOKIE,
            language,
            max_age=_YEAR_S,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response
