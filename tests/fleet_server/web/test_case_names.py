"""Names on the pages: a few alone, more with a second person, and what leaves a case."""

import io
import re
import zipfile
from pathlib import Path

import pytest

from fleet_server.cases.contact_list import Filter
from fleet_server.web.case import files
from tests.fleet_server.cases.conftest import CASE, NAMES_PER_DAY, SUPERVISOR, Office, office
from tests.fleet_server.people import submit
from tests.fleet_server.web.clinic import Clinic
from tests.fleet_server.web.test_case_pages import AT, said

__all__ = ["office"]


@pytest.fixture
def known(office: Office, tmp_path: Path) -> Clinic:
    office.with_seller()
    office.desk().evaluate(CASE)
    return Clinic(office, tmp_path)


def people_of(known: Clinic) -> list[str]:
    """Contacts' references, the closest first."""
    return [each.ref for each in known.office.desk().contacts(CASE)]


def post(known: Clinic, who: str, path: str, data: dict[str, object]) -> tuple[int, str]:
    """Status and page of a form."""
    answer = submit(known.browser(who), f"{AT}{path}", data, page="/account")  # type: ignore[arg-type]
    return answer.status_code, answer.text


def test_a_few_names_are_opened_and_shown_once(known: Clinic) -> None:
    wanted = {"person": people_of(known)[:3], "purpose": "gọi điện"}
    status, page = post(known, "tracer", "/names/open", wanted)
    assert status == 200
    named = re.findall(r'data-label="Tên">(Người mua|Bạn hàng|[^–<]+)', page)
    assert len(named) == 3
    assert named[0] not in known.browser("tracer").get(f"{AT}/names").text
    status, page = post(known, "tracer", "/names/open", {"purpose": "gọi điện"})
    assert (status, "Chưa chọn ai" in page) == (400, True)
    status, page = post(known, "tracer", "/names/open", wanted | {"purpose": ""})
    assert status == 400
    assert page.count(" checked>") == 3, "who was ticked stays ticked"


def test_more_names_need_a_second_person(known: Clinic) -> None:
    many = {"person": people_of(known)[: NAMES_PER_DAY + 2], "purpose": "gọi điện"}
    status, page = post(known, "tracer", "/names/open", many)
    assert status == 403
    assert "<details open>" in page
    asked = said(known.browser("tracer"), f"{AT}/names/ask", many)  # type: ignore[arg-type]
    assert "chờ người thứ hai duyệt" in asked
    assert CASE in known.browser("supervisor").get("/approvals").text
    assert post(known, "tracer", "/names/1/decide", {"answer": "approve"})[0] == 403
    said(known.browser("supervisor"), f"{AT}/names/1/decide", {"answer": "approve"})
    assert CASE not in known.browser("supervisor").get("/approvals").text
    page = known.browser("tracer").get(f"{AT}/names").text
    assert 'name="opening" value="1"' in page
    status, page = post(known, "tracer", "/names/open", {"opening": "1", "purpose": "gọi điện"})
    assert (status, page.count('data-label="Tên"')) == (200, NAMES_PER_DAY + 2)
    status, _ = post(known, "colleague", "/names/open", {"opening": "1", "purpose": "gọi điện"})
    assert status == 403, "a request is good for whoever asked"


def test_everybody_who_fits_the_filter_is_asked_for_with_one_tick(known: Clinic) -> None:
    browser, everybody = known.browser("tracer"), people_of(known)
    first = [each.ref for each in known.office.desk().contacts(CASE, Filter(role="F1"))]
    assert NAMES_PER_DAY < len(first) < len(everybody)
    page = browser.get(f"{AT}/names?role=F1").text
    assert f"{len(first)} người khớp bộ lọc" in page
    wanted = {"everybody": "1", "role": "F1", "purpose": "gọi điện"}
    status, page = post(known, "tracer", "/names/open", wanted)
    assert (status, 'name="everybody" value="1" checked' in page) == (403, True)
    said(browser, f"{AT}/names/ask", wanted)
    assert set(known.office.desk(SUPERVISOR).opening_people(CASE, 1)) == set(first)
    said(browser, f"{AT}/names/ask", {"everybody": "1", "purpose": "gọi điện"})
    assert set(known.office.desk(SUPERVISOR).opening_people(CASE, 2)) == set(everybody)


def test_a_contacts_page_leads_to_its_name(known: Clinic) -> None:
    person, browser = people_of(known)[-1], known.browser("tracer")
    at = f"{AT}/names?person={person}"
    assert at in browser.get(f"{AT}/contacts/{person}").text
    assert f'value="{person}" checked' in browser.get(f"{at}&role=F1").text


def test_a_refused_request_opens_nothing(known: Clinic) -> None:
    many = {"person": people_of(known)[: NAMES_PER_DAY + 2], "purpose": "gọi điện"}
    said(known.browser("tracer"), f"{AT}/names/ask", many)  # type: ignore[arg-type]
    no = {"answer": "refuse", "reason": "quá nhiều"}
    page = said(known.browser("supervisor"), f"{AT}/names/1/decide", no)
    assert "quá nhiều" in page
    assert post(known, "tracer", "/names/open", {"opening": "1", "purpose": "x"})[0] == 403


def test_a_broken_glass_opens_at_once_and_waits_for_its_review(known: Clinic) -> None:
    many = {"person": people_of(known)[: NAMES_PER_DAY + 2], "purpose": "gọi điện"}
    status, page = post(known, "tracer", "/names/break-glass", many)
    assert (status, 'role="alert"' in page) == (400, True)
    broken = many | {"reason": "đêm giao thừa, không ai trực"}
    said(known.browser("tracer"), f"{AT}/names/break-glass", broken)  # type: ignore[arg-type]
    status, _ = post(known, "tracer", "/names/open", {"opening": "1", "purpose": "gọi điện"})
    assert status == 200
    supervisor = known.browser("supervisor")
    assert "phá kính" in supervisor.get("/approvals").text
    known.office.now_ms += 25 * 3_600_000
    page = submit(supervisor, "/sign-in", page="/sign-in").text
    known.browsers.clear()
    assert "quá hạn" in known.browser("supervisor").get("/approvals").text
    page = said(known.browser("supervisor"), f"{AT}/names/1/review", {"verdict": "đúng"})
    assert "đã xem lại" in page


def test_approvals_are_of_ones_own_area(known: Clinic) -> None:
    known.office.desk().ask_names(CASE, people_of(known)[:2], "gọi điện")
    assert known.browser("tracer").get("/approvals").status_code == 403
    assert CASE in known.browser("supervisor").get("/approvals").text
    assert "/approvals" in known.browser("supervisor").get("/cases").text
    assert "/approvals" not in known.browser("tracer").get("/cases").text


def test_calls_are_listed_by_commune_and_worked_off(known: Clinic) -> None:
    tracer = known.browser("tracer")
    known.office.desk().set_area(CASE, people_of(known)[-1], "T02")
    page = tracer.get(f"{AT}/calls").text
    areas = re.findall(r"calls\?area=([\w-]+)#list", page)
    assert areas == ["T01-01", "T02"], "most to call first"
    commune = tracer.get(f"{AT}/calls?area={areas[0]}").text
    refs = re.findall(r'<a class="ref" href="[^"]*/contacts/(\w+)">', commune)
    assert refs
    said(tracer, f"{AT}/calls/{refs[0]}", {"area": areas[0], "reachable": "yes"})
    again = tracer.get(f"{AT}/calls?area={areas[0]}").text
    assert re.findall(r'<a class="ref" href="[^"]*/contacts/(\w+)">', again)[-1] == refs[0]
    assert "đã liên lạc" in again
    assert f"names?area={areas[0]}" in again


def test_every_kind_of_file_is_offered_and_comes_as_a_zip(known: Clinic) -> None:
    tracer = known.browser("tracer")
    page = tracer.get(f"{AT}/files").text
    for kind in files.WORDS:
        assert f'value="{kind}"' in page
    answer = submit(tracer, f"{AT}/files", {"kind": "contacts"}, page="/account")
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        (name,) = archive.namelist()
        assert name.endswith("contacts.xlsx")
    assert "xuất tệp" in tracer.get(AT).text
    status, page = post(known, "tracer", "/files", {"kind": "call-list"})
    assert (status, "cần nêu mục đích" in page) == (400, True)
    status, page = post(known, "tracer", "/files", {"kind": "call-list", "purpose": "gọi"})
    assert (status, 'role="alert"' in page) == (403, True)
    assert post(known, "tracer", "/files", {"kind": "everything"})[0] == 400


def test_a_notice_names_places_and_nobody(known: Clinic) -> None:
    status, page = post(known, "tracer", "/notice", {})
    assert (status, "chưa có mốc dịch tễ nào" in page) == (403, True)
    first = known.office.desk().milestones(CASE)[0]
    known.office.desk().decide_milestone(CASE, first.id, "confirmed")
    status, page = post(known, "tracer", "/notice", {})
    assert status == 200
    assert "THÔNG BÁO KHẨN" in page
    assert first.place in page
    assert first.person not in page
