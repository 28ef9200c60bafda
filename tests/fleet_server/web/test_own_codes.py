"""Access codes of one's own: what is done with them is done in one's own name."""

import re
from pathlib import Path

import pytest

from fleet_server.auth.permissions import Role
from tests.fleet_server.cases.conftest import CASE, LAB, SUPERVISOR, Office, office
from tests.fleet_server.people import PASSWORD, World, add_account, sign_in, submit
from tests.fleet_server.web.clinic import Clinic

__all__ = ["office"]

PAGE = "/account/codes"
GIVEN = {"name": "máy ở nhà", "days": "7", "password": PASSWORD}


@pytest.fixture
def clinic(office: Office, tmp_path: Path) -> Clinic:
    return Clinic(office, tmp_path)


def made(page: str) -> dict[str, str]:
    """What a program sends with the code that a page shows."""
    found = re.search(r"<code>(tram_[^<]+)</code>", page)
    assert found is not None, page
    return {"Authorization": f"Bearer {found[1]}"}


def test_a_code_is_shown_once_acts_as_its_owner_and_is_revoked(world: World) -> None:
    browser = world.browser("manager")
    bearer = made(submit(browser, PAGE, GIVEN).text)
    log = "/api/v1/venues/{}/scans"
    stranger = world.stranger()
    assert stranger.get(log.format("cho-mau"), headers=bearer).status_code == 200
    assert stranger.get(log.format("truong-mau"), headers=bearer).status_code == 404
    page = browser.get(PAGE).text
    assert "máy ở nhà" in page
    assert "tram_" not in page
    assert submit(browser, f"{PAGE}/1/revoke").status_code == 404  # a program's
    number = re.search(rf"{PAGE}/(\d+)/revoke", page)
    assert number is not None
    assert submit(world.browser("neighbour"), number[0]).status_code == 404
    assert submit(browser, number[0]).status_code == 303
    assert stranger.get(log.format("cho-mau"), headers=bearer).status_code == 401


def test_it_takes_the_password_and_what_was_entered_stays(world: World) -> None:
    browser = world.browser("tracer")
    answer = submit(browser, PAGE, GIVEN | {"password": "sai", "scope": "trace"})
    assert answer.status_code == 400
    assert "máy ở nhà" in answer.text
    assert 'value="trace" checked' in answer.text
    assert "tram_" not in answer.text


def test_a_scope_beyond_ones_own_is_refused(world: World) -> None:
    for scope in ("admin", "oracle"):
        answer = submit(world.browser("tracer"), PAGE, GIVEN | {"scope": scope})
        assert answer.status_code == 400
        assert scope in answer.text


def test_whoever_has_duties_left_makes_no_code(world: World) -> None:
    browser = world.stranger()
    sign_in(browser, add_account(world.app, Role.TRACER, login="lan", ready=False))
    assert submit(browser, PAGE, GIVEN).location == "/account/password"


def test_with_code_and_browser_one_person_is_no_second_person(clinic: Clinic) -> None:
    supervisor = clinic.browser("supervisor")
    bearer = made(submit(supervisor, PAGE, GIVEN).text)
    program = clinic.app.test_client()
    opened = program.post("/api/v1/cases", json={"ref": CASE, "lab_ref": LAB}, headers=bearer)
    assert opened.status_code == 200
    assert opened.json is not None
    assert opened.json["opened_by"] == SUPERVISOR.name
    answer = submit(supervisor, f"/cases/{CASE}/confirm", {"lab_ref": LAB})
    assert answer.status_code == 403
    again = program.post(f"/api/v1/cases/{CASE}/confirm", json={"lab_ref": LAB}, headers=bearer)
    assert again.status_code == 403
