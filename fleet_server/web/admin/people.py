"""People with accounts: who they are, what they may, and what to do when something is lost."""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import Connection

from fleet_server import database
from fleet_server.auth import administration, passwords
from fleet_server.auth.accounts import BadAccount, By
from fleet_server.auth.administration import STATES, Which
from fleet_server.auth.caller import Caller
from fleet_server.auth.permissions import Permission, Role
from fleet_server.errors import NotKnown
from fleet_server.web import forms, paging
from fleet_server.web.access import caller, permission
from fleet_server.web.language import say
from fleet_server.web.role_words import ROLES
from fleet_server.web.site import site

PAGE: Final = 50
STATE_WORDS: Final = {
    "active": ("Đang dùng", "In use", "good"),
    "waiting": ("Chưa đổi mật khẩu", "Password not chosen yet", "info"),
    "disabled": ("Đã khóa", "Disabled", "bad"),
}
Act = Callable[[Connection, Caller, By, str], None]
ACTS: Final[dict[str, tuple[Act, str, str]]] = {
    "disable": (administration.disable, "Đã khóa tài khoản.", "The account is disabled."),
    "enable": (administration.enable, "Đã mở lại tài khoản.", "The account is enabled."),
    "reset-second-factor": (
        administration.reset_second_factor,
        "Đã bỏ mã trên điện thoại: lần đăng nhập tới sẽ đặt lại.",
        "The telephone's codes are taken away: they are set up anew at the next sign-in.",
    ),
    "end-sessions": (
        administration.end_sessions,
        "Đã đăng xuất mọi trình duyệt.",
        "All browsers are signed out.",
    ),
    "unlock": (
        administration.unlock,
        "Đã xóa các lần thử sai: có thể đăng nhập ngay.",
        "Failed attempts are forgotten: they can sign in at once.",
    ),
}
"""What a button does, and the words once it is done."""
_FIELDS: Final = ("login", "name", "role", "area", "venues")

pages = Blueprint("admin_people", __name__)


@pages.get("/admin")
@permission(Permission.ADMIN)
def page() -> str:
    """Narrowed by `role`, `area`, `state`, `text`; `offset` goes on."""
    which = Which(*(request.args.get(name, "").strip() or None for name in Which._fields))
    shown = paging.Shown.of(request.args, PAGE)
    with site().engine.connect() as connection:
        found, total = administration.found(
            connection, caller(), which, limit=PAGE, offset=shown.offset
        )
    kept = {name: value for name, value in which._asdict().items() if value}
    return render_template(
        "admin_people.html",
        found=[(each, role_words(each.role), state_of(each)) for each in found],
        total=total,
        which=which,
        roles=role_options(),
        states=[(state, say(*STATE_WORDS[state][:2])) for state in STATES],
        newer=shown.newer("admin_people.page", **kept),
        older=shown.older("admin_people.page", total, **kept),
    )


@pages.get("/admin/people/new")
@permission(Permission.ADMIN)
def new() -> str:
    return _new("")


@pages.post("/admin/people")
@permission(Permission.ADMIN)
def create() -> forms.Answer | str:
    """Shows the one-time password, this once."""
    given = _given()
    password = passwords.one_time()
    hashed = site().door.passwords.hash(password)
    done: list[str] = []

    def do() -> None:
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            administration.create(
                connection,
                caller(),
                _by(),
                login=given["login"],
                role=_role(given["role"]),
                password_hash=hashed,
                name=given["name"],
                venues=given["venues"].split(),
                area=given["area"] or None,
            )
        done.append(given["login"])

    answer = forms.take(do, done=None, to="", again=_new)
    return _password(given["login"], password, new=True) if done else answer


@pages.get("/admin/people/<login>")
@permission(Permission.ADMIN)
def person(login: str) -> str:
    return _person(login, "")


@pages.post("/admin/people/<login>/role")
@permission(Permission.ADMIN)
def set_role(login: str) -> forms.Answer:
    given = _given()

    def do() -> None:
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            administration.set_role(
                connection,
                caller(),
                _by(),
                login,
                _role(given["role"]),
                venues=given["venues"].split(),
                area=given["area"] or None,
            )

    done = ("Đã đổi; người đó đăng nhập lại.", "Changed; they sign in again.")
    return forms.take(do, done=done, to=_at(login), again=lambda problem: _person(login, problem))


@pages.post("/admin/people/<login>/<what>")
@permission(Permission.ADMIN)
def act(login: str, what: str) -> forms.Answer | str:
    """One of `ACTS`; or a new password, shown this once."""
    if what == "reset-password":
        return _reset_password(login)
    if what not in ACTS:
        raise NotKnown(f"{what[:40]!r}: không có / no such thing to do")
    do, *done = ACTS[what]

    def change() -> None:
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            do(connection, caller(), _by(), login)

    return forms.take(
        change,
        done=(done[0], done[1]),
        to=_at(login),
        again=lambda problem: _person(login, problem),
    )


def role_words(role: str) -> str:
    """A role's name; one of a newer release stands as it is."""
    return say(*ROLES[Role(role)]) if role in set(Role) else role


def role_options() -> list[tuple[str, str]]:
    return [(role.value, say(*ROLES[role])) for role in Role]


def state_of(account: Any) -> tuple[str, str]:
    """Words and kind of badge."""
    state = "active"
    if account.disabled_at is not None:
        state = "disabled"
    elif account.must_change_password:
        state = "waiting"
    vi, en, kind = STATE_WORDS[state]
    return say(vi, en), kind


def _reset_password(login: str) -> forms.Answer | str:
    password = passwords.one_time()
    hashed = site().door.passwords.hash(password)
    done: list[str] = []

    def do() -> None:
        with site().engine.execution_options(**database.WRITES).begin() as connection:
            administration.reset_password(connection, caller(), _by(), login, hashed)
        done.append(login)

    answer = forms.take(do, done=None, to="", again=lambda problem: _person(login, problem))
    return _password(login, password, new=False) if done else answer


def _role(text: str) -> Role:
    if text not in set(Role):
        raise BadAccount("hãy chọn vai trò / please choose a role")
    return Role(text)


def _by() -> By:
    return By(caller().name, site().now_ms())


def _given() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in _FIELDS}


def _at(login: str) -> str:
    return url_for("admin_people.person", login=login)


def _new(problem: str) -> str:
    return render_template(
        "admin_person_new.html", given=_given(), roles=role_options(), problem=problem
    )


def _person(login: str, problem: str) -> str:
    with site().engine.connect() as connection:
        found = administration.person(connection, caller(), login, now=site().now())
    account = found.account
    given = _given() if request.method == "POST" and request.form.get("role") else None
    return render_template(
        "admin_person.html",
        found=found,
        account=account,
        role=role_words(account.role),
        state=state_of(account),
        roles=role_options(),
        given=given
        or {
            "role": account.role,
            "area": account.area or "",
            "venues": " ".join(account.venues),
        },
        own=login == caller().name,
        problem=problem,
    )


def _password(login: str, password: str, *, new: bool) -> str:
    return render_template("admin_password.html", login=login, password=password, new=new)
