"""Access codes of programs: made, shown once, revoked."""

import secrets
from typing import Final

from flask import Blueprint, render_template, request, url_for

from fleet_server import database
from fleet_server.auth import administration, tokens
from fleet_server.auth.accounts import By
from fleet_server.auth.permissions import Permission, Role
from fleet_server.auth.tokens import BadToken
from fleet_server.web import forms, paging
from fleet_server.web.access import caller, permission
from fleet_server.web.admin.people import role_options, role_words
from fleet_server.web.site import site

DAYS: Final = "30"
PAGE: Final = 50

pages = Blueprint("admin_codes", __name__)


@pages.get("/admin/codes")
@permission(Permission.ADMIN)
def page() -> str:
    return _page("")


@pages.post("/admin/codes")
@permission(Permission.ADMIN)
def create() -> forms.Answer | str:
    """Shows the code, this once."""
    given = _given()
    made: list[str] = []

    def do() -> None:
        if given["role"] not in set(Role):
            raise BadToken("hãy chọn vai trò / please choose a role")
        if not (given["days"].isascii() and given["days"].isdecimal()) or len(given["days"]) > 6:
            raise BadToken(f"số ngày: từ 1 đến {tokens.MAX_DAYS} / days: 1 to {tokens.MAX_DAYS}")
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            made.append(
                administration.new_code(
                    connection,
                    caller(),
                    _by(),
                    name=given["name"],
                    role=Role(given["role"]),
                    venue=given["venue"] or None,
                    area=given["area"] or None,
                    scopes=(),
                    days=int(given["days"]),
                    secret=secrets.token_bytes(tokens.SECRET_BYTES),
                )
            )

    answer = forms.take(do, done=None, to="", again=_page)
    if not made:
        return answer
    return render_template("admin_code.html", name=given["name"], code=made[0])


@pages.post("/admin/codes/<int:number>/revoke")
@permission(Permission.ADMIN)
def revoke(number: int) -> forms.Answer:
    def do() -> None:
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            administration.revoke_code(connection, caller(), _by(), number)

    done = ("Đã thu hồi mã.", "The code is revoked.")
    return forms.take(do, done=done, to=url_for("admin_codes.page"), again=_page)


def _by() -> By:
    return By(caller().name, site().now_ms())


def _given() -> dict[str, str]:
    fields = ("name", "role", "venue", "area", "days")
    return {name: request.form.get(name, "").strip() for name in fields}


def _page(problem: str) -> str:
    given = _given()
    given["days"] = given["days"] or DAYS
    now, shown = site().now(), paging.Shown.of(request.args, PAGE)
    with site().engine.connect() as connection:
        found = administration.codes(connection, caller())
    # Those that still open something first, the newest of them on top.
    found.sort(key=lambda each: (_ended(each, now), -each.id))
    return render_template(
        "admin_codes.html",
        found=[(each, role_words(each.role), _ended(each, now)) for each in shown.some(found)],
        newer=shown.newer("admin_codes.page"),
        older=shown.older("admin_codes.page", len(found)),
        roles=role_options(),
        given=given,
        problem=problem,
    )


def _ended(code: tokens.Listed, now: int) -> bool:
    return code.revoked_at is not None or code.expires_at <= now
