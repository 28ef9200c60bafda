"""What tracers and their supervisors do in every case."""

from playwright.sync_api import Page, expect

from tests.support.browser import download


def begin(page: Page, case: str, lab: str, onset: str) -> None:
    """From the list of cases; `onset` as `datetime-local` has times."""
    page.get_by_label("Mã ca").fill(case)
    page.get_by_label("Số phiếu xét nghiệm").fill(lab)
    page.get_by_label("Khởi phát triệu chứng").fill(onset)
    page.get_by_role("button", name="Mở ca").click()
    expect(page.get_by_role("status")).to_contain_text("Đã mở ca")


def confirm(page: Page, lab: str) -> None:
    """From a supervisor's look at the case."""
    page.get_by_label("Số phòng xét nghiệm đọc cho bạn").fill(lab)
    page.get_by_role("button", name="Xác nhận").click()
    expect(page.get_by_role("status")).to_contain_text("Đã xác nhận")


def find(page: Page, kind: str, number: str) -> None:
    page.get_by_label("Loại số").select_option(kind)
    page.get_by_label("Số", exact=True).fill(number)
    page.get_by_label("Để làm gì").fill("tìm F0")
    page.get_by_role("button", name="Tìm").click()


def add(page: Page) -> None:
    """Whoever the form names already."""
    page.get_by_label("Lý do", exact=True).fill("dương tính")
    page.get_by_role("button", name="Thêm F0").click()
    expect(page.get_by_role("status")).to_contain_text("Đã thêm F0")


def evaluate(page: Page) -> None:
    """From the case's overview."""
    page.get_by_role("button", name="Tính danh sách").click()
    expect(page.get_by_role("status")).to_contain_text("Đã tính lại")


def open_names(page: Page, people: int) -> None:
    """Those of the first so many of the case, or what stands in the way."""
    for box in page.locator("[name=person]").all()[:people]:
        box.check()
    page.get_by_label("Để làm gì").fill("gọi điện")
    page.get_by_role("button", name="Mở tên").click()


def take_file(page: Page, kind: str) -> bytes:
    """One of the case's files as ZIP, from their page."""
    page.get_by_label(kind).check()
    return download(page, page.get_by_role("button", name="Tải tệp ZIP"))
