"""Signing in at pages: password, second factor, what is counted, noted, and never told."""

import json
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from fleet_server import database
from fleet_server.auth import accounts, second_factor
from fleet_server.auth.accounts import By
from fleet_server.auth.attempts import PER_ADDRESS, PER_LOGIN, PER_SECOND_FACTOR
from fleet_server.auth.permissions import SECOND_FACTOR_ROLES, Role
from fleet_server.auth.sessions import SEEN_EVERY_S, WAITING_S
from fleet_server.models import Account, AuditEntry, BrowserSession
from fleet_server.settings import Accounts, Settings, Web
from fleet_server.web.app import create_app
from tests.fleet_server.people import (
    CHEAP,
    NOW,
    ORIGIN,
    PASSWORD,
    SECRET,
    World,
    add_account,
    code_of,
    sign_in,
    signed_in,
    site_of,
    submit,
    token_of,
)

BY = By("root", NOW * 1000)


def lan(world: World, role: Role = Role.VENUE_MANAGER, *, ready: bool = True) -> str:
    venues = ["cho-mau"] if role is Role.VENUE_MANAGER else []
    return add_account(world.app, role, login="lan", venues=venues, ready=ready)


def attempt(client: FlaskClient, login: str = "lan", password: str = PASSWORD) -> int:
    return submit(client, "/sign-in", {"name": login, "password": password}).status_code


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def sign_ins(world: World) -> list[tuple[str, str, str, str]]:
    with world.engine.connect() as connection:
        query = select(AuditEntry.actor, AuditEntry.action, AuditEntry.subject, AuditEntry.detail)
        query = query.where(AuditEntry.action.like("sign_in.%")).order_by(AuditEntry.id)
        return [(*row[:3], json.loads(row[3])["by"]) for row in connection.execute(query)]


def session_cookie(client: FlaskClient) -> str:
    found = client.get_cookie("tram")
    assert found is not None
    return found.value


def test_name_and_password_open_the_start_page(world: World) -> None:
    client = world.stranger()
    lan(world)
    answer = submit(client, "/sign-in", {"name": " LAN ", "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/", follow_redirects=True).request.path == "/venues/cho-mau"


def test_the_cookie_is_for_this_site_only_and_holds_no_secret(world: World) -> None:
    client = world.stranger()
    answer = submit(client, "/sign-in", {"name": lan(world), "password": PASSWORD})
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


def test_under_tls_cookies_are_bound_to_host_and_encryption(world: World) -> None:
    web = Web(certificate="web.crt", key="web.key")
    settings = Settings(home="/none", database_url="sqlite:////x", accounts=CHEAP, web=web)
    app = create_app(settings, engine=world.engine, session_key=b"k" * 32, clock=world.clock)
    client, base = app.test_client(), "https://localhost"
    lan(world)
    page = client.get("/sign-in", base_url=base)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    form = {"name": "lan", "password": PASSWORD, "csrf_token": token[1]}
    headers = {"Origin": base, "Referer": f"{base}/sign-in"}
    answer = client.post("/sign-in", data=form, base_url=base, headers=headers)
    assert answer.status_code == 303, answer.text
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-tram")
        assert "Secure" in cookie


def test_behind_a_proxy_it_is_the_reader_who_is_counted_and_tls_is_known(world: World) -> None:
    settings = Settings(
        home="/none", database_url="sqlite:////x", accounts=CHEAP, web=Web(proxy=True)
    )
    app = create_app(settings, engine=world.engine, session_key=b"k" * 32, clock=world.clock)
    lan(world)

    def status(address: str, login: str, password: str) -> int:
        client, origin = app.test_client(), "https://tram.example"
        sent = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "tram.example"}
        sent |= {"X-Forwarded-For": address, "Origin": origin, "Referer": f"{origin}/sign-in"}
        page = client.get("/sign-in", headers=sent)
        cookie = page.headers["Set-Cookie"]
        assert cookie.startswith("__Host-tram=")
        assert "Secure" in cookie
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None
        form = {"name": login, "password": password, "csrf_token": token[1]}
        sent["Cookie"] = cookie.partition(";")[0]
        return client.post("/sign-in", data=form, headers=sent).status_code

    for number in range(PER_ADDRESS.most):
        assert status("192.0.2.7", f"name-{number}", "wrong") == 403
    assert status("192.0.2.7", "lan", PASSWORD) == 429
    assert status("192.0.2.8", "lan", PASSWORD) == 303


def test_signing_in_gives_the_browser_a_new_id(world: World) -> None:
    client = world.stranger()
    token_of(client)
    before = session_cookie(client)
    sign_in(client, lan(world))
    first = session_cookie(client)
    assert first != before
    sign_in(client, "lan")
    assert session_cookie(client) != first


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("lan", "wrong password"),
        ("nobody", PASSWORD),
        ("", ""),
        ("lan\x00", PASSWORD),
        ("x" * 999, "x"),
    ],
    ids=["password", "name", "nothing", "nul", "long"],
)
def test_what_is_wrong_is_told_in_the_same_words(world: World, login: str, password: str) -> None:
    lan(world)
    client = world.stranger()
    answer = submit(client, "/sign-in", {"name": login, "password": password})
    assert answer.status_code == 403
    assert "Tên hoặc mật khẩu không đúng" in answer.text
    assert not is_in(client)
    answer = submit(client, "/sign-in?lang=en", {"name": login, "password": password})
    assert "Name or password is wrong" in answer.text


def test_a_disabled_account_is_told_the_same_and_its_browsers_are_out(world: World) -> None:
    client = world.stranger()
    sign_in(client, lan(world))
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        accounts.disable(connection, BY, "lan")
    assert not is_in(client)
    assert attempt(world.stranger()) == 403
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        accounts.enable(connection, BY, "lan")
    assert not is_in(client)
    assert attempt(world.stranger()) == 303


def test_an_access_code_is_no_way_in(world: World) -> None:
    client = world.stranger()
    code = world.codes["manager"]
    for form in ({"code": code}, {"name": "manager", "password": code}):
        assert submit(client, "/sign-in", form).status_code == 403
    assert not is_in(client)


@pytest.mark.parametrize("role", sorted(SECOND_FACTOR_ROLES))
def test_tracers_and_above_give_a_code_too(world: World, role: Role) -> None:
    client = world.stranger()
    assert attempt(client, lan(world, role)) == 303
    assert not is_in(client)
    answer = submit(client, "/sign-in/code", {"code": "000000"})
    assert answer.status_code == 403
    assert "Mã không đúng" in answer.text
    assert not is_in(client)
    assert submit(client, "/sign-in/code", {"code": code_of(world.app)}).location == "/"
    assert is_in(client)


def test_a_code_is_not_taken_twice(world: World) -> None:
    lan(world, Role.TRACER)
    first, second = world.stranger(), world.stranger()
    assert attempt(first) == attempt(second) == 303
    code = code_of(world.app)
    assert submit(first, "/sign-in/code", {"code": code}).status_code == 303
    assert submit(second, "/sign-in/code", {"code": code}).status_code == 403
    later = code_of(world.app, later_s=30)
    assert submit(second, "/sign-in/code", {"code": later}).status_code == 303


def test_a_code_alone_opens_nothing(world: World) -> None:
    lan(world, Role.TRACER)
    client = world.stranger()
    assert client.get("/sign-in/code").location == "/sign-in"
    answer = submit(client, "/sign-in/code", {"code": code_of(world.app)})
    assert answer.location == "/sign-in"
    assert not is_in(client)


def test_the_second_step_is_waited_for_five_minutes(world: World) -> None:
    client = world.stranger()
    attempt(client, lan(world, Role.TRACER))
    world.clock.now += WAITING_S
    assert submit(client, "/sign-in/code", {"code": code_of(world.app)}).location == "/sign-in"
    assert not is_in(client)


def test_codes_are_guessed_at_five_times_and_then_not_for_a_while(world: World) -> None:
    client = world.stranger()
    attempt(client, lan(world, Role.TRACER))
    for _ in range(PER_SECOND_FACTOR.most):
        assert submit(client, "/sign-in/code", {"code": "000000"}).status_code == 403
    right = {"code": code_of(world.app)}
    assert submit(client, "/sign-in/code", right).status_code == 429
    world.clock.now += PER_SECOND_FACTOR.window_s
    assert attempt(client) == 303
    assert submit(client, "/sign-in/code", {"code": code_of(world.app)}).status_code == 303


def test_a_recovery_code_stands_in_for_the_telephone_once(world: World) -> None:
    lan(world, Role.TRACER)
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        account_id = accounts.find(connection, "lan")
        codes = second_factor.new_recovery_codes(connection, account_id)
    for status in (303, 403):
        client = world.stranger()
        attempt(client)
        assert "recovery" in client.get("/sign-in/code?with=recovery").text
        form = {"code": codes[0], "with": "recovery"}
        assert submit(client, "/sign-in/code", form).status_code == status
        assert is_in(client) == (status == 303)
    assert sign_ins(world)[0] == ("lan", "sign_in.entered", "lan", "recovery")


def test_after_too_many_failures_a_name_must_wait_from_wherever(world: World) -> None:
    lan(world)
    clients = [world.stranger() for _ in range(PER_LOGIN.most + 1)]
    for number, client in enumerate(clients[:-1]):
        client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        assert attempt(client, password="wrong") == 403
    answer = submit(clients[-1], "/sign-in", {"name": "lan", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == PER_LOGIN.window_s
    assert "Thử quá nhiều lần" in answer.text
    world.clock.now += PER_LOGIN.window_s
    assert attempt(clients[-1]) == 303


def test_after_too_many_failures_an_address_must_wait_whatever_the_name(world: World) -> None:
    client = world.stranger()
    for number in range(PER_ADDRESS.most):
        assert attempt(client, f"name-{number}", "wrong") == 403
    assert attempt(client, lan(world)) == 429
    elsewhere = world.stranger()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.1"
    assert attempt(elsewhere) == 303


def test_no_stranger_keeps_out_a_browser_that_was_in_before(world: World) -> None:
    client, stranger = world.stranger(), world.stranger()
    sign_in(client, lan(world))
    client.post("/sign-out", data={"csrf_token": token_of(client)}, headers=ORIGIN)
    for _ in range(PER_ADDRESS.most):
        attempt(stranger, password="wrong")
    assert attempt(stranger) == 429
    assert attempt(client) == 303


def test_a_browser_that_was_in_is_counted_too_and_only_for_its_own_name(world: World) -> None:
    client = world.stranger()
    sign_in(client, lan(world))
    for _ in range(PER_LOGIN.most):
        assert attempt(client, password="wrong") == 403
    assert attempt(client) == 429
    add_account(world.app, Role.VISITOR_DESK, login="mai")
    for number in range(PER_LOGIN.most):
        stranger = world.stranger()
        stranger.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        attempt(stranger, "mai", "wrong")
    assert attempt(client, "mai") == 429


def test_success_is_not_counted(world: World) -> None:
    lan(world)
    for _ in range(PER_ADDRESS.most + 1):
        assert attempt(world.stranger()) == 303


def test_every_sign_in_and_every_failure_is_on_record_without_what_was_typed(world: World) -> None:
    lan(world, Role.TRACER)
    client = world.stranger()
    attempt(client, "lan", "a wrong password")
    attempt(client, "my-password-in-the-wrong-field", "x")
    attempt(client)
    submit(client, "/sign-in/code", {"code": "000000"})
    submit(client, "/sign-in/code", {"code": code_of(world.app)})
    submit(client, "/sign-out")
    assert sign_ins(world) == [
        ("lan", "sign_in.failed", "lan", "password"),
        ("?", "sign_in.failed", "", "password"),
        ("lan", "sign_in.failed", "lan", "second_factor"),
        ("lan", "sign_in.entered", "lan", "second_factor"),
        ("lan", "sign_in.left", "lan", "own wish"),
    ]
    with world.engine.connect() as connection:
        log = repr(connection.execute(select(AuditEntry.__table__)).all())
    assert "wrong" not in log
    assert PASSWORD not in log


def test_leaving_ends_the_session_itself(world: World) -> None:
    client, thief = world.stranger(), world.stranger()
    sign_in(client, lan(world))
    thief.set_cookie("tram", session_cookie(client))
    assert is_in(thief)
    assert submit(client, "/sign-out").status_code == 303
    assert not is_in(client)
    assert not is_in(thief)


def test_a_browser_is_out_without_use_and_after_twelve_hours(world: World) -> None:
    client = world.stranger()
    sign_in(client, lan(world))
    idle_s = CHEAP.idle_minutes * 60
    world.clock.now += idle_s - 1
    assert is_in(client)
    world.clock.now += idle_s - 1
    assert is_in(client)
    world.clock.now += idle_s
    assert not is_in(client)
    sign_in(client, "lan")
    begun = world.clock.now
    while world.clock.now < begun + CHEAP.session_hours * 3600 - idle_s:
        world.clock.now += idle_s - 1
        assert is_in(client)
    world.clock.now = begun + CHEAP.session_hours * 3600
    assert not is_in(client)


def test_use_is_written_down_once_a_minute_at_most(world: World) -> None:
    client = world.stranger()
    sign_in(client, lan(world))

    def seen() -> int | None:
        with world.engine.connect() as connection:
            return connection.scalar(select(BrowserSession.seen_at))

    world.clock.now += SEEN_EVERY_S - 1
    client.get("/")
    assert seen() == NOW
    world.clock.now += 1
    client.get("/")
    assert seen() == NOW + SEEN_EVERY_S


def test_a_password_hashed_at_a_lower_cost_is_hashed_anew(world: World) -> None:
    lan(world)
    dearer = Accounts(hash_memory_kib=16, hash_passes=1, hash_lanes=1)
    settings = Settings(home="/none", database_url="sqlite:////x", accounts=dearer)
    app = create_app(settings, engine=world.engine, session_key=b"k" * 32, clock=world.clock)
    sign_in(app.test_client(), "lan")
    with world.engine.connect() as connection:
        assert "m=16," in (connection.scalar(select(Account.password_hash)) or "")
    sign_in(app.test_client(), "lan")


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/venues/cho-mau/log?before=1-2", "/venues/cho-mau/log?before=1-2"),
        *(("//evil.example", "/"), ("https://evil.example/", "/"), ("/\\evil.example", "/")),
        *(("javascript:alert(1)", "/"), ("/a\nb", "/"), ("/\t/evil.example", "/"), ("", "/")),
        *(("/\\\\evil.example", "/"), ("evil.example", "/"), ("/x/\\evil", "/")),
    ],
)
def test_after_signing_in_one_is_led_where_one_wanted_to_go_and_never_elsewhere(
    world: World, wanted: str, led_to: str
) -> None:
    form = {"name": lan(world), "password": PASSWORD, "next": wanted}
    assert submit(world.stranger(), "/sign-in", form).location == led_to


def test_the_way_there_survives_the_second_step(world: World) -> None:
    client = world.stranger()
    answer = client.get("/venues/cho-mau/log")
    assert answer.location == "/sign-in?next=/venues/cho-mau/log"
    assert 'value="/venues/cho-mau/log"' in client.get(answer.location).text
    form = {"name": lan(world, Role.TRACER), "password": PASSWORD, "next": "/venues/cho-mau/log"}
    answer = submit(client, "/sign-in", form)
    assert 'value="/venues/cho-mau/log"' in client.get(answer.location).text
    form = {"code": code_of(world.app), "next": "/venues/cho-mau/log"}
    assert submit(client, "/sign-in/code", form).location == "/venues/cho-mau/log"


def test_a_link_from_elsewhere_does_not_cost_the_session(world: World) -> None:
    client = world.stranger()
    sign_in(client, lan(world))
    # The browser holds the cookie back: as a stranger, with the other cookies it has.
    stranger = world.stranger()
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    for path in ("/", "/sign-in"):
        answer = stranger.get(path, headers=headers)
        assert answer.status_code == 200
        assert '<meta http-equiv="refresh" content="0">' in answer.text
        assert not any(
            cookie.startswith("tram=") for cookie in answer.headers.getlist("Set-Cookie")
        )
    assert is_in(client)


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null"}, {"Origin": "http://localhost.evil.example"}]
)
def test_a_form_of_another_site_is_refused(world: World, headers: dict[str, str]) -> None:
    client = world.stranger()
    form = {"name": lan(world), "password": PASSWORD, "csrf_token": token_of(client)}
    assert client.post("/sign-in", data=form, headers=headers).status_code == 403
    assert not is_in(client)
    browser = signed_in(world.stranger(), Role.VISITOR_DESK)
    left = browser.post("/sign-out", data={"csrf_token": token_of(browser)}, headers=headers)
    assert left.status_code == 403
    assert is_in(browser)


@pytest.mark.parametrize("token", [None, "", "made-up"])
def test_a_form_without_our_token_is_refused_in_words(world: World, token: str | None) -> None:
    browser = signed_in(world.stranger(), Role.VISITOR_DESK)
    form = {} if token is None else {"csrf_token": token}
    for path in ("/sign-out", "/account/sessions/end-others", "/account/password"):
        answer = browser.post(path, data=form, headers=ORIGIN)
        assert answer.status_code == 403
        assert "hãy tải lại" in answer.text
    form = {"csrf_token": token_of(signed_in(world.stranger(), Role.VISITOR_DESK))}
    assert browser.post("/sign-out", data=form, headers=ORIGIN).status_code == 403
    assert is_in(browser)


def test_with_another_key_second_factors_do_not_open_and_it_says_so(world: World) -> None:
    lan(world, Role.TRACER)
    settings = site_of(world.app).settings
    app = create_app(settings, engine=world.engine, session_key=b"x" * 32, clock=world.clock)
    client = app.test_client()
    attempt(client)
    answer = submit(client, "/sign-in/code", {"code": code_of(world.app)})
    assert answer.status_code == 500
    assert SECRET.decode() not in answer.text


def test_a_role_of_a_newer_release_is_permitted_nothing(world: World) -> None:
    client = world.stranger()
    sign_in(client, lan(world))
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Account).values(role="oracle"))
    assert not is_in(client)
