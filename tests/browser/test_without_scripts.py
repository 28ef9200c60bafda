"""Every page is read without JavaScript: it shows the same, and its forms can be sent."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from playwright.sync_api import Browser, Route
from playwright.sync_api import Page as Tab
from sqlalchemy import Engine

from bench.pages_table import LEFT_OUT, PAGES, Page
from fleet_server.auth.permissions import VENUE_ROLES, Role
from tests.browser.doors import enter
from tests.fleet_server.cases.conftest import CASE, SUPERVISOR, TRACER, Office, office
from tests.fleet_server.homes import keys_once
from tests.fleet_server.people import PASSWORD, World, add_account
from tests.fleet_server.web.clinic import Clinic
from tests.fleet_server.web.counter import Counter, counter
from tests.fleet_server.web.test_desk_batches import done, upload
from tests.fleet_server.web.test_desk_cards import issued
from tests.fleet_server.web.test_desk_requests import ask
from tests.support.browser import Reader, served

__all__ = ["keys_once", "office"]

MORE: Final = (
    Page("admin_areas.area", "/admin/areas/T01", Role.ADMINISTRATOR),
    Page("password.page", "/account/password", Role.TRACER),
    Page("second_factor.page", "/account/second-factor", Role.TRACER),
    Page("desk_batches.batch", "{batch}", Role.VISITOR_DESK),
    Page("desk_requests.request_", "{request}", Role.VISITOR_DESK),
)
AT_WORK: Final = {page.role for page in PAGES} - {Role.VISITOR_DESK}
AT_THE_DOOR: Final = {"sign_in.page": "/sign-in", "sign_in.code": "/sign-in/code"}
FOR_SCRIPTS: Final = {"venue_log.new", "desk_batches.state"}
FILES: Final = {name for name, why in LEFT_OUT.items() if why in {"a file", "for machines"}}
USELESS: Final = """() => [
  ...[...document.querySelectorAll("main form")].filter((it) => !it.querySelector("button")),
  ...document.querySelectorAll("main button[type=button], main a:not([href])"),
  ...[...document.querySelectorAll("main [hidden]:not(input)")].filter((it) => it.innerHTML.trim()),
].map((it) => it.outerHTML.slice(0, 160))"""
"""What only a script could send, follow or show."""


@pytest.fixture
def desk(engine: Engine, keys_once: Path, tmp_path: Path) -> Counter:
    return counter(engine, keys_once, tmp_path)


Pair = tuple[Reader, Reader]
"""Somebody's two browsers: without scripts, and with."""


@contextlib.contextmanager
def pair(browser: Browser, address: str, app: Flask, login: str, role: Role) -> Iterator[Pair]:
    """Signed in without scripts; the other browser then takes over what this one holds."""
    with browser.new_context(java_script_enabled=False, locale="vi-VN") as plain:
        without = enter(Reader(browser, address, plain), app, login, role)
        state = plain.storage_state()
        with browser.new_context(storage_state=state, locale="vi-VN") as full:
            yield without, Reader(browser, address, full)


def shown(tab: Tab) -> str:
    """What a reader sees of a page, but for the line that says how fresh it is."""
    text, live = tab.locator("main").inner_text(), tab.locator("#live")
    return text.replace(live.inner_text(), "") if live.count() else text


def compare(readers: Pair, path: str) -> None:
    """Raises AssertionError where a page needs its scripts."""
    plain, full = (reader.open(path) for reader in readers)
    heading, text = plain.locator("h1").inner_text(), shown(plain)
    assert heading, path
    assert len(text) > len(heading) + 20, f"{path}: a heading and nothing else"
    assert text == shown(full), path
    assert plain.evaluate(USELESS) == [], path


def read(
    browser: Browser, app: Flask, logins: Mapping[Role, str], there: Mapping[str, str]
) -> set[str]:
    """Opens all pages of these roles; which those were. `there`: what their paths take."""
    done = set()
    with served(app) as address:
        for role, login in logins.items():
            with pair(browser, address, app, login, role) as readers:
                for page in (*PAGES, *MORE):
                    if page.role is role and page.name not in FOR_SCRIPTS:
                        compare(readers, page.path.format(**there))
                        done.add(page.name)
    return done


def test_no_page_is_forgotten_here() -> None:
    told = {page.name for page in MORE} | set(AT_THE_DOOR)
    assert told | FILES | (FOR_SCRIPTS & set(LEFT_OUT)) == set(LEFT_OUT)
    assert {page.role for page in PAGES} == AT_WORK | {Role.VISITOR_DESK}


@pytest.mark.slow
def test_all_pages_but_the_desks_are_read_without_scripts(
    browser: Browser, office: Office, tmp_path: Path
) -> None:
    office.with_seller()
    result, _ = office.desk().evaluate(CASE)
    contact = office.desk().contacts(CASE)[0].ref
    app = Clinic(office, tmp_path).app
    logins = {Role.TRACER: TRACER.name, Role.TRACING_SUPERVISOR: SUPERVISOR.name}
    for role in AT_WORK - logins.keys():
        venues = ["cho-mot"] if role in VENUE_ROLES else []
        logins[role] = add_account(app, role, login=f"khong-{len(logins)}", venues=venues)
    there = {"venue": "cho-mot", "kiosk": "cho-mot-1", "case": CASE, "contact": contact}
    there |= {"result": str(result), "login": TRACER.name}
    assert (
        read(browser, app, logins, there)
        == {page.name for page in (*PAGES, *MORE) if page.role in AT_WORK} - FOR_SCRIPTS
    )


@pytest.mark.slow
def test_the_pages_of_the_desk_are_read_without_scripts(browser: Browser, desk: Counter) -> None:
    clerk = desk.clerk()
    issued(clerk)
    desk.world.clock.now += 120  # the vault reads what has settled
    desk.vault.index()
    there = {"request": ask(clerk, "view"), "batch": done(clerk, upload(clerk))}
    found = read(browser, desk.world.app, {Role.VISITOR_DESK: "quay-1"}, there)
    assert {"desk_cards.page", "desk_batches.batch", "desk_requests.request_"} < found


@pytest.mark.slow
def test_the_door_is_read_without_scripts(browser: Browser, world: World, address: str) -> None:
    login = add_account(world.app, Role.TRACER)
    with (
        browser.new_context(java_script_enabled=False, locale="vi-VN") as plain,
        browser.new_context(locale="vi-VN") as full,
    ):
        readers = Reader(browser, address, plain), Reader(browser, address, full)
        compare(readers, AT_THE_DOOR["sign_in.page"])
        for reader in readers:
            reader.page.fill("[name=name]", login)
            reader.page.fill("[name=password]", PASSWORD)
            reader.page.click("main button")
        compare(readers, AT_THE_DOOR["sign_in.code"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        "<script>document.querySelector('p').textContent += ' và thêm một dòng';</script>",
        "<div hidden>cái này chỉ hiện khi có JavaScript</div>",
        "<form><input name='x'></form>",
        "<button type='button'>Mở</button>",
    ],
    ids=("written", "hidden", "sent", "pressed"),
)
def test_a_page_that_needs_scripts_is_noticed(browser: Browser, wrong: str) -> None:
    fine = "<main><h1>Sổ ra vào</h1><p>một trang đọc được, không cần gì thêm</p>"

    def answer(route: Route) -> None:
        body = fine + wrong if "/wrong" in route.request.url else fine
        route.fulfill(body=body, content_type="text/html; charset=utf-8")

    with (
        browser.new_context(java_script_enabled=False) as plain,
        browser.new_context() as full,
    ):
        for context in (plain, full):
            context.route("**/*", answer)
        here = "http://tram.test"
        readers = Reader(browser, here, plain), Reader(browser, here, full)
        compare(readers, "/fine")
        with pytest.raises(AssertionError):
            compare(readers, "/wrong")
