"""The world of people, on each database; and a desk with a vault behind it."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.fleet_server.people import world
from tests.fleet_server.web.counter import Counter, counter

__all__ = ["world"]


@pytest.fixture
def desk(engine: Engine, keys_once: Path, tmp_path: Path) -> Counter:
    return counter(engine, keys_once, tmp_path)
