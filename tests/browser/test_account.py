"""Signing in, as a browser sees it."""

from collections.abc import Callable

import pytest

from tests.fleet_server.people import World
from tests.support.browser import Reader

pytestmark = pytest.mark.slow


def sign_in(reader: Reader, world: World, who: str) -> None:
    page = reader.open("/sign-in")
    page.fill("[name=code]", world.codes[who])
    page.click("main button")


def test_the_sign_in_page_is_in_good_order(reader: Callable[..., Reader]) -> None:
    reader().look("/sign-in", "sign-in")


def test_a_manager_finds_their_log(reader: Callable[..., Reader], world: World) -> None:
    manager = reader()
    sign_in(manager, world, "manager")
    manager.page.click("text=Nơi mẫu cho-mau")
    manager.look("/venues/cho-mau/log", "venue-log")
