"""A visitor desk with a real vault behind it, in this process."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from fleet_server import keys
from fleet_server.auth.permissions import Role
from fleet_server.fleet.card_office import CardOffice
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.identity.vault import Vault
from fleet_server.models import AuditEntry
from fleet_server.settings import Settings
from tests.fleet_server.people import CHEAP, World, make_world, signed_in
from tests.support.casework import NearVault


@dataclass
class Counter:
    """The world of people, and what the vault of its desk holds."""

    world: World
    settings: Settings
    vault: Vault

    def clerk(self) -> FlaskClient:
        return signed_in(self.world.stranger(), Role.VISITOR_DESK, login="quay-1")

    def log(self) -> list[Mapping[str, Any]]:
        with self.world.engine.connect() as connection:
            query = select(AuditEntry.__table__).order_by(AuditEntry.id)
            return [dict(row) for row in connection.execute(query).mappings()]


def counter(engine: Engine, keys_once: Path, home: Path) -> Counter:
    """A desk on a fresh database, with keys of its own."""
    settings = Settings(home=str(home), database_url=str(engine.url), accounts=CHEAP)
    shutil.copytree(keys_once, settings.keys_dir)
    held = keys.vault(settings.keys_dir)
    keyset = keys.public(settings.keys_dir).keyset
    pseudonyms = PseudonymKey.load(held.pseudonym_file)
    sign = keys.card_sign(settings.keys_dir)
    assert sign is not None
    worlds: list[World] = []
    vault = Vault(
        engine,
        key=held.open,
        sign=held.sign,
        pseudonyms=pseudonyms,
        card_keys=keyset.card_keys(),
        names_per_day=settings.privacy.names_per_day,
        now_ms=lambda: int(worlds[0].clock() * 1000),
        office=CardOffice(
            keys_dir=settings.keys_dir,
            sign=sign,
            pseudonyms=pseudonyms,
            vault=keyset.vault_key(),
            zone=settings.zone,
        ),
    )
    worlds.append(make_world(engine, settings, vault=NearVault(vault)))
    return Counter(worlds[0], settings, vault)
