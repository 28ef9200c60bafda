"""Pages as a browser shows them: at two widths, in two languages, light and dark."""

import base64
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from fleet_server.auth.permissions import Role
from tests.browser.doors import NEW_PASSWORD, choose_password, enter, knock
from tests.fleet_server.api.test_v1 import passes
from tests.fleet_server.people import PASSWORD, PEOPLE, World, add_account, code_of
from tests.fleet_server.reports.province import FRIDAY, HOUR, MONDAY, Province, province
from tests.fleet_server.web.test_coverage_page import office
from tests.fleet_server.web.test_fleet_kiosks import hear
from tests.support.browser import Reader, objections, served
from tests.support.world import store_one_scan

__all__ = ["province"]

pytestmark = pytest.mark.slow


def sign_in(reader: Reader, world: World, who: str) -> Reader:
    role, venue = PEOPLE[who]
    login = add_account(world.app, role, venues=[venue] if venue else [])
    return enter(reader, world.app, login, role)


def test_the_sign_in_page_is_in_good_order(reader: Callable[..., Reader]) -> None:
    reader().look("/sign-in", "sign-in")


def test_the_pages_of_an_account_are_in_good_order(
    reader: Callable[..., Reader], world: World
) -> None:
    somebody = reader()
    login = add_account(world.app, Role.TRACER, login="lan", ready=False)
    page = knock(somebody, login)
    somebody.look("/account/password", "account-password")
    choose_password(page, PASSWORD)
    somebody.look("/account/second-factor", "account-second-factor")
    secret = page.locator("main code").inner_text().replace(" ", "")
    page.fill("[name=code]", code_of(world.app, base64.b32decode(secret)))
    page.click("main button")
    expect(page.locator("main li code")).to_have_count(10)
    assert objections(page) == []
    somebody.look("/account", "account")
    somebody.look("/account/codes", "account-codes")
    page.click(".bar button")
    assert page.url.endswith("/sign-in")
    knock(somebody, login, NEW_PASSWORD)
    somebody.look("/sign-in/code", "sign-in-code")
    somebody.look("/sign-in/code?with=recovery", "sign-in-recovery")


def test_a_manager_sees_the_day_and_the_log_as_it_grows(
    reader: Callable[..., Reader], world: World
) -> None:
    passes(world, world.market, "a", (0, "in"), (30, "out"))
    passes(world, world.market, "b", (45, "in"))
    manager = sign_in(reader(), world, "manager")
    expect(manager.page.get_by_role("heading", name="Nơi mẫu cho-mau")).to_be_visible()
    manager.look("/venues/cho-mau", "venue-today")
    manager.look("/venues/cho-mau/log", "venue-log")
    page = manager.open("/venues/cho-mau/log")
    rows = page.locator("#log tbody tr")
    expect(rows).to_have_count(3)
    store_one_scan(world.engine, world.market, counter=99)
    expect(rows).to_have_count(4)


def test_pages_that_say_no_are_in_good_order(reader: Callable[..., Reader], world: World) -> None:
    manager = sign_in(reader(), world, "manager")
    manager.look("/nowhere", "error-404", status=404)
    manager.look("/fleet", "error-403", status=403)
    stranger = reader()
    stranger.look("/nowhere", "error-404-stranger", status=404)


def test_without_scripts_everything_can_be_read(
    reader: Callable[..., Reader], world: World
) -> None:
    store_one_scan(world.engine, world.market)
    manager = sign_in(reader(scripts=False), world, "manager")
    page = manager.open("/venues/cho-mau/log")
    assert page.locator("#log tbody tr").count() == 1
    assert page.locator("noscript").count() <= 1


def test_an_office_sees_who_is_silent(browser: Browser, province: Province) -> None:
    province.heard("cho-mau-1", FRIDAY - 20)
    for hour in range(30):
        province.scan("cho-mau", province.code(), MONDAY + hour * HOUR)
    province.count()
    app = office(province)
    with served(app) as address, browser.new_context(locale="vi-VN") as context:
        reader = Reader(browser, address, context)
        enter(reader, app, add_account(app, Role.ADMINISTRATOR))
        reader.look("/coverage", "coverage")
        page = reader.open("/coverage")
        page.click("table a >> nth=0")
        expect(page.locator("h1")).to_contain_text("2026-W01")


def test_an_operator_sees_the_fleet(reader: Callable[..., Reader], world: World) -> None:
    hear(world, "cho-mau-1")
    hear(world, "truong-mau-1", ago_s=7200)
    operator = sign_in(reader(), world, "operator")
    operator.look("/fleet", "fleet")
    operator.look("/fleet/kiosks/truong-mau-1", "fleet-kiosk")
    operator.look("/coverage", "coverage-empty")
