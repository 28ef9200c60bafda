"""One browser for all of a worker's tests; an application of one's own for each."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from fleet_server import database
from tests.fleet_server.people import World, world
from tests.support.browser import Reader, chromium, served

__all__ = ["world"]

TIMEOUT_MS = 10_000


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """One database is enough: what a browser shows does not depend on it."""
    engine = database.connect(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=TIMEOUT_MS)
    with chromium() as running:
        yield running


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """Where the application of `world` answers."""
    with served(world.app) as where:
        yield where


@pytest.fixture
def reader(browser: Browser, address: str) -> Iterator[Callable[..., Reader]]:
    """Makes people with a browser of their own; `scripts=False` for one without JavaScript."""
    contexts = []

    def make(*, scripts: bool = True) -> Reader:
        context = browser.new_context(java_script_enabled=scripts, locale="vi-VN")
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        return Reader(browser, address, context)

    yield make
    for context in contexts:
        context.close()
