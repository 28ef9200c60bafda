"""The world of people, on each database."""

from tests.fleet_server.people import world

__all__ = ["world"]
