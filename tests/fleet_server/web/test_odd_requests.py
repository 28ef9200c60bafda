"""What no browser's form sends: answered in words all the same."""

import pytest

from fleet_server.auth.permissions import Role
from tests.fleet_server.cases.conftest import CASE, office
from tests.fleet_server.people import World, signed_in, submit, token_of
from tests.fleet_server.web.clinic import Clinic
from tests.fleet_server.web.test_case_names import known

__all__ = ["known", "office"]

HUGE = "99999999999999999999"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/cases/{CASE}/results/{HUGE}", 404),
        (f"/cases/{CASE}/results/-1", 404),
        (f"/cases/{CASE}/contacts?offset={HUGE}", 200),
        (f"/cases/{CASE}/contacts?area=%00", 400),
        (f"/cases/{CASE}/contacts?area=%ff", 200),
        ("/cases/%00", 404),
        ("/cases/%00/contacts", 404),
        ("/?q=a%00b", 400),
    ],
)
def test_odd_addresses_lead_nowhere(known: Clinic, path: str, status: int) -> None:
    assert known.browser("tracer").get(path).status_code == status


def test_odd_fields_are_refused_in_words(known: Clinic) -> None:
    browser, at = known.browser("tracer"), f"/cases/{CASE}"
    answer = submit(browser, f"{at}/say", {"words": "a\0b"}, page="/account")
    assert (answer.status_code, "không phải chữ" in answer.text) == (400, True)
    wanted = {"opening": HUGE, "purpose": "gọi điện"}
    answer = submit(browser, f"{at}/names/open", wanted, page="/account")
    assert (answer.status_code, "Chưa chọn ai" in answer.text) == (400, True)
    wanted = {"kind": "contacts", "shape": "csv", "opening": HUGE}
    assert submit(browser, f"{at}/files", wanted, page="/account").status_code == 200


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.VENUE_MANAGER, f"/venues/cho-mau/log?before={HUGE}-1"),
        (Role.VENUE_MANAGER, f"/venues/cho-mau/log?before=1-{HUGE}"),
        (Role.VENUE_MANAGER, "/venues/cho-mau/log?day=9999-12-31"),
        (Role.VENUE_MANAGER, "/venues/cho-mau/log.csv?day=9999-12-31"),
        (Role.VENUE_MANAGER, "/venues/cho-mau/log?day=0001-01-01"),
        (Role.AUDITOR, "/audit?until=9999-12-31"),
        (Role.AUDITOR, "/audit?since=0001-01-01"),
    ],
)
def test_no_day_or_line_is_too_far_away_for_an_answer(world: World, role: Role, path: str) -> None:
    venues = ["cho-mau"] if role is Role.VENUE_MANAGER else []
    assert signed_in(world.stranger(), role, venues=venues).get(path).status_code == 400


def test_the_api_knows_no_day_without_a_tomorrow(world: World) -> None:
    answer = world.stranger().get(
        "/api/v1/venues/cho-mau/scans?day=9999-12-31", headers=world.bearer("manager")
    )
    assert (answer.status_code, "is no day" in answer.text) == (400, True)


@pytest.mark.parametrize("address", ["http://[", "//[", "http://[::1]]"])
def test_what_is_no_address_leads_nowhere(world: World, address: str) -> None:
    client = world.stranger()
    form = {"csrf_token": token_of(client), "name": "lan", "password": "x", "next": address}
    sent = {"Origin": address}
    assert client.post("/sign-in", data=form, headers=sent).status_code == 403
    assert client.get("/sign-in", query_string={"next": address}).status_code == 200


def test_a_file_of_a_case_with_vietnamese_letters_has_a_name(known: Clinic) -> None:
    ref = "CA-Đà Nẵng-1"
    known.office.desk().begin(ref, lab_ref="XN-2")
    wanted = {"kind": "contacts", "shape": "csv"}
    answer = submit(known.browser("tracer"), f"/cases/{ref}/files", wanted, page="/account")
    assert answer.status_code == 200
    named = answer.headers["Content-Disposition"]
    assert named.encode("latin-1")
    assert "filename*=UTF-8''CA-%C4%90%C3%A0" in named
