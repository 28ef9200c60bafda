"""How people sign in with a browser."""

from flask import Flask

from fleet_server.auth.permissions import SECOND_FACTOR_ROLES, Role
from tests.fleet_server.people import PASSWORD, code_of
from tests.support.browser import Reader


def enter(reader: Reader, app: Flask, login: str, role: Role = Role.TRACER) -> Reader:
    """Somebody with this login (`people.add_account`) is at the browser."""
    page = reader.open("/sign-in")
    page.fill("[name=name]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    if role in SECOND_FACTOR_ROLES:
        page.fill("[name=code]", code_of(app))
        page.click("main button")
    return reader
