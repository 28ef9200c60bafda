"""Administrators make accounts and mend them; nobody gets more than the giver has."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from fleet_server import database
from fleet_server.auth.permissions import Role
from fleet_server.fleet import areas
from fleet_server.models import Account, AuditEntry, BrowserSession, Venue
from tests.fleet_server.people import (
    PASSWORD,
    World,
    add_account,
    sign_in,
    signed_in,
    submit,
)
from tests.support.queries import counted


def administrator(world: World, area: str | None = None, login: str = "quan-tri") -> FlaskClient:
    return signed_in(world.stranger(), Role.ADMINISTRATOR, area=area, login=login)


def make_areas(world: World) -> None:
    """A province with a commune in which the market lies, and another province."""
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        for code, level, parent in (
            ("01", "province", None),
            ("00004", "commune", "01"),
            ("79", "province", None),
        ):
            areas.create(
                connection,
                code=code,
                name=f"Nơi {code}",
                level=level,
                parent=parent,
                at_ms=0,
                actor="t",
            )
        inside = areas.in_force(connection, "00004")
        connection.execute(update(Venue).where(Venue.ref == "cho-mau").values(area_id=inside))


def account(world: World, login: str) -> Account | None:
    with world.engine.connect() as connection:
        query = select(Account.__table__).where(Account.login == login)
        return connection.execute(query).one_or_none()  # type: ignore[return-value]


def last_line(world: World) -> AuditEntry:
    with world.engine.connect() as connection:
        query = select(AuditEntry.__table__).order_by(AuditEntry.id.desc()).limit(1)
        return connection.execute(query).one()  # type: ignore[return-value]


def password_in(page: str) -> str:
    found = re.search(r"<code>([a-z2-9]{4}(?:-[a-z2-9]{4}){3})</code>", page)
    assert found is not None, page
    return found[1]


def test_somebody_made_here_signs_in_with_the_password_shown_once(world: World) -> None:
    admin = administrator(world)
    answer = submit(
        admin, "/admin/people", {"login": "lan", "role": "visitor_desk", "name": "Chị Lan"}
    )
    password = password_in(answer.text)
    assert password not in admin.get("/admin/people/lan").text
    lan = world.stranger()
    sign_in(lan, "lan", password)
    assert lan.get("/").location == "/account/password"
    line = last_line(world)
    with world.engine.connect() as connection:
        by = connection.scalar(
            select(AuditEntry.actor)
            .where(AuditEntry.action == "account.created")
            .where(AuditEntry.subject == "lan")
        )
    assert by == "quan-tri"
    assert password not in str(line)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"login": "Lan!", "role": "tracer"}, "tên đăng nhập"),
        ({"login": "lan", "role": ""}, "hãy chọn vai trò"),
        ({"login": "lan", "role": "venue_manager"}, "từng địa điểm"),
        ({"login": "lan", "role": "tracer", "venues": "cho-mau"}, "hãy bỏ trống"),
        ({"login": "lan", "role": "venue_manager", "venues": "cho-la"}, "không có"),
        ({"login": "quan-tri", "role": "tracer"}, "đã có"),
    ],
)
def test_what_cannot_be_made_is_said_and_nothing_lost(
    world: World, given: dict[str, str], said: str
) -> None:
    answer = submit(administrator(world), "/admin/people", {**given, "name": "Tên Mẫu"})
    assert answer.status_code in (400, 404, 409)
    assert said in answer.text
    assert "Tên Mẫu" in answer.text
    assert account(world, "lan") is None


def test_the_list_is_narrowed_and_paged(world: World) -> None:
    admin = administrator(world)
    make_areas(world)
    add_account(world.app, Role.TRACER, login="truy-vet-ha-noi", area="00004")
    add_account(world.app, Role.VENUE_MANAGER, login="cho", venues=["cho-mau"])
    add_account(world.app, Role.TRACER, login="moi", ready=False)
    for query, inside, outside in (
        ("role=tracer", {"truy-vet-ha-noi", "moi"}, {"cho"}),
        ("area=01", {"truy-vet-ha-noi", "cho"}, {"moi"}),
        ("state=waiting", {"moi"}, {"cho"}),
        ("text=mau+TRUY-vet-ha", {"truy-vet-ha-noi"}, {"cho"}),
        ("text=HA-NOI", {"truy-vet-ha-noi"}, {"cho"}),
        ("text=%25", set(), {"cho"}),
    ):
        page = admin.get(f"/admin?{query}").text
        for login in inside:
            assert f"/admin/people/{login}" in page, query
        for login in outside:
            assert f"/admin/people/{login}" not in page, query
    assert admin.get("/admin?area=nowhere").status_code == 404


def test_the_list_asks_as_much_for_many_as_for_one(world: World) -> None:
    admin = administrator(world)
    with counted(world.engine) as few:
        admin.get("/admin")
    for number in range(60):
        add_account(world.app, Role.TRACER, login=f"nguoi-{number:02}")
    with counted(world.engine) as many:
        page = admin.get("/admin").text
    assert len(many) == len(few) <= 8
    assert 'rel="next"' in page
    assert "nguoi-59" in admin.get("/admin?offset=50").text


def test_roles_change_and_the_browsers_of_whom_it_concerns_are_out(world: World) -> None:
    admin = administrator(world)
    clerk = signed_in(world.stranger(), Role.VISITOR_DESK, login="lan")
    answer = submit(
        admin, "/admin/people/lan/role", {"role": "venue_manager", "venues": "cho-mau truong-mau"}
    )
    assert answer.status_code == 303
    found = account(world, "lan")
    assert found is not None
    assert found.role == "venue_manager"
    assert clerk.get("/").location.startswith("/sign-in")
    assert last_line(world).action == "account.role_changed"


@pytest.mark.parametrize(
    ("what", "action"),
    [
        ("disable", "account.disabled"),
        ("enable", "account.enabled"),
        ("reset-second-factor", "account.second_factor_reset"),
        ("end-sessions", "account.sessions_ended"),
        ("unlock", "account.unlocked"),
    ],
)
def test_what_is_done_is_on_record(world: World, what: str, action: str) -> None:
    admin = administrator(world)
    add_account(world.app, Role.TRACER, login="lan")
    assert submit(admin, f"/admin/people/lan/{what}").status_code == 303
    line = last_line(world)
    assert (line.actor, line.action, line.subject) == ("quan-tri", action, "lan")


def test_a_disabled_account_is_out_and_comes_back(world: World) -> None:
    admin = administrator(world)
    lan = signed_in(world.stranger(), Role.VISITOR_DESK, login="lan")
    submit(admin, "/admin/people/lan/disable")
    assert lan.get("/").location.startswith("/sign-in")
    assert "Đã khóa" in admin.get("/admin/people/lan").text
    submit(admin, "/admin/people/lan/enable")
    sign_in(lan, "lan")
    assert lan.get("/").status_code == 200


def test_a_reset_password_is_shown_once_and_the_old_one_opens_nothing(world: World) -> None:
    admin = administrator(world)
    add_account(world.app, Role.VISITOR_DESK, login="lan")
    password = password_in(submit(admin, "/admin/people/lan/reset-password").text)
    old = submit(world.stranger(), "/sign-in", {"name": "lan", "password": PASSWORD})
    assert old.status_code == 403
    sign_in(world.stranger(), "lan", password)


def test_somebody_who_mistyped_too_often_is_let_in_again(world: World) -> None:
    admin = administrator(world)
    add_account(world.app, Role.VISITOR_DESK, login="lan")
    lan = world.stranger()
    for _ in range(10):
        submit(lan, "/sign-in", {"name": "lan", "password": "không phải mật khẩu"})
    assert submit(lan, "/sign-in", {"name": "lan", "password": PASSWORD}).status_code == 429
    assert "Thử sai nhiều lần" in admin.get("/admin/people/lan").text
    submit(admin, "/admin/people/lan/unlock")
    sign_in(lan, "lan")


def test_somebody_who_mistyped_at_their_own_browser_is_let_in_again(world: World) -> None:
    admin = administrator(world)
    lan = signed_in(world.stranger(), Role.VISITOR_DESK, login="lan")
    submit(lan, "/sign-out", page="/")
    for _ in range(10):
        submit(lan, "/sign-in", {"name": "lan", "password": "không phải mật khẩu"})
    assert submit(lan, "/sign-in", {"name": "lan", "password": PASSWORD}).status_code == 429
    assert "Thử sai nhiều lần" in admin.get("/admin/people/lan").text
    submit(admin, "/admin/people/lan/unlock")
    sign_in(lan, "lan")


def test_nobody_changes_or_disables_themselves(world: World) -> None:
    admin = administrator(world)
    for path, data in (
        ("role", {"role": "tracer"}),
        ("disable", {}),
        ("reset-password", {}),
        ("reset-second-factor", {}),
    ):
        assert submit(admin, f"/admin/people/quan-tri/{path}", data).status_code == 403
    assert admin.get("/admin").status_code == 200


def test_the_last_administrator_stays(world: World) -> None:
    """Even where the one who acts was one a moment ago only."""
    from fleet_server.auth import administration
    from fleet_server.auth.accounts import BadAccount, By
    from fleet_server.auth.caller import Caller

    administrator(world)
    acting = Caller("nobody", Role.ADMINISTRATOR, frozenset())
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        with pytest.raises(BadAccount, match="last administrator"):
            administration.disable(connection, acting, By("nobody", 1), "quan-tri")
        with pytest.raises(BadAccount, match="last administrator"):
            administration.set_role(
                connection,
                acting,
                By("nobody", 1),
                "quan-tri",
                Role.AUDITOR,
                venues=(),
                area=None,
            )


def test_an_administrator_of_an_area_reaches_no_further(world: World) -> None:
    make_areas(world)
    administrator(world)
    add_account(world.app, Role.TRACER, login="trong", area="00004")
    add_account(world.app, Role.TRACER, login="ngoai", area="79")
    add_account(world.app, Role.VENUE_MANAGER, login="cho", venues=["cho-mau"])
    add_account(world.app, Role.VENUE_MANAGER, login="hai-noi", venues=["cho-mau", "truong-mau"])
    local = administrator(world, area="01", login="quan-tri-01")
    page = local.get("/admin").text
    assert {"trong", "cho", "quan-tri-01"} == set(
        re.findall(r"/admin/people/([a-z0-9-]+)\"", page)
    ) - {"new"}
    for login in ("ngoai", "hai-noi", "quan-tri"):
        assert local.get(f"/admin/people/{login}").status_code == 404
        assert submit(local, f"/admin/people/{login}/disable").status_code == 404
    for given in (
        {"role": "tracer"},
        {"role": "administrator"},
        {"role": "tracer", "area": "79"},
        {"role": "venue_manager", "venues": "cho-mau truong-mau"},
    ):
        answer = submit(local, "/admin/people", {"login": "moi", **given})
        assert answer.status_code == 403, given
        assert submit(local, "/admin/people/trong/role", given).status_code == 403, given
    mistyped = {"login": "moi", "role": "venue_manager", "venues": "nowhere"}
    answer = submit(local, "/admin/people?lang=en", mistyped)
    assert answer.status_code == 404
    assert re.findall(r"known are ([^<]+)</p>", answer.text) == ["cho-mau"]
    assert submit(local, "/admin/people", {"login": "moi", "role": "tracer", "area": "01"})
    assert account(world, "moi") is not None


def test_a_code_is_shown_once_and_revoked(world: World) -> None:
    admin = administrator(world)
    given = {"name": "Sở Y tế", "role": "tracer", "days": "7", "scope": "venue.log"}
    answer = submit(admin, "/admin/codes", given)
    found = re.search(r"<code>(tram_[^<]+)</code>", answer.text)
    assert found is not None
    page = admin.get("/admin/codes").text
    assert "Sở Y tế" in page
    assert found[1] not in page
    bearer = {"Authorization": f"Bearer {found[1]}"}
    log, trace = "/api/v1/venues/cho-mau/scans", "/api/v1/trace/contacts?visitor=P1&from=0&to=1"
    assert world.stranger().get(log, headers=bearer).status_code == 200
    assert world.stranger().get(trace, headers=bearer).status_code == 403
    number = re.search(r"№ (\d+)</span></th>", page)
    assert number is not None
    assert submit(admin, f"/admin/codes/{number[1]}/revoke").status_code == 303
    assert world.stranger().get(log, headers=bearer).status_code == 401
    assert last_line(world).action == "token.revoked"


@pytest.mark.parametrize(
    "given",
    [
        {"name": "", "role": "tracer", "days": "7"},
        {"name": "a", "role": "x", "days": "7"},
        {"name": "a", "role": "tracer", "days": "0"},
        {"name": "a", "role": "tracer", "days": "²"},
        {"name": "a", "role": "venue_manager", "days": "7"},
        {"name": "a", "role": "tracing_supervisor", "days": "7"},
        {"name": "a", "role": "tracer", "days": "7", "scope": "cases"},
        {"name": "a", "role": "tracer", "days": "7", "scope": "oracle"},
        {"name": "a", "role": "tracer", "days": "7", "scope": "admin"},
    ],
)
def test_a_code_that_cannot_be_is_not_made(world: World, given: dict[str, str]) -> None:
    answer = submit(administrator(world), "/admin/codes", given)
    assert answer.status_code == 400
    assert "tram_" not in answer.text


def test_codes_beyond_ones_area_are_as_good_as_unknown(world: World) -> None:
    make_areas(world)
    local = administrator(world, area="79", login="quan-tri-79")
    assert "manager" not in re.findall(r'<th scope="row">(\w+)', local.get("/admin/codes").text)
    assert submit(local, "/admin/codes/1/revoke").status_code == 404
    answer = submit(local, "/admin/codes", {"name": "a", "role": "tracer", "days": "7"})
    assert answer.status_code == 403


def test_whoever_is_changed_has_no_session_left(world: World) -> None:
    admin = administrator(world)
    signed_in(world.stranger(), Role.TRACER, login="lan")
    submit(admin, "/admin/people/lan/end-sessions")
    with world.engine.connect() as connection:
        left = connection.scalar(
            select(func.count())
            .select_from(BrowserSession)
            .join(Account, Account.id == BrowserSession.account_id)
            .where(Account.login == "lan")
        )
    assert left == 0
