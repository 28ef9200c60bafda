"""Default deny, scopes, and what a browser may and may not do."""

import html
import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from fleet_server import database
from fleet_server.auth import tokens
from fleet_server.auth.attempts import PER_ADDRESS
from fleet_server.auth.permissions import Permission, Role
from fleet_server.fleet import areas
from fleet_server.models import Venue
from fleet_server.settings import Settings
from fleet_server.web import access
from fleet_server.web.access import Undeclared, access_of
from fleet_server.web.app import create_app
from tests.fleet_server.people import CHEAP, NOW, ORIGIN, World, own_code, signed_in, token_of
from tests.support.world import one_venue

PUBLIC = {"sign_in.page", "sign_in.enter", "sign_in.leave", "health.page", "static"}
PUBLIC |= {"sign_in.code", "sign_in.enter_code"}
PUBLIC |= {"api_v1.document", "desk_privacy.page"}


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
    assert used <= set(Permission)


def test_a_stranger_is_shown_the_way_in_and_nothing_else(world: World) -> None:
    stranger = world.stranger()
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint in PUBLIC:
            continue
        path = re.sub(r"<\w+>", "cho-mau", re.sub(r"<int:\w+>", "1", rule.rule))
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        if method == "GET":
            answer = stranger.get(path)
        else:
            data = {"csrf_token": token_of(stranger)}
            answer = stranger.post(path, data=data, headers=ORIGIN)
        if path.startswith("/api/"):
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.content_type == "application/problem+json"
        else:
            assert answer.status_code == 302
            assert answer.location.partition("?")[0] == "/sign-in"


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


def test_a_manager_of_two_venues_sees_both(world: World) -> None:
    browser = signed_in(world.stranger(), Role.VENUE_MANAGER, venues=["cho-mau", "truong-mau"])
    one_venue(world.engine, ref="cho-khac", kiosk="cho-khac-1")
    start = browser.get("/").text
    assert "cho-mau" in start
    assert "truong-mau" in start
    assert "cho-khac" not in start
    for venue, status in (("cho-mau", 200), ("truong-mau", 200), ("cho-khac", 404)):
        assert browser.get(f"/venues/{venue}/log").status_code == status


def test_who_works_in_an_area_sees_its_venues_and_those_below_it_only(world: World) -> None:
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        for code, level, parent in (("01", "province", None), ("00001", "commune", "01")):
            areas.create(
                connection, code=code, name=code, level=level, parent=parent, at_ms=1, actor="t"
            )
        commune = areas.in_force(connection, "00001")
        connection.execute(update(Venue).where(Venue.ref == "cho-mau").values(area_id=commune))
    browser = signed_in(world.stranger(), Role.TRACER, area="01")
    assert "cho-mau" in browser.get("/").text
    assert "truong-mau" not in browser.get("/").text
    assert browser.get("/venues/cho-mau/log").status_code == 200
    assert browser.get("/venues/truong-mau/log").status_code == 404


def test_a_program_kept_to_a_scope_is_denied_the_rest_of_its_role(world: World) -> None:
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        code = tokens.create(
            connection,
            name="máy",
            role=Role.TRACER,
            venue=None,
            days=1,
            now=NOW,
            secret=b"x" * tokens.SECRET_BYTES,
            scopes=[Permission.VENUE_LOG],
        )
    bearer = {"Authorization": f"Bearer {code}"}
    for path, status in (("venues/cho-mau/scans", 200), ("cases", 403)):
        assert world.stranger().get(f"/api/v1/{path}", headers=bearer).status_code == status


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


def test_after_too_many_wrong_tokens_an_address_waits_and_a_right_one_never_does(
    world: World,
) -> None:
    client, path = world.stranger(), "/api/v1/venues/cho-mau/scans"
    wrong = {"Authorization": "Bearer tram_no"}
    for _ in range(PER_ADDRESS.most):
        assert client.get(path, headers=wrong).status_code == 401
    answer = client.get(path, headers=wrong)
    assert (answer.status_code, answer.content_type) == (429, "application/problem+json")
    assert int(answer.headers["Retry-After"]) == PER_ADDRESS.window_s
    assert client.get(path, headers=world.bearer("manager")).status_code == 200
    world.clock.now += PER_ADDRESS.window_s
    assert client.get(path, headers=wrong).status_code == 401


def test_what_takes_long_can_be_asked_for_only_so_often_a_minute(world: World) -> None:
    client, path = world.stranger(), "/api/v1/cases/CA-1/preview"
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        code = own_code(connection, "lan", Role.TRACER, secret=b"o" * tokens.SECRET_BYTES)
    bearer = {"Authorization": f"Bearer {code}"}
    most = CHEAP.costly_per_minute
    for _ in range(most):
        assert client.get(path, headers=bearer).status_code == 404
    answer = client.get(path, headers=bearer)
    assert (answer.status_code, answer.content_type) == (429, "application/problem+json")
    assert client.get("/api/v1/cases", headers=bearer).status_code == 200
    world.clock.now += 60
    assert client.get(path, headers=bearer).status_code == 404


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
    answer = world.stranger().post("/sign-in", data={"name": "x" * 100_000}, headers=ORIGIN)
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


def test_the_other_language_is_a_page_there_is_to_read(world: World) -> None:
    """Also where a form could not be taken, and its answer stands where only forms are sent to."""
    admin = signed_in(world.stranger(), Role.ADMINISTRATOR)

    def english(answer: TestResponse) -> str:
        (found,) = re.findall(r'href="([^"]+)" lang="en"', answer.text)
        return html.unescape(found)

    def failed(path: str, came: str) -> TestResponse:
        form = {"csrf_token": token_of(admin, "/admin"), "role": "none"}
        answer = admin.post(path, data=form, headers={**ORIGIN, "Referer": came})
        assert answer.status_code == 400
        return answer

    at = "http://localhost/admin/people/new"
    assert english(failed("/admin/people", at)) == "/admin/people/new?lang=en"
    assert english(failed("/admin/people", "http://localhost/admin/people")) == "/?lang=en"
    assert english(failed("/admin/codes", at)) == "/admin/codes?lang=en"
    listed = "/admin?role=tracer&state=active&state=waiting"
    assert english(admin.get(listed)) == f"{listed}&lang=en"
    odd = world.stranger().get("/x%3Fy%20z")
    assert english(odd) == "/x%3Fy%20z?lang=en"
    elsewhere = world.stranger().get("/", environ_overrides={"PATH_INFO": "//evil.example/x"})
    assert english(elsewhere) == "/evil.example/x?lang=en"
