"""Errors in words: a small page for people, RFC 9457 for programs, never a traceback."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from flask import Flask, current_app, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from fleet_server.auth.attempts import TooMany
from fleet_server.cases.freezing import Forged
from fleet_server.errors import Already, FleetError, KeysError, NotKnown, Refused, VaultAway
from fleet_server.fleet.references import Taken
from fleet_server.identity.vault_messages import NotPermitted
from fleet_server.web.access import API
from fleet_server.web.language import half, say

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
    409: ("Đã có rồi", "It is so already"),
    413: ("Yêu cầu quá dài", "The request is too long"),
    415: ("Cần nội dung dạng JSON", "Expected JSON"),
    429: ("Thử quá nhiều lần, xin đợi ít phút", "Too many attempts, please wait a few minutes"),
    503: ("Máy chủ đang bận, xin thử lại", "The server is busy, please try again"),
}
_STATUS: Final[tuple[tuple[type[FleetError], int], ...]] = (
    (NotKnown, 404),
    (Already, 409),
    (Taken, 409),
    (Refused, 403),
    (NotPermitted, 403),
    (TooMany, 429),
    (VaultAway, 503),
    (KeysError, 500),
    (Forged, 500),
)
"""The first that fits; what is none of these is in the request's own words, 400."""
VAULT_AWAY: Final = (
    "Kho danh tính không trả lời; chưa mở và chưa ký gì, xin thử lại / The vault does not answer;"
    " nothing was opened or signed, please try again"
)
_ADVICE: Final[dict[int, tuple[str, str]]] = {
    403: (
        "Tài khoản này không được phép xem hay làm việc đó. Nếu cần, hãy hỏi người quản trị.",
        "This account may not see or do that. If you need it, ask your administrator.",
    ),
    404: (
        "Địa chỉ sai, hoặc trang không thuộc phạm vi của tài khoản này.",
        "The address is wrong, or the page is outside what this account reaches.",
    ),
}
"""What to do about it, where nothing more is known."""
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


def status_of(error: FleetError) -> int:
    """The HTTP status that says the same."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


def _by_error(error: FleetError) -> Response:
    status = status_of(error)
    if isinstance(error, VaultAway):
        current_app.logger.error("vault: %s", error)
        return _say(status, VAULT_AWAY)
    response = _say(status, str(error))
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.wait_s)
    return response


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
    advice = _ADVICE.get(status, ("", ""))
    page = render_template(
        "error.html", vi=vi, en=en, detail=half(detail) or say(*advice), status=status
    )
    return Response(page, status, content_type="text/html; charset=utf-8")
