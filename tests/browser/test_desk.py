"""The visitor desk in a browser: a card from the form to the list of revoked ones."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import Engine

from fleet_server.auth.permissions import Role
from fleet_server.fleet import documents
from tests.browser.doors import knock
from tests.fleet_server.homes import keys_once
from tests.fleet_server.people import World, add_account
from tests.fleet_server.web.counter import Counter, counter
from tests.support.browser import SCREENS, Reader, objections

__all__ = ["keys_once"]

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(engine: Engine, keys_once: Path, tmp_path: Path) -> Counter:
    return counter(engine, keys_once, tmp_path)


@pytest.fixture
def world(desk: Counter) -> World:
    return desk.world


@pytest.fixture
def clerk(reader: Callable[..., Reader], world: World) -> Reader:
    found = reader()
    knock(found, add_account(world.app, Role.VISITOR_DESK, login="quay-1"))
    return found


def snap(reader: Reader, name: str) -> None:
    """A page that comes of a form, at both widths."""
    for width in (360, 1440):
        reader.page.set_viewport_size({"width": width, "height": 800})
        reader.page.screenshot(path=SCREENS / f"{name}-{width}-vi.png", full_page=True)
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= width
        assert objections(reader.page) == []


def test_the_pages_of_the_desk_are_in_good_order(clerk: Reader) -> None:
    clerk.look("/desk", "desk-card")
    clerk.look("/desk/revoke", "desk-revoke")


def test_a_card_is_issued_read_off_the_screen_printed_and_revoked(
    clerk: Reader, desk: Counter
) -> None:
    page = clerk.open("/desk")
    page.fill("[name=name]", "Nguyễn Thị Mẫu")
    page.fill("[name=phone]", "12")
    page.click("main .form button")
    expect(page.locator("[role=alert]")).to_contain_text("8 đến 15 chữ số")
    page.fill("[name=phone]", "0900 000 001")
    page.check("[name=print]")
    page.click("main .form button")
    expect(page.locator("h1")).to_contain_text("Thẻ đã cấp")
    snap(clerk, "desk-card-issued")
    shown = Image.open(io.BytesIO(page.locator(".symbol").screenshot()))
    (code,) = zxingcpp.read_barcodes(shown)
    with page.expect_download() as printing:
        page.click("button[value=a4]")
    assert printing.value.suggested_filename.endswith(".pdf")
    assert Path(printing.value.path()).read_bytes().startswith(b"%PDF")
    full = page.locator("main code").inner_text()
    page = clerk.open("/desk/revoke")
    page.fill("[name=card]", code.text)
    page.select_option("[name=reason]", "lost")
    page.click("main .form button")
    expect(page.locator("[role=status]")).to_contain_text("vài giây")
    assert documents.revoked(desk.settings.keys_dir).ids() == frozenset({full})


def test_what_is_kept_is_for_everybody_to_read(reader: Callable[..., Reader]) -> None:
    somebody = reader()
    somebody.look("/privacy", "privacy")
    page = somebody.open("/sign-in")
    page.click(".foot a")
    expect(page.locator("h1")).to_contain_text("Dữ liệu của bạn")
    page.emulate_media(media="print")
    page.screenshot(path=SCREENS / "privacy-poster.png", full_page=True)


def test_somebody_asks_for_their_data_and_has_it_deleted(clerk: Reader, desk: Counter) -> None:
    page = clerk.open("/desk")
    page.fill("[name=name]", "Nguyễn Thị Mẫu")
    page.fill("[name=phone]", "0900 000 001")
    page.click("main .form button")
    desk.world.clock.now += 120  # the vault reads what has settled
    desk.vault.index()
    clerk.look("/desk/requests/new", "desk-request-new")
    for kind in ("view", "restrict", "correct", "delete"):
        page = clerk.open("/desk/requests/new")
        page.select_option("[name=kind]", kind)
        page.select_option("[name=by]", "phone")
        page.fill("[name=number]", "0900000001")
        page.check("[name=document]")
        page.click("main .form button")
        expect(page.locator("[role=status]")).to_contain_text("Đã tìm thấy")
    clerk.look("/desk/requests", "desk-requests")
    for number, name in enumerate(("view", "restrict", "correct", "delete"), 1):
        clerk.look(f"/desk/requests/{number}", f"desk-request-{name}")
    page = clerk.open("/desk/requests/1")
    page.click("text=Mở tất cả")
    expect(page.locator("main")).to_contain_text("Nguyễn Thị Mẫu")
    snap(clerk, "desk-everything")
    page = clerk.open("/desk/requests/4")
    page.fill("[name=confirm]", "4")
    page.click("text=Xóa tất cả >> nth=-1")
    expect(page.locator("[role=status]")).to_contain_text("không còn gì")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_table_is_uploaded_and_its_cards_downloaded(
    reader: Callable[..., Reader], world: World, tmp_path: Path, scripts: bool
) -> None:
    table = tmp_path / "lop-1a.csv"
    rows = [f"Người Mẫu {number};{900000000 + number:010d};;" for number in range(120)]
    table.write_text("\n".join(["Họ và tên;SĐT;Phường/Xã;In", *rows, "Hỏng;12;;"]), "utf-8")
    clerk = reader(scripts=scripts)
    knock(clerk, add_account(world.app, Role.VISITOR_DESK, login="quay-1"))
    page = clerk.open("/desk/batches")
    page.fill("[name=name]", "Trường Mẫu, lớp 1A")
    page.set_input_files("[name=table]", table)
    page.click("main .form button")
    expect(page.locator("#done")).to_have_text("120", timeout=30_000)
    expect(page.locator("main")).to_contain_text("Tải về để in", timeout=30_000)
    with page.expect_download() as printing:
        page.click("text=Tờ A4")
    assert Path(printing.value.path()).read_bytes().startswith(b"%PDF")
    if scripts:
        where = page.url.removeprefix(clerk.address).partition("?")[0]
        clerk.look(where, "desk-batch")
        clerk.look("/desk/batches", "desk-batches")
