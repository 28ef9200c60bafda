"""What every view needs, made once per application."""

from collections.abc import Callable
from typing import NamedTuple

from flask import Flask, current_app
from sqlalchemy import Engine

from fleet_server.auth.attempts import Attempts
from fleet_server.cases.desk import Vault
from fleet_server.settings import Settings

_KEY = "tram"


class Site(NamedTuple):
    """The application's own things."""

    settings: Settings
    engine: Engine
    attempts: Attempts
    clock: Callable[[], float]
    """Seconds since 1970 UTC."""
    vault: Vault

    def now(self) -> int:
        return int(self.clock())


def install(app: Flask, site: Site) -> None:
    app.extensions[_KEY] = site


def site() -> Site:
    """The current application's."""
    found: Site = current_app.extensions[_KEY]
    return found
