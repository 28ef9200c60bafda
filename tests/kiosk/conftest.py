"""Fixtures of the kiosk's tests."""

from tests.fleet_server.fleet.conftest import secured

__all__ = ["secured"]
