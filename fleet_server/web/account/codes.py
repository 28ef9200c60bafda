"""One's own access codes: what they open, they open in one's own name."""

from flask import Blueprint, render_template, request, url_for

from fleet_server.auth import own_account
from fleet_server.auth.permissions import Permission
from fleet_server.web import code_forms, forms
from fleet_server.web.access import caller, me, permission
from fleet_server.web.code_forms import Given
from fleet_server.web.site import site

pages = Blueprint("own_codes", __name__)


@pages.get("/account/codes")
@permission(Permission.START)
def page() -> str:
    return _page("")


@pages.post("/account/codes")
@permission(Permission.START)
def create() -> forms.Answer | str:
    """Shows the code, this once."""
    given, here = Given.entered(), site()
    made: list[str] = []

    def do() -> None:
        made.append(
            own_account.new_code(
                here.door,
                me(),
                request.form.get("password", ""),
                name=given.name,
                scopes=given.kept_to(),
                days=given.valid_days(),
                secret=code_forms.secret(),
                now_ms=here.now_ms(),
            )
        )

    answer = forms.take(do, done=None, to="", again=_page)
    if not made:
        return answer
    back = url_for("own_codes.page")
    return render_template("code_shown.html", name=given.name, code=made[0], back=back)


@pages.post("/account/codes/<int:number>/revoke")
@permission(Permission.START)
def revoke(number: int) -> forms.Answer:
    here = site()
    return forms.take(
        lambda: own_account.revoke_code(here.door, me(), number, now_ms=here.now_ms()),
        done=("Đã thu hồi mã.", "The code is revoked."),
        to=url_for("own_codes.page"),
        again=_page,
    )


def _page(problem: str) -> str:
    given, now = Given.entered(), site().now()
    with site().engine.connect() as connection:
        found = code_forms.newest_first(own_account.codes(connection, me()), now)
    return render_template(
        "account/codes.html",
        found=[(each, code_forms.ended(each, now)) for each in found],
        scopes=given.offered(caller().permissions),
        given=given,
        problem=problem,
    )
