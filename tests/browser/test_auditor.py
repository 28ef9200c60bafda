"""An auditor's evening, and a tracer who looks for the source."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fleet_server.auth.permissions import Role
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.doors import enter
from tests.fleet_server.cases.conftest import CASE, Office, office
from tests.fleet_server.web.clinic import LOGINS, Clinic
from tests.support.browser import Reader, objections, served

__all__ = ["office"]

pytestmark = pytest.mark.slow
AT = f"/cases/{CASE}"


@pytest.fixture
def clinic(office: Office, tmp_path: Path) -> Clinic:
    """A case in which names were opened, and a glass broken that nobody reviewed in time."""
    office.with_seller()
    desk = office.desk()
    desk.evaluate(CASE)
    people = [each.ref for each in desk.contacts(CASE)]
    desk.open_names(CASE, people[:3], "gọi điện")
    desk.ask_names(CASE, people[:14], "gọi điện cho cả chợ")
    desk.break_glass(CASE, people[:12], "gọi điện", "đêm giao thừa, không ai trực")
    office.now_ms += 25 * 3_600_000
    return Clinic(office, tmp_path)


@pytest.fixture
def somebody(browser: Browser, clinic: Clinic) -> Iterator[Callable[[str], Reader]]:
    contexts = []
    with served(clinic.app) as address:

        def come(who: str) -> Reader:
            context = browser.new_context(locale="vi-VN")
            context.set_default_timeout(TIMEOUT_MS)
            contexts.append(context)
            login, role, _ = LOGINS[who]
            return enter(Reader(browser, address, context), clinic.app, login, Role(role))

        yield come
        for context in contexts:
            context.close()


def test_an_auditor_follows_the_names_that_were_opened(somebody: Callable[[str], Reader]) -> None:
    auditor = somebody("auditor")
    page = auditor.open("/")
    page.get_by_role("navigation").get_by_role("link", name="Nhật ký").click()
    page.get_by_label("Làm gì").select_option("vault.open")
    page.get_by_role("button", name="Lọc").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.locator("tbody a.ref").first.click()
    expect(page.get_by_label("Về ai, nơi nào")).not_to_be_empty()
    page.get_by_role("link", name="Mở tên và phá kính").click()
    expect(page.locator(".note.bad")).to_contain_text("1 lần phá kính quá hạn")
    page.get_by_role("link", name="Kiểm tra chuỗi").click()
    head = page.locator("dd code").inner_text()
    page.get_by_label("Dấu đã giữ từ trước").fill(head)
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.locator(".note.good")).to_have_count(2)
    assert objections(page) == []
    auditor.look("/audit", "audit-log")
    auditor.look("/audit/openings", "audit-openings")
    auditor.look("/audit/verify", "audit-verify")


def test_a_tracer_looks_for_the_source(somebody: Callable[[str], Reader]) -> None:
    tracer = somebody("tracer")
    page = tracer.open(f"{AT}/spread?by=person")
    page.locator("svg a").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Người tiếp xúc")
    page = tracer.open(f"{AT}/shared")
    for box in page.get_by_role("checkbox").all()[1:6]:
        box.check()
    page.get_by_role("button", name="Tìm nơi chung").click()
    expect(page.locator("#found ~ .region tbody tr").first).to_contain_text("cho-mot")
    assert objections(page) == []
    page.screenshot(path="build/screens/case-shared-found.png", full_page=True)
    tracer.look(f"{AT}/spread", "case-spread")
    tracer.look(f"{AT}/spread?by=person", "case-spread-people")
    tracer.look(f"{AT}/shared", "case-shared")
    tracer.look("/my-record", "my-record")
