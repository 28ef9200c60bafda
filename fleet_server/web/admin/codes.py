"""Access codes: those of programs are made here and shown once; all are listed and revoked."""

from typing import Final

from flask import Blueprint, render_template, request, url_for

from fleet_server import database
from fleet_server.auth import administration
from fleet_server.auth.accounts import By
from fleet_server.auth.permissions import GRANTS, PERSONAL, Permission, Role
from fleet_server.auth.tokens import BadToken
from fleet_server.web import code_forms, forms, paging
from fleet_server.web.access import caller, permission
from fleet_server.web.admin.people import role_options, role_words
from fleet_server.web.code_forms import Given
from fleet_server.web.site import site

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
    given, where = Given.entered(), _where()
    made: list[str] = []

    def do() -> None:
        if where["role"] not in set(Role):
            raise BadToken("hãy chọn vai trò / please choose a role")
        days, scopes = given.valid_days(), given.kept_to()
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            made.append(
                administration.new_code(
                    connection,
                    caller(),
                    _by(),
                    name=given.name,
                    role=Role(where["role"]),
                    venue=where["venue"] or None,
                    area=where["area"] or None,
                    scopes=scopes,
                    days=days,
                    secret=code_forms.secret(),
                )
            )

    answer = forms.take(do, done=None, to="", again=_page)
    if not made:
        return answer
    back = url_for("admin_codes.page")
    return render_template("code_shown.html", name=given.name, code=made[0], back=back)


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


def _where() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in ("role", "venue", "area")}


def _page(problem: str) -> str:
    given = Given.entered()
    now, shown = site().now(), paging.Shown.of(request.args, PAGE)
    with site().engine.connect() as connection:
        found = code_forms.newest_first(administration.codes(connection, caller()), now)
    return render_template(
        "admin_codes.html",
        found=[
            (each, role_words(each.role), code_forms.ended(each, now)) for each in shown.some(found)
        ],
        newer=shown.newer("admin_codes.page"),
        older=shown.older("admin_codes.page", len(found)),
        roles=[each for each in role_options() if each[0] != Role.TRACING_SUPERVISOR],
        scopes=given.offered(frozenset().union(*GRANTS.values()) - PERSONAL),
        given=given,
        where=_where(),
        problem=problem,
    )
