"""Errors in words: a small page for people, RFC 9457 for programs, never a traceback."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from flask import Flask, current_app, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from fleet_server.errors import FleetError, NotKnown, Refused
from fleet_server.web.access import API

PROBLEM: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One error, as RFC 9457 has it."""

    type: Annotated[str, msgspec.Meta(description="`about:blank`: the status says it all")]
    title: str
    status: Annotated[int, msgspec.Meta(ge=400, le=599)]
    detail: Annotated[str, msgspec.Meta(description="What was wrong, and what would be right")]


WORDS: Final[dict[int, tuple[str, str]]] = {
    400: ("Yêu cầu không hợp lệ", "The request makes no sense"),
    401: ("Cần đăng nhập", "Please sign in"),
    403: ("Không được phép", "Not permitted"),
    404: ("Không tìm thấy", "Not found"),
    405: ("Cách gọi không được phép", "Not that way"),
    413: ("Yêu cầu quá dài", "The request is too long"),
    429: ("Thử quá nhiều lần, xin đợi ít phút", "Too many attempts, please wait a few minutes"),
    503: ("Máy chủ đang bận, xin thử lại", "The server is busy, please try again"),
}
_OTHER: Final = ("Có lỗi ở máy chủ", "Something failed on the server")


def install(app: Flask) -> None:
    app.register_error_handler(HTTPException, _by_status)
    app.register_error_handler(FleetError, _by_error)
    app.register_error_handler(SQLAlchemyError, _database)


def _by_status(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return error.get_response()
    response = _say(error.code, _detail(error))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _by_error(error: FleetError) -> Response:
    if isinstance(error, NotKnown):
        return _say(404, str(error))
    return _say(403 if isinstance(error, Refused) else 400, str(error))


def _database(error: SQLAlchemyError) -> Response:
    current_app.logger.error("database: %s", error)
    return _say(503, "")


def _detail(error: HTTPException) -> str:
    """What we said ourselves; werkzeug's own English prose is left out."""
    standard = error.description == type(error).description
    return "" if standard or error.code == 500 else error.description or ""


def _say(status: int, detail: str) -> Response:
    vi, en = WORDS.get(status, _OTHER)
    if request.path.startswith(API):
        problem = Problem(
            type="about:blank",
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail or f"{vi} / {en}",
        )
        return Response(msgspec.json.encode(problem), status, content_type=PROBLEM)
    page = render_template("error.html", vi=vi, en=en, detail=detail, status=status)
    return Response(page, status, content_type="text/html; charset=utf-8")
