"""What every view needs, made once per application."""

from collections.abc import Callable
from typing import NamedTuple

from flask import Flask, current_app
from sqlalchemy import Engine

from fleet_server.auth.door import Door
from fleet_server.cases.desk import Vault
from fleet_server.settings import Settings

_KEY = "tram"


class Site(NamedTuple):
    """The application's own things."""

    settings: Settings
    engine: Engine
    door: Door
    clock: Callable[[], float]
    """Seconds since 1970 UTC."""
    vault: Vault
    """Answers for cases; its key is another process's."""

    def now(self) -> int:
        return int(self.clock())

    def now_ms(self) -> int:
        return int(self.clock() * 1000)


def install(app: Flask, site: Site) -> None:
    app.extensions[_KEY] = site


def site() -> Site:
    """The current application's."""
    found: Site = current_app.extensions[_KEY]
    return found
