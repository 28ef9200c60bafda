"""How people come in with a browser, the first time and later."""

import time

import pyotp
from flask import Flask
from playwright.sync_api import Page, expect

from fleet_server.auth.permissions import SECOND_FACTOR_ROLES, Role
from fleet_server.auth.second_factor import STEP_S
from tests.fleet_server.people import PASSWORD, code_of
from tests.support.browser import Reader

NEW_PASSWORD = "mười hai cây cau xanh"


def enter(reader: Reader, app: Flask, login: str, role: Role = Role.TRACER) -> Reader:
    """Somebody with this login (`people.add_account`) is at the browser."""
    page = knock(reader, login)
    if role in SECOND_FACTOR_ROLES:
        page.fill("[name=code]", code_of(app))
        page.click("main button")
    return reader


def knock(reader: Reader, login: str, password: str = PASSWORD) -> Page:
    """The form to sign in, sent."""
    page = reader.open("/sign-in")
    page.fill("[name=name]", login)
    page.fill("[name=password]", password)
    page.click("main button")
    return page


def choose_password(page: Page, old: str) -> None:
    """NEW_PASSWORD in place of one that somebody else chose."""
    page.fill("[name=old]", old)
    for name in ("new", "again"):
        page.fill(f"[name={name}]", NEW_PASSWORD)
    page.click("main button")


class Telephone:
    """An app for one-time codes, as the server takes them: each once."""

    def __init__(self, page: Page) -> None:
        """With the secret that the page to set it up shows."""
        self._codes = pyotp.TOTP(page.locator("main code").inner_text().replace(" ", ""))
        self._step = 0

    def code(self) -> str:
        """Of this moment, or the next one where this moment's was given before."""
        self._step = max(int(time.time()) // STEP_S, self._step + 1)
        return self._codes.at(self._step * STEP_S)


def first_time(reader: Reader, login: str, one_time: str, role: Role) -> Telephone | None:
    """Somebody new comes in by a one-time password, and settles what their role asks for."""
    page = knock(reader, login, one_time)
    expect(page.locator("h1")).to_have_text("Đổi mật khẩu")
    choose_password(page, one_time)
    if role not in SECOND_FACTOR_ROLES:
        return None
    expect(page.locator("h1")).to_have_text("Mã trên điện thoại")
    telephone = Telephone(page)
    page.fill("[name=code]", telephone.code())
    page.click("main button")
    expect(page.locator("main li code")).to_have_count(10)
    page.get_by_role("link", name="Tôi đã chép xong").click()
    return telephone


def make_account(reader: Reader, login: str, role: Role, *, venues: str = "") -> str:
    """An administrator makes an account on the pages; its one-time password, still shown."""
    page = reader.open("/admin")
    page.get_by_role("link", name="Thêm người").click()
    page.fill("[name=login]", login)
    page.fill("[name=name]", f"Mẫu {login}")
    page.select_option("[name=role]", role.value)
    page.fill("[name=venues]", venues)
    page.click("main .form button")
    return page.locator("main code").nth(1).inner_text()
