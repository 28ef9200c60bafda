"""The first hour of the vegetable seller's case, from the laboratory's call to the call list."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import case_steps
from tests.browser.doors import enter
from tests.fleet_server.cases.conftest import CASE, LAB, NAMES_PER_DAY, Office, office
from tests.fleet_server.web.clinic import LOGINS, Clinic
from tests.support.browser import Reader, served
from tests.support.market_days import SELLER_OLD_CODE, SELLER_PHONE

__all__ = ["office"]

pytestmark = pytest.mark.slow
AT = f"/cases/{CASE}"


@pytest.fixture
def clinic(office: Office, tmp_path: Path) -> Clinic:
    made = Clinic(office, tmp_path)
    made.trust(office.sign.public_key())
    return made


@pytest.fixture
def people(browser: Browser, clinic: Clinic) -> Iterator[dict[str, Reader]]:
    """A tracer and a supervisor, each with a browser of their own."""
    with served(clinic.app) as address:
        contexts = {who: browser.new_context(locale="vi-VN") for who in ("tracer", "supervisor")}
        readers = {who: Reader(browser, address, context) for who, context in contexts.items()}
        for who, reader in readers.items():
            enter(reader, clinic.app, LOGINS[who][0])
        yield readers
        for context in contexts.values():
            context.close()


def test_the_first_hour_of_a_case(people: dict[str, Reader], clinic: Clinic) -> None:
    tracer, supervisor = people["tracer"], people["supervisor"]
    tracer.look("/cases", "cases-empty")
    page = tracer.open("/cases")
    case_steps.begin(page, CASE, LAB, "2026-03-08T14:00")
    case_steps.confirm(supervisor.open(AT), LAB)

    page.get_by_role("link", name="Tìm và thêm", exact=True).click()
    for kind, number in (("insurance", SELLER_OLD_CODE), ("phone", SELLER_PHONE)):
        case_steps.find(page, kind, number)
    expect(page.locator("section", has_text="Tìm thấy").locator("li")).to_have_count(2)
    page.get_by_label("Vì sao là một người").fill("bà ấy đọc cả hai thẻ")
    page.get_by_role("button", name="Ghép").click()
    record = page.locator("section", has_text="Trong ca").get_by_text(" = ").inner_text()
    page.get_by_label("Hồ sơ", exact=True).fill(record.split(" = ")[0])
    case_steps.add(page)
    tracer.look(f"{AT}/people", "case-people")

    page = tracer.open(AT)
    case_steps.evaluate(page)
    expect(page.get_by_role("note")).to_contain_text("Có thể còn thiếu")
    tracer.look(AT, "case-overview")
    tracer.look(f"{AT}/milestones", "case-milestones")
    tracer.look(f"{AT}/contacts", "case-contacts")
    tracer.look("/cases", "cases")
    tracer.look(f"{AT}/results/{clinic.office.desk().show(CASE).evaluated}", "case-result")

    page = tracer.open(f"{AT}/milestones")
    page.get_by_role("button", name="Đúng").first.click()
    expect(page.locator(".badge.good", has_text="đã xác nhận").first).to_be_visible()

    page = tracer.open(f"{AT}/preview")
    page.get_by_label("Ở chung ít nhất").fill("60")
    page.get_by_role("button", name="Xem trước").click()
    expect(page.locator(".stat")).to_have_count(3)
    tracer.look(f"{AT}/preview", "case-preview")

    page = tracer.open(f"{AT}/contacts?tier=A")
    page.locator("tbody a.ref").first.click()
    expect(page.locator("h1")).to_contain_text("Người tiếp xúc")
    one = page.url.partition("?")[0].removeprefix(tracer.address)
    page.get_by_role("button", name="Gọi được", exact=True).click()
    expect(page.locator(".badge", has_text="đã liên lạc")).to_be_visible()
    tracer.look(one, "case-contact")

    page = tracer.open(f"{AT}/calls")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("button", name="Gọi được").first).to_be_visible()
    tracer.look(
        page.url.partition("?")[0].removeprefix(tracer.address) + "?area=T01-01", "case-calls"
    )

    page = tracer.open(f"{AT}/names")
    case_steps.open_names(page, NAMES_PER_DAY + 2)
    expect(page.get_by_role("alert")).to_contain_text("24 giờ")
    page.get_by_role("button", name="Xin duyệt").click()
    expect(page.get_by_role("status")).to_contain_text("chờ người thứ hai")
    tracer.look(f"{AT}/names", "case-names")
    supervisor.look("/approvals", "approvals")
    theirs = supervisor.open("/approvals")
    theirs.get_by_role("link", name=CASE).click()
    theirs.get_by_role("button", name="Duyệt", exact=True).click()
    expect(theirs.get_by_role("status")).to_contain_text("Đã duyệt")
    supervisor.look("/approvals", "approvals-none")
    page = tracer.open(f"{AT}/names")
    page.locator("table").get_by_role("button", name="Mở tên").click()
    expect(page.locator("#opened ~ .region tbody tr")).to_have_count(NAMES_PER_DAY + 2)

    page = tracer.open(f"{AT}/files")
    page.get_by_label("Danh sách tiếp xúc").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Tải tệp ZIP").click()
    assert download.value.suggested_filename == f"{CASE}-contacts.zip"
    page.get_by_role("button", name="Soạn thông báo").click()
    expect(page.locator("pre").first).to_contain_text("THÔNG BÁO KHẨN")
    tracer.look(f"{AT}/files", "case-files")


def test_a_tracer_needs_no_mouse(people: dict[str, Reader], clinic: Clinic) -> None:
    clinic.office.with_seller()
    clinic.office.desk().evaluate(CASE)
    page = people["tracer"].open(f"{AT}/contacts")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    seen: list[str] = []
    while "ref" not in seen:
        assert len(seen) < 30, seen
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("document.activeElement.name || document.activeElement.className")
        )
    assert [each for each in seen if each in ("role", "tier", "state", "area", "region")] == [
        "role",
        "tier",
        "state",
        "area",
        "region",
    ]
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Người tiếp xúc")
