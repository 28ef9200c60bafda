"""The world of people, on each database."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from fleet_server.settings import Settings
from tests.fleet_server.people import World, make_world


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    """Two venues and somebody of every kind, on a fresh database."""
    return make_world(engine, Settings(home=str(tmp_path), database_url=str(engine.url)))
