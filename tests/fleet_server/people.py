"""A small world of people: two managers, a tracer, someone of the fleet.

They sign in at pages with real passwords and second factors; their programs hold access codes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, func, select, update
from werkzeug.test import TestResponse

from fleet_server import database
from fleet_server.auth import accounts, second_factor, tokens
from fleet_server.auth.accounts import By
from fleet_server.auth.permissions import SECOND_FACTOR_ROLES, Role
from fleet_server.models import Account
from fleet_server.settings import Accounts, Settings
from fleet_server.web.app import create_app
from fleet_server.web.site import Site, Vault, site
from tests.support.world import NOON_MS, Place, one_venue

NOW = NOON_MS // 1000 + 3600
ORIGIN = {"Origin": "http://localhost"}
PASSWORD = "bốn con trâu ra đồng"
SECRET = b"a second factor's se"
CHEAP = Accounts(hash_memory_kib=8, hash_passes=1, hash_lanes=1)
"""Hashes that cost nothing: the suite makes many."""


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """Two venues, and an account and a code for each kind of person."""

    app: Flask
    engine: Engine
    clock: Clock
    market: Place
    school: Place
    codes: dict[str, str]

    def stranger(self) -> FlaskClient:
        return self.app.test_client()

    def browser(self, who: str) -> FlaskClient:
        """A browser somebody signed in with."""
        role, venue = PEOPLE[who]
        return signed_in(self.app.test_client(), role, venues=[venue] if venue else [])

    def bearer(self, who: str) -> dict[str, str]:
        """What a program of somebody's sends."""
        return {"Authorization": f"Bearer {self.codes[who]}"}


PEOPLE: Mapping[str, tuple[Role, str | None]] = {
    "manager": (Role.VENUE_MANAGER, "cho-mau"),
    "neighbour": (Role.VENUE_MANAGER, "truong-mau"),
    "tracer": (Role.TRACER, None),
    "operator": (Role.FLEET_OPERATOR, None),
}


def signed_in(
    client: FlaskClient,
    role: Role,
    area: str | None = None,
    venues: Sequence[str] = (),
    login: str = "",
) -> FlaskClient:
    """The browser, signed in as somebody new with this role: the way people do it."""
    login = add_account(client.application, role, login=login, area=area, venues=venues)
    sign_in(client, login)
    return client


def add_account(
    app: Flask,
    role: Role,
    *,
    login: str = "",
    area: str | None = None,
    venues: Sequence[str] = (),
    ready: bool = True,
) -> str:
    """An account with PASSWORD, and SECRET where its role needs one; its login.

    `ready`: False leaves password and second factor to be settled at the first sign-in.
    """
    here = site_of(app)
    with here.engine.execution_options(**database.WRITES).begin() as connection:
        count = connection.scalar(select(func.count()).select_from(Account))
        login = login or f"{role.value.replace('_', '-')}-{count}"
        accounts.create(
            connection,
            By("root", here.now_ms()),
            login=login,
            role=role,
            password_hash=here.door.passwords.hash(PASSWORD),
            name=f"Mẫu {login}",
            area=area,
            venues=venues,
            must_change_password=not ready,
        )
        if ready and role in SECOND_FACTOR_ROLES:
            account_id = accounts.find(connection, login)
            sealed = here.door.seal.seal(SECRET, account_id)
            connection.execute(
                update(Account).where(Account.id == account_id).values(totp_secret=sealed)
            )
    return login


def own_code(
    connection: Connection,
    login: str,
    role: Role,
    *,
    area: str | None = None,
    venues: Sequence[str] = (),
    secret: bytes,
    now: int = NOW - 60,
) -> str:
    """An access code of somebody new with this role."""
    accounts.create(
        connection,
        By("root", now * 1000),
        login=login,
        role=role,
        password_hash="",
        area=area,
        venues=venues,
    )
    return tokens.create_own(connection, login, name="máy", days=30, now=now, secret=secret)


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD) -> None:
    """Password, and the telephone's code where it is asked for."""
    answer = submit(client, "/sign-in", {"name": login, "password": password})
    assert answer.status_code == 303, answer.text
    if answer.location.startswith("/sign-in/code"):
        answer = submit(client, "/sign-in/code", {"code": code_of(client.application)})
        assert answer.status_code == 303, answer.text


def submit(
    client: FlaskClient, path: str, data: Mapping[str, str] | None = None, *, page: str = ""
) -> TestResponse:
    """Sends a form as a browser does: from one of our pages (`page`, else any), with its token."""
    return client.post(
        path, data={**(data or {}), "csrf_token": token_of(client, page)}, headers=ORIGIN
    )


def token_of(client: FlaskClient, page: str = "") -> str:
    """What a browser's forms carry."""
    form = client.get(page or "/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None, form
    return token[1]


def code_of(app: Flask, secret: bytes = SECRET, *, later_s: int = 0) -> str:
    """What the telephone shows now."""
    return code_at(secret, site_of(app).now() + later_s)


def code_at(secret: bytes, now: int) -> str:
    return pyotp.TOTP(second_factor.words(secret)).at(now)


def site_of(app: Flask) -> Site:
    with app.app_context():
        return site()


def make_world(engine: Engine, settings: Settings, *, vault: Vault | None = None) -> World:
    market = one_venue(engine)
    school = one_venue(engine, ref="truong-mau", kiosk="truong-mau-1", kind="school")
    codes = {}
    with engine.execution_options(**database.WRITES).begin() as connection:
        for number, (who, (role, venue)) in enumerate(PEOPLE.items()):
            codes[who] = tokens.create(
                connection,
                name=who,
                role=role,
                venue=venue,
                days=30,
                now=NOW - 60,
                secret=bytes([number]) * tokens.SECRET_BYTES,
            )
    clock = Clock(NOW)
    app = create_app(settings, engine=engine, session_key=b"k" * 32, clock=clock, vault=vault)
    return World(app, engine, clock, market, school, codes)


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    """Two venues and somebody of every kind, on a fresh database."""
    return make_world(
        engine, Settings(home=str(tmp_path), database_url=str(engine.url), accounts=CHEAP)
    )
