"""Administrators in a browser: somebody is made here and signs in there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from fleet_server.auth.permissions import Role
from tests.browser.doors import enter, first_time, make_account
from tests.fleet_server.people import World, add_account
from tests.fleet_server.web.test_admin_people import make_areas
from tests.fleet_server.web.test_admin_places import LIST
from tests.support.browser import SCREENS, Reader, objections

pytestmark = pytest.mark.slow


@pytest.fixture
def admin(reader: Callable[..., Reader], world: World) -> Reader:
    make_areas(world)
    add_account(world.app, Role.VENUE_MANAGER, login="chi-lan", venues=["cho-mau", "truong-mau"])
    add_account(world.app, Role.TRACER, login="truy-vet-1", area="00004")
    add_account(world.app, Role.VISITOR_DESK, login="quay-1", ready=False)
    login = add_account(world.app, Role.ADMINISTRATOR, login="quan-tri")
    return enter(reader(), world.app, login, Role.ADMINISTRATOR)


def snap(page: Page, name: str) -> None:
    """A page that comes of a form, at both widths."""
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        page.screenshot(path=SCREENS / f"{name}-{width}-vi.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert objections(page) == []


def test_the_pages_of_administrators_are_in_good_order(admin: Reader) -> None:
    admin.look("/admin", "admin-people")
    admin.look("/admin/people/new", "admin-person-new")
    admin.look("/admin/people/truy-vet-1", "admin-person")
    admin.look("/admin/people/quan-tri", "admin-person-own")
    admin.look("/admin/codes", "admin-codes")
    admin.look("/admin/roles", "admin-roles")
    admin.look("/admin/areas", "admin-areas")
    admin.look("/admin/areas?text=n", "admin-areas-found")
    admin.look("/admin/areas/01", "admin-area")
    admin.look("/admin/venue-types", "admin-venue-types")
    admin.look("/admin/rules", "admin-rules")
    admin.look("/admin/settings", "admin-settings")


def test_somebody_made_here_signs_in_there(admin: Reader, reader: Callable[..., Reader]) -> None:
    password = make_account(admin, "anh-ba", Role.VISITOR_DESK)
    snap(admin.page, "admin-password")
    there = reader()
    first_time(there, "anh-ba", password, Role.VISITOR_DESK)
    expect(there.page.locator(".sections")).to_contain_text("Quầy")


def test_a_list_of_areas_is_looked_at_and_applied(admin: Reader, tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_text(LIST.replace("00008", ""), "utf-8")
    page = admin.open("/admin/areas")
    page.set_input_files("[name=list]", file)
    page.fill("[name=since]", "2026-01-01")
    page.click("text=Xem sẽ thay đổi gì")
    expect(page.locator("main")).to_contain_text("Chưa ghi gì cả")
    snap(page, "admin-areas-preview")
    page.click("text=Áp dụng")
    expect(page.locator("[role=status]")).to_contain_text("1 mới, 1 thay đổi")
    expect(admin.open("/admin/areas/00004").locator("h1")).to_contain_text("Phường Mới")


def test_a_type_is_added_and_given_minutes_of_its_own(admin: Reader) -> None:
    page = admin.open("/admin/venue-types")
    page.fill("#name_vi", "Sân vận động")
    page.fill("#name_en", "Stadium")
    page.fill("[name=code]", "san-van-dong")
    page.get_by_role("button", name="Thêm", exact=True).click()
    expect(page.locator("tbody")).to_contain_text("Sân vận động")
    page.locator("summary", has_text="Cơ sở tôn giáo").click()
    page.fill("#worship-vi", "Chùa, nhà thờ")
    page.locator("details[open] button").click()
    expect(page.locator("tbody")).to_contain_text("Chùa, nhà thờ")
    snap(page, "admin-venue-types-new")
    page.click("text=Thêm bản quy tắc để định phút riêng")
    expect(page.locator("#dwell-san-van-dong")).to_be_visible()
    snap(page, "admin-rules-newer-type")


def test_a_new_version_of_the_rules_is_written_down(admin: Reader) -> None:
    page = admin.open("/admin/rules")
    page.fill("[name=version]", "2026-2")
    page.fill("[name=linger_min]", "20")
    page.click("text=Ghi bản mới")
    expect(page.locator("tbody tr").first).to_contain_text("2026-2")
