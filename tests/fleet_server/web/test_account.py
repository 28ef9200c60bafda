"""One's own account: first sign-in, password, second factor, recovery codes, browsers."""

import base64
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from fleet_server import database
from fleet_server.auth import accounts
from fleet_server.auth.accounts import By
from fleet_server.auth.permissions import Role
from fleet_server.models import Account, AuditEntry, RecoveryCode
from tests.fleet_server.people import (
    NOW,
    PASSWORD,
    World,
    add_account,
    code_at,
    code_of,
    sign_in,
    signed_in,
    submit,
    token_of,
)

SET_UP = "/account/second-factor"
NEW = "mười hai cây cau xanh"


def change(client: FlaskClient, old: str = PASSWORD, new: str = NEW, again: str = "") -> int:
    form = {"old": old, "new": new, "again": again or new}
    return submit(client, "/account/password", form, page="/account/password").status_code


def shown_secret(client: FlaskClient) -> bytes:
    found = re.search(r"<p><code>([A-Z2-7 ]+)</code></p>", client.get(SET_UP).text)
    assert found is not None
    return base64.b32decode(found[1].replace(" ", ""))


def shown_codes(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z2-7-]+)</code></li>", page)


def on_record(world: World) -> list[str]:
    with world.engine.connect() as connection:
        query = select(AuditEntry.action).where(AuditEntry.action.like("account.%"))
        return [
            action.removeprefix("account.")
            for action in connection.scalars(query.order_by(AuditEntry.id))
            if action != "account.created"
        ]


def test_a_first_sign_in_changes_password_then_sets_up_codes_and_only_then_goes_on(
    world: World,
) -> None:
    client = world.stranger()
    sign_in(client, add_account(world.app, Role.TRACER, login="lan", ready=False))
    for path in ("/", "/account", SET_UP, "/venues/cho-mau/log"):
        assert client.get(path).location == "/account/password"
    assert change(client) == 303
    for path in ("/", "/account", "/account/password", "/venues/cho-mau/log"):
        assert client.get(path).location == SET_UP
    secret = shown_secret(client)
    wrong = submit(client, SET_UP, {"code": "000000"})
    assert wrong.status_code == 400
    code = code_of(world.app, secret)
    done = submit(client, SET_UP, {"code": code})
    assert done.status_code == 200
    assert len(shown_codes(done.text)) == 10
    assert client.get("/venues/cho-mau/log").status_code == 200
    assert on_record(world) == ["password_changed", "second_factor_set_up"]


def test_until_then_nothing_else_can_be_done_not_even_by_hand(world: World) -> None:
    client = world.stranger()
    sign_in(client, add_account(world.app, Role.TRACER, login="lan", ready=False))
    token = token_of(client)
    for path in ("/account/sessions/end-others", "/account/language", "/account/recovery-codes"):
        answer = client.post(
            path,
            data={"csrf_token": token, "language": "en"},
            headers={"Origin": "http://localhost"},
        )
        assert (answer.status_code, answer.location) == (303, "/account/password")


def test_a_manager_needs_no_telephone_and_may_use_one(world: World) -> None:
    client = world.stranger()
    login = add_account(world.app, Role.VENUE_MANAGER, venues=["cho-mau"])
    sign_in(client, login)
    assert client.get("/venues/cho-mau").status_code == 200
    secret = shown_secret(client)
    form = {"code": code_of(world.app, secret)}
    assert submit(client, SET_UP, form).status_code == 200
    other = world.stranger()
    answer = submit(other, "/sign-in", {"name": login, "password": PASSWORD})
    assert answer.location == "/sign-in/code"
    # The code it was confirmed with is spent.
    assert submit(other, "/sign-in/code", form).status_code == 403
    later = {"code": code_of(world.app, secret, later_s=30)}
    assert submit(other, "/sign-in/code", later).status_code == 303


def test_the_secret_stays_the_same_until_it_is_confirmed_and_is_sealed(world: World) -> None:
    client = signed_in(world.stranger(), Role.VISITOR_DESK)
    secret = shown_secret(client)
    assert shown_secret(client) == secret
    assert shown_secret(signed_in(world.stranger(), Role.VISITOR_DESK)) != secret
    submit(client, SET_UP, {"code": code_of(world.app, secret)})
    with world.engine.connect() as connection:
        stored = connection.execute(select(Account.__table__)).all()
        assert any(row.totp_secret for row in stored)
        assert secret not in b"".join(row.totp_secret or b"" for row in stored)


def test_the_symbol_is_drawn_in_the_page_without_style_or_script(world: World) -> None:
    text = signed_in(world.stranger(), Role.TRACER).get(SET_UP).text
    assert "<svg" in text
    assert not re.search(r"<style|\bstyle=|<script|\bon\w+=", text)


def test_another_telephone_takes_the_password_and_voids_the_first(world: World) -> None:
    client = signed_in(world.stranger(), Role.TRACER)
    secret = shown_secret(client)
    code = code_of(world.app, secret)
    for password in ("", "wrong"):
        form = {"code": code, "password": password}
        assert submit(client, SET_UP, form).status_code == 400
    form = {"code": code, "password": PASSWORD}
    assert submit(client, SET_UP, form).status_code == 200
    other = world.stranger()
    login = "tracer-0"
    submit(other, "/sign-in", {"name": login, "password": PASSWORD})
    first = {"code": code_of(world.app, later_s=30)}
    assert submit(other, "/sign-in/code", first).status_code == 403
    new = {"code": code_at(secret, NOW + 30)}
    assert submit(other, "/sign-in/code", new).status_code == 303


def test_recovery_codes_are_made_anew_for_the_password_and_shown_once(world: World) -> None:
    client = signed_in(world.stranger(), Role.TRACER)
    path = "/account/recovery-codes"
    assert submit(client, path, {"password": "wrong"}).status_code == 400
    page = submit(client, path, {"password": PASSWORD}).text
    codes = shown_codes(page)
    assert len(codes) == 10
    for again in ("/account", SET_UP, "/"):
        assert not any(code in client.get(again).text for code in codes)
    assert "10" in client.get("/account").text
    with world.engine.connect() as connection:
        assert len(connection.execute(select(RecoveryCode.id)).all()) == 10
    assert on_record(world) == ["recovery_codes_renewed"]


def test_without_a_second_factor_there_is_nothing_to_recover(world: World) -> None:
    client = signed_in(world.stranger(), Role.VISITOR_DESK)
    answer = submit(client, "/account/recovery-codes", {"password": PASSWORD})
    assert answer.status_code == 400
    assert "Chưa có mã thứ hai" in answer.text


def test_a_changed_password_signs_every_other_browser_out(world: World) -> None:
    client, other = world.stranger(), world.stranger()
    login = add_account(world.app, Role.VISITOR_DESK)
    sign_in(client, login)
    sign_in(other, login)
    before = client.get_cookie("tram")
    assert change(client) == 303
    after = client.get_cookie("tram")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 302
    assert submit(other, "/sign-in", {"name": login, "password": PASSWORD}).status_code == 403
    sign_in(other, login, NEW)


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "Mật khẩu hiện tại không đúng"),
        (PASSWORD, NEW, NEW + "x", "không giống nhau"),
        (PASSWORD, "short", "short", "12 đến 200"),
        (PASSWORD, PASSWORD, PASSWORD, "phải khác"),
        (PASSWORD, "visitor-desk-0 xyz", "visitor-desk-0 xyz", "dễ đoán"),
    ],
)
def test_a_password_that_cannot_be_taken_is_refused_in_words(
    world: World, old: str, new: str, again: str, said: str
) -> None:
    client = signed_in(world.stranger(), Role.VISITOR_DESK)
    form = {"old": old, "new": new, "again": again}
    answer = submit(client, "/account/password", form)
    assert answer.status_code == 400
    assert said in answer.text
    sign_in(world.stranger(), "visitor-desk-0")


def test_the_present_password_is_guessed_at_ten_times_and_then_not_for_a_while(
    world: World,
) -> None:
    client = signed_in(world.stranger(), Role.VISITOR_DESK)
    for _ in range(10):
        assert change(client, old="wrong") == 400
    assert change(client) == 429


def test_browsers_are_listed_and_ended_one_by_one_or_all_others(world: World) -> None:
    login = add_account(world.app, Role.VISITOR_DESK)
    mine, phone, tablet, forgotten = (world.stranger() for _ in range(4))
    agent = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0"
    phone.environ_base["HTTP_USER_AGENT"] = agent
    for client in (phone, tablet, forgotten, mine):
        sign_in(client, login)
    page = mine.get("/account").text
    assert "Firefox, Android" in page
    numbers = re.findall(r'action="/account/sessions/(\d+)/end"', page)
    assert len(numbers) == 3
    assert submit(mine, f"/account/sessions/{min(numbers)}/end").status_code == 303
    assert phone.get("/account").status_code == 302
    assert tablet.get("/account").status_code == 200
    assert submit(mine, "/account/sessions/end-others").status_code == 303
    for client in (tablet, forgotten):
        assert client.get("/account").status_code == 302
    assert mine.get("/account").status_code == 200
    assert on_record(world) == ["session_ended", "other_sessions_ended"]


def test_nobody_ends_another_persons_browser(world: World) -> None:
    victim = signed_in(world.stranger(), Role.VISITOR_DESK)
    stranger = signed_in(world.stranger(), Role.VISITOR_DESK)
    assert submit(stranger, "/account/sessions/1/end").status_code == 303
    assert victim.get("/account").status_code == 200
    assert on_record(world) == []


def test_a_change_of_role_counts_at_once(world: World) -> None:
    client = signed_in(world.stranger(), Role.TRACER)
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        accounts.set_role(connection, By("root", NOW * 1000), "tracer-0", Role.AUDITOR)
    assert client.get("/venues/cho-mau/log").status_code == 302
    world.clock.now += 30
    sign_in(client, "tracer-0")
    assert client.get("/venues/cho-mau/log").status_code == 403


def test_the_language_chosen_comes_along_to_every_browser(world: World) -> None:
    login = add_account(world.app, Role.VISITOR_DESK)
    client, other = world.stranger(), world.stranger()
    sign_in(client, login)
    assert submit(client, "/account/language", {"language": "xx"}).status_code == 400
    assert submit(client, "/account/language", {"language": "en"}).status_code == 303
    sign_in(other, login)
    for browser in (client, other):
        assert '<html lang="en">' in browser.get("/").text
