"""Default deny, scopes, and what a browser may and may not do."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from fleet_server import database
from fleet_server.auth import tokens
from fleet_server.auth.attempts import LIMIT, WINDOW_S
from fleet_server.auth.permissions import Permission
from fleet_server.models import AccessToken
from fleet_server.settings import Settings
from fleet_server.web import access
from fleet_server.web.access import Undeclared, access_of
from fleet_server.web.app import create_app
from tests.fleet_server.people import ORIGIN, World

PUBLIC = {"sign_in.page", "sign_in.enter", "sign_in.leave", "health.page", "static"}
PUBLIC |= {"api_v1.document"}


def test_a_view_that_declares_nothing_keeps_the_application_from_starting() -> None:
    app = Flask("forgotten", static_folder=None)
    app.add_url_rule("/names", "names", lambda: "all names")
    with pytest.raises(Undeclared, match=r"view names \(/names\) declares neither"):
        access.guard(app)


def test_a_public_view_must_say_why() -> None:
    app = Flask("forgotten", static_folder=None)
    app.add_url_rule("/names", "names", access.public("")(lambda: "all names"))
    with pytest.raises(Undeclared):
        access.guard(app)


def test_every_view_declares_who_may_call_it_and_few_are_public(world: World) -> None:
    declared = {name: access_of(view) for name, view in world.app.view_functions.items()}
    assert {name for name, found in declared.items() if found and not found.permission} == PUBLIC
    used = {found.permission for found in declared.values() if found and found.permission}
    assert used == set(Permission)


def test_a_stranger_is_shown_the_way_in_and_nothing_else(world: World) -> None:
    stranger = world.stranger()
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint in PUBLIC:
            continue
        path = re.sub(r"<\w+>", "cho-mau", re.sub(r"<int:\w+>", "1", rule.rule))
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        answer = stranger.open(path, method=method, headers=ORIGIN)
        if path.startswith("/api/"):
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.content_type == "application/problem+json"
        else:
            assert (answer.status_code, answer.location) == (302, "/sign-in")


def test_a_manager_sees_only_the_own_venue(world: World) -> None:
    browser = world.browser("manager")
    assert browser.get("/venues/cho-mau/log").status_code == 200
    for path in ("/venues/truong-mau/log", "/venues/truong-mau/log/new?after=0"):
        there, nowhere = browser.get(path), browser.get(path.replace("truong-mau", "khong-co"))
        assert there.status_code == nowhere.status_code == 404
        assert there.text.replace("truong-mau", "khong-co") == nowhere.text
    answer = world.stranger().get(
        "/api/v1/venues/truong-mau/scans", headers=world.bearer("manager")
    )
    assert answer.status_code == 404


def test_those_who_run_the_fleet_see_no_visitor(world: World) -> None:
    browser = world.browser("operator")
    assert browser.get("/").status_code == 200
    assert "cho-mau" not in browser.get("/").text
    assert browser.get("/venues/cho-mau/log").status_code == 403


def test_only_tracers_ask_who_was_exposed(world: World) -> None:
    path = "/api/v1/trace/contacts?visitor=P1&from=0&to=1"
    for who, status in {"manager": 403, "operator": 403, "tracer": 404}.items():
        assert world.stranger().get(path, headers=world.bearer(who)).status_code == status


def test_a_cookie_opens_no_api_and_a_header_no_page(world: World) -> None:
    assert world.browser("tracer").get("/api/v1/venues/cho-mau/scans").status_code == 401
    answer = world.stranger().get("/venues/cho-mau/log", headers=world.bearer("tracer"))
    assert answer.status_code == 302


def test_signing_in_sets_a_cookie_no_script_and_no_other_site_can_use(world: World) -> None:
    client = world.stranger()
    answer = client.post("/sign-in", data={"code": f" {world.codes['manager']}\n"}, headers=ORIGIN)
    assert (answer.status_code, answer.location) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert world.codes["manager"] not in cookie


def test_a_wrong_code_is_refused_in_words(world: World) -> None:
    answer = world.stranger().post("/sign-in", data={"code": "tram_no"}, headers=ORIGIN)
    assert answer.status_code == 403
    assert "Mã này không đúng" in answer.text
    answer = world.stranger().post("/sign-in?lang=en", data={"code": "x"}, headers=ORIGIN)
    assert "This code is wrong" in answer.text


def test_a_revoked_token_signs_its_browsers_out(world: World) -> None:
    browser = world.browser("manager")
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        token_id = connection.scalar(select(AccessToken.id).where(AccessToken.name == "manager"))
        assert token_id is not None
        tokens.revoke(connection, token_id, now=int(world.clock.now))
    assert browser.get("/").location == "/sign-in"


def test_an_expired_token_signs_its_browsers_out(world: World) -> None:
    browser = world.browser("manager")
    world.clock.now += 31 * 86_400
    assert browser.get("/").location == "/sign-in"


def test_leaving_forgets_the_browser(world: World) -> None:
    browser = world.browser("manager")
    assert browser.post("/sign-out", headers=ORIGIN).status_code == 303
    assert browser.get("/").location == "/sign-in"


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null"}, {"Origin": "http://localhost.evil.example"}]
)
def test_a_form_of_another_site_is_refused(world: World, headers: dict[str, str]) -> None:
    data = {"code": world.codes["manager"]}
    answer = world.stranger().post("/sign-in", data=data, headers=headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert world.browser("manager").post("/sign-out", headers=headers).status_code == 403


def test_after_too_many_wrong_codes_an_address_waits(world: World) -> None:
    client = world.stranger()
    for _ in range(LIMIT):
        assert client.post("/sign-in", data={"code": "x"}, headers=ORIGIN).status_code == 403
    answer = client.post("/sign-in", data={"code": world.codes["manager"]}, headers=ORIGIN)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == WINDOW_S
    api = client.get("/api/v1/venues/cho-mau/scans", headers=world.bearer("manager"))
    assert (api.status_code, api.content_type) == (429, "application/problem+json")
    world.clock.now += WINDOW_S
    assert (
        client.post("/sign-in", data={"code": world.codes["manager"]}, headers=ORIGIN).status_code
        == 303
    )


def test_every_answer_tells_browsers_what_not_to_do(world: World) -> None:
    client = world.stranger()
    for path in ("/sign-in", "/static/tram.css", "/nowhere", "/api/v1/openapi.json", "/healthz"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert ("no-store" in headers["Cache-Control"]) == (not path.startswith("/static"))


def test_no_page_holds_script_or_style_of_its_own(world: World) -> None:
    browser = world.browser("tracer")
    for path in ("/", "/sign-in", "/venues/cho-mau/log", "/nowhere"):
        text = browser.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r"<style|\bstyle=|\bon\w+=", text)


def test_errors_are_pages_in_words_without_a_trace(world: World) -> None:
    @access.public("breaks on purpose")
    def broken() -> str:
        raise RuntimeError("the secret inside")

    world.app.add_url_rule("/broken", "broken", broken)
    answer = world.stranger().get("/broken")
    assert answer.status_code == 500
    assert "Có lỗi ở máy chủ" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "Not found" in world.stranger().get("/nowhere?lang=en").text
    assert world.stranger().get("/nowhere").status_code == 404
    assert world.stranger().delete("/sign-in", headers=ORIGIN).status_code == 405


def test_a_request_that_is_too_long_is_refused(world: World) -> None:
    answer = world.stranger().post("/sign-in", data={"code": "x" * 100_000}, headers=ORIGIN)
    assert answer.status_code == 413


def test_the_language_chosen_is_kept(world: World) -> None:
    client = world.stranger()
    assert '<html lang="vi">' in client.get("/sign-in").text
    assert '<html lang="en">' in client.get("/sign-in?lang=en").text
    assert '<html lang="en">' in client.get("/sign-in").text
    assert '<html lang="vi">' in client.get("/sign-in?lang=vi").text
    assert '<html lang="vi">' in client.get("/sign-in?lang=%22%3E").text


def test_the_server_says_whether_it_is_alive(world: World) -> None:
    assert world.stranger().get("/healthz").json == {"ok": True}


def test_without_its_database_it_says_so_and_nothing_of_the_database(tmp_path: Path) -> None:
    away = f"sqlite:///{tmp_path}/nowhere/fleet.sqlite3"
    app = create_app(Settings(home=str(tmp_path), database_url=away))
    for path in ("/healthz", "/api/v1/trace/contacts"):
        answer = app.test_client().get(path, headers={"Authorization": "Bearer tram_x"})
        assert answer.status_code == 503
        assert "nowhere" not in answer.text
        assert "sqlite" not in answer.text.lower()
