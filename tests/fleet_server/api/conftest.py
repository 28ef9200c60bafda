"""The world of people, and the office that works on a case, each on its database."""

from pathlib import Path

import pytest

from tests.fleet_server.api.hall import Hall, make_hall
from tests.fleet_server.cases.conftest import Office, office
from tests.fleet_server.people import world

__all__ = ["hall", "office", "world"]


@pytest.fixture
def hall(office: Office, tmp_path: Path) -> Hall:
    """Everybody who may or may not work on cases, with a code, before the API."""
    return make_hall(office, tmp_path)
