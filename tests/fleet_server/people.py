"""A small world of people who hold codes: two managers, a tracer, someone of the fleet."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from fleet_server import database
from fleet_server.auth import tokens
from fleet_server.auth.permissions import Role
from fleet_server.settings import Settings
from fleet_server.web.app import create_app
from tests.support.world import NOON_MS, Place, one_venue

NOW = NOON_MS // 1000 + 3600
ORIGIN = {"Origin": "http://localhost"}


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """Two venues, and a code for each kind of person."""

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
        client = self.app.test_client()
        answer = client.post("/sign-in", data={"code": self.codes[who]}, headers=ORIGIN)
        assert answer.status_code == 303, answer.text
        return client

    def bearer(self, who: str) -> dict[str, str]:
        """What a program of somebody's sends."""
        return {"Authorization": f"Bearer {self.codes[who]}"}


def make_world(engine: Engine, settings: Settings) -> World:
    market = one_venue(engine)
    school = one_venue(engine, ref="truong-mau", kiosk="truong-mau-1", kind="school")
    people = {
        "manager": (Role.VENUE_MANAGER, "cho-mau"),
        "neighbour": (Role.VENUE_MANAGER, "truong-mau"),
        "tracer": (Role.TRACER, None),
        "operator": (Role.FLEET_OPERATOR, None),
    }
    codes = {}
    with engine.execution_options(**database.WRITES).begin() as connection:
        for number, (who, (role, venue)) in enumerate(people.items()):
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
    app = create_app(settings, engine=engine, session_key=b"k" * 32, clock=clock)
    return World(app, engine, clock, market, school, codes)


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    """Two venues and somebody of every kind, on a fresh database."""
    return make_world(engine, Settings(home=str(tmp_path), database_url=str(engine.url)))
