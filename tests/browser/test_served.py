"""A day at a market: everybody's main job, on pages of a server and with kiosks that really run.

`fleet serve` (broker, ingest, vault, web) and two kiosks are processes. One test, for one town:
what each person does is there for the next.
"""

import datetime as dt
import io
import random
import re
import zipfile
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import openpyxl
import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, expect

from demo.people import Person, people
from demo.pictures import photograph
from fleet_server.auth.permissions import Role
from tests.browser import case_steps, doors
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.doors import NEW_PASSWORD, Telephone
from tests.browser.entrance import PATIENCE_S, Entrance
from tests.support.browser import HEIGHT, WIDTHS, Reader, download
from tests.support.programs import wait_until
from tests.system.town import VENUE, Town

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CASE, LAB = "CA-2026-031", "XN-26-1126-07"
AT = f"/cases/{CASE}"
SELLER, SELLER_PHONE = "Nguyễn Thị Mẫu", "0900000101"
BUYER, BUYER_PHONE = "Trần Văn Thử", "0900000102"
VISITORS = people(3)
"""They hold up codes of their own: an old and a new identity card, a national personal code."""
NAMED = (SELLER, BUYER, VISITORS[1].name, VISITORS[2].name)
"""Those whose names are asked for on the page: the index person, and who was with her."""
STAFF = {
    "quay-1": Role.VISITOR_DESK,
    "chi-lan": Role.VENUE_MANAGER,
    "van-hanh-1": Role.FLEET_OPERATOR,
    "truy-vet-1": Role.TRACER,
    "giam-sat-1": Role.TRACING_SUPERVISOR,
    "kiem-toan-1": Role.AUDITOR,
}
READ_S = 90.0
"""The vault reads identities a minute after they came."""
SOON_MS = 20_000
"""Within which a scan stands in a log that is looked at."""


class Day:
    """The town, and everybody who sits before a browser."""

    def __init__(self, town: Town, browser: Browser) -> None:
        self.town = town
        self.entry = Entrance(town, f"{VENUE}-1", "in")
        self.exit = Entrance(town, f"{VENUE}-2", "out")
        self.address = town.serve()
        for each in (self.entry, self.exit):
            town.start(each.kiosk)
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.staff: dict[Role, Reader] = {}
        self.telephones: dict[Role, Telephone | None] = {}

    def newcomer(self, role: Role, login: str, one_time: str) -> Reader:
        """Somebody at a browser of their own, come in for the first time."""
        width = WIDTHS[0] if role is Role.VENUE_MANAGER else WIDTHS[1]
        context = self._browser.new_context(
            locale="vi-VN", viewport={"width": width, "height": HEIGHT}
        )
        context.set_default_timeout(TIMEOUT_MS)
        self._contexts.append(context)
        reader = self.staff[role] = Reader(self._browser, self.address, context)
        self.telephones[role] = doors.first_time(reader, login, one_time, role)
        return reader

    def end(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture(scope="module")
def day(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("town")
    town = Town(folder, f"sqlite:///{folder / 'home' / 'fleet.sqlite3'}")
    town.found(embedded=True)
    try:
        made = Day(town, browser)
        yield made
        made.end()
    finally:
        town.end()
        # Shown where the test failed.
        print(town.tails())


def test_a_day_from_the_first_account_to_the_auditor(day: Day) -> None:
    one_time = an_administrator_lets_everybody_in(day)
    for login, role in STAFF.items():
        day.newcomer(role, login, one_time[login])
    buyer = the_desk_issues_cards(day)
    a_manager_watches_who_comes(day, buyer)
    an_operator_is_told_which_kiosk_stopped(day)
    a_case_goes_from_the_call_to_the_calls(day)
    an_auditor_sees_whose_names_were_opened(day)
    the_office_reads_how_the_week_was_covered(day)


def an_administrator_lets_everybody_in(day: Day) -> dict[str, str]:
    """One-time passwords of STAFF."""
    made = day.town.fleet("account", "create", "quan-tri", "--role", Role.ADMINISTRATOR)
    first = re.search(r"^  (\S+)$", made, re.MULTILINE)
    assert first is not None, made
    admin = day.newcomer(Role.ADMINISTRATOR, "quan-tri", first[1])
    admin.page.get_by_role("button", name="Thoát").click()
    page = doors.knock(admin, "quan-tri", NEW_PASSWORD)
    telephone = day.telephones[Role.ADMINISTRATOR]
    assert telephone is not None
    page.fill("[name=code]", telephone.code())
    page.click("main button")
    expect(page.locator("h1")).to_contain_text("Xin chào")
    given = {}
    for login, role in STAFF.items():
        venues = VENUE if role is Role.VENUE_MANAGER else ""
        given[login] = doors.make_account(admin, login, role, venues=venues)
    page = admin.open("/admin")
    for login in STAFF:
        row = page.get_by_role("row", name=login)
        expect(row).to_contain_text("Chưa đổi mật khẩu")
    return given


def the_desk_issues_cards(day: Day) -> Image.Image:
    """The seller comes with hers printed; the other, photographed off the screen, is given back."""
    desk = day.staff[Role.VISITOR_DESK]

    def issue(name: str, phone: str) -> None:
        page = desk.open("/desk")
        page.get_by_label("Họ và tên").fill(name)
        page.get_by_label("Số điện thoại").fill(phone)
        page.get_by_role("button", name="Cấp thẻ").click()
        expect(page.locator("h1")).to_contain_text("Thẻ đã cấp")

    issue(SELLER, SELLER_PHONE)
    paper = download(desk.page, desk.page.get_by_role("button", name="Thẻ 85 × 54 mm"))
    day.entry.pass_by(pypdfium2.PdfDocument(paper)[0].render(scale=3).to_pil())
    issue(BUYER, BUYER_PHONE)
    shot = desk.page.locator(".symbol").screenshot()
    return Image.open(io.BytesIO(shot)).convert("L")


def a_manager_watches_who_comes(day: Day, buyer: Image.Image) -> None:
    """Three people with codes of their own come, then the buyer; the first leaves again."""
    manager = day.staff[Role.VENUE_MANAGER]
    page = manager.open(f"/venues/{VENUE}/log")
    rows = page.locator("#log tbody tr")
    expect(rows).to_have_count(1)
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    rng = random.Random(1)
    for count, each in enumerate(VISITORS, 2):
        day.entry.pass_by(photograph(each.shown(), rng=rng))
        expect(rows).to_have_count(count, timeout=SOON_MS)
        expect(rows.first).to_contain_text(masked(each))
    day.entry.pass_by(buyer)
    expect(rows).to_have_count(5, timeout=SOON_MS)
    day.exit.pass_by(photograph(VISITORS[0].shown(), rng=rng))
    expect(rows).to_have_count(6, timeout=SOON_MS)
    expect(rows.first).to_contain_text("Ra")
    for each in VISITORS:
        expect(page.locator("main")).not_to_contain_text(each.name)
    assert loads == [], "the log was loaded again"
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[0]

    page.get_by_text("Tìm theo ngày, giờ, cửa").click()
    heading, *lines = rows_of(download(page, page.get_by_role("link", name="Excel")))
    assert "Khách / Visitor" in heading
    seen = [line[heading.index("Khách / Visitor")] for line in lines]
    assert len(seen) == 6
    assert {masked(each) for each in VISITORS} < set(seen)
    page = manager.open(f"/venues/{VENUE}")
    # Four came and have not left; nobody knows that they stay.
    inside = page.locator(".stat", has_text="Đang ở trong").locator("dd").first
    expect(inside).to_have_text("0–4")


def an_operator_is_told_which_kiosk_stopped(day: Day) -> None:
    operator = day.staff[Role.FLEET_OPERATOR]

    def shown(kiosk: str, words: str) -> None:
        def is_shown() -> bool:
            row = operator.open("/fleet").get_by_role("row", name=kiosk)
            return words in row.inner_text()

        wait_until(is_shown, what=f"{kiosk}: {words}", timeout_s=PATIENCE_S)

    entry, way_out = day.entry.kiosk, day.exit.kiosk
    for each in (entry, way_out):
        shown(each, "Hoạt động")
    before = dt.datetime.now(ZONE)
    day.town.kill(entry)
    shown(entry, "Mất liên lạc")
    day.town.start(entry)
    shown(entry, "Hoạt động")
    day.town.stop(way_out)
    shown(way_out, "Đã tắt")
    operator.page.get_by_role("link", name=way_out).click()
    told = operator.page.locator("h1 + p")
    expect(told).to_contain_text("Đã tắt từ")
    since = told.locator("time").get_attribute("datetime")
    assert since is not None
    minute = before.replace(second=0, microsecond=0)
    assert minute <= dt.datetime.fromisoformat(since) <= dt.datetime.now(ZONE)


def a_case_goes_from_the_call_to_the_calls(day: Day) -> None:
    tracer, supervisor = day.staff[Role.TRACER], day.staff[Role.TRACING_SUPERVISOR]
    now = dt.datetime.now(ZONE)
    page = tracer.open("/cases")
    case_steps.begin(page, CASE, LAB, f"{now:%Y-%m-%dT%H:%M}")
    # Everybody came within a minute: asked as if they stayed for the two hours that follow.
    page.get_by_text("Sửa thông tin").click()
    page.get_by_label("Xét đến").fill(f"{now + dt.timedelta(hours=2):%Y-%m-%dT%H:%M}")
    page.locator("details", has_text="Sửa thông tin").get_by_role("button", name="Ghi").click()
    expect(page.get_by_role("status")).to_contain_text("Đã ghi")
    case_steps.confirm(supervisor.open(AT), LAB)

    page = tracer.open(f"{AT}/people")
    wait_until(day.town.cards_read, what="the vault reads the cards", timeout_s=READ_S)
    case_steps.find(page, "phone", SELLER_PHONE)
    expect(page.locator("section", has_text="Tìm thấy").locator("li")).to_have_count(1)
    case_steps.add(page)
    page = tracer.open(AT)
    case_steps.evaluate(page)
    expect(page.get_by_role("note")).to_contain_text(f"Trạm {day.exit.kiosk} ({VENUE}) đã tắt từ")
    page = tracer.open(f"{AT}/contacts")
    tiers = page.locator("tbody td:nth-of-type(1)")
    # Who left met her by chance at most.
    expect(tiers).to_have_text(["B – có lẽ"] * 3 + ["C – có thể"])

    page = tracer.open(f"{AT}/names")
    case_steps.open_names(page, len(NAMED))
    opened = page.locator("#opened ~ .region tbody tr")
    expect(opened).to_have_count(len(NAMED))
    for name, phone in ((SELLER, SELLER_PHONE), (BUYER, BUYER_PHONE)):
        expect(opened.filter(has_text=name)).to_contain_text(phone)
    page = tracer.open(f"{AT}/files")
    page.get_by_label("Để làm gì (khi có tên)").fill("gọi điện")
    with zipfile.ZipFile(io.BytesIO(case_steps.take_file(page, "Danh sách gọi điện"))) as files:
        (book,) = (files.read(name) for name in files.namelist())
    heading, *lines = rows_of(book)
    called = {line[heading.index("Họ và tên / Name")] for line in lines}
    assert called == {BUYER, VISITORS[0].name, VISITORS[1].name, "PHAM THI MAU"}
    page = tracer.open(f"{AT}/calls")
    page.locator("tbody a").first.click()
    page.get_by_role("button", name="Gọi được").first.click()
    expect(page.get_by_text("đã liên lạc")).to_have_count(1)


def an_auditor_sees_whose_names_were_opened(day: Day) -> None:
    page = day.staff[Role.AUDITOR].open("/audit")
    page.get_by_label("Làm gì").select_option("vault.open")
    page.get_by_role("button", name="Lọc").click()
    lines = page.locator("tbody tr")
    # On the page, and again for the file.
    expect(lines).to_have_count(len(NAMED) + 4)
    for words in ("truy-vet-1", CASE, "gọi điện"):
        expect(lines.filter(has_text=words)).to_have_count(len(NAMED) + 4)
    assert len({line.get_by_role("link").last.inner_text() for line in lines.all()}) == 5
    page.get_by_role("link", name="Kiểm tra chuỗi").click()
    page.get_by_label("Dấu đã giữ từ trước").fill(page.locator("dd code").inner_text())
    page.get_by_role("button", name="Kiểm tra").click()
    expect(page.locator(".note.good")).to_have_count(2)
    expect(page.locator(".note.good").first).to_contain_text("Nhật ký nguyên vẹn")


def the_office_reads_how_the_week_was_covered(day: Day) -> None:
    year, week, _ = dt.datetime.now(ZONE).isocalendar()
    day.town.fleet("report", "coverage", "--week", f"{year}-W{week:02d}")
    page = day.staff[Role.AUDITOR].open("/coverage")
    expect(page.locator("h1")).to_contain_text(f"{year}-W{week:02d}")
    row = page.get_by_role("row", name="Chợ Mẫu")
    expect(row).to_contain_text(f"trạm {day.exit.kiosk}: đã tắt từ")
    scans = page.locator(".stat", has_text="Lượt quét").locator("dd")
    expect(scans).to_have_text("6")


def rows_of(book: bytes) -> list[list[object]]:
    """The first sheet of an XLSX file."""
    sheet = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def masked(person: Person) -> str:
    """A name as a venue may see it."""
    return " ".join(f"{word[0]}***" for word in person.name.split())
