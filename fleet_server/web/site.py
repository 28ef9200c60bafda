"""What every view needs, made once per application."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from flask import Flask, current_app
from sqlalchemy import Engine

from fleet_server.auth.door import Door
from fleet_server.cases import desk
from fleet_server.identity.vault_messages import CardMade, Holder
from fleet_server.settings import Settings
from fleet_server.web.kept import Kept

_KEY = "tram"


class Vault(desk.Vault, Protocol):
    """What is asked of the vault: for cases, and for cards."""

    def issue_cards(
        self, batch: str, holders: Sequence[Holder], *, actor: str
    ) -> list[CardMade]: ...

    def revoke_card(self, card: str, *, reason: str, actor: str) -> str: ...


class Site(NamedTuple):
    """The application's own things."""

    settings: Settings
    engine: Engine
    door: Door
    clock: Callable[[], float]
    """Seconds since 1970 UTC."""
    vault: Vault
    """Its keys are another process's."""
    kept: Kept

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
