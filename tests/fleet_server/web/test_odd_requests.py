"""What no browser's form sends: answered in words all the same."""

import pytest

from tests.fleet_server.cases.conftest import CASE, office
from tests.fleet_server.people import submit
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
