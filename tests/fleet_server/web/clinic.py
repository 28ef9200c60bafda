"""A market seller's case on the pages: the office's people with browsers, its vault near by."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient

from fleet_server.auth.permissions import Role
from fleet_server.settings import Privacy, Settings
from fleet_server.web.app import create_app
from tests.fleet_server.cases.conftest import COLLEAGUE, NAMES_PER_DAY, SUPERVISOR, TRACER, Office
from tests.fleet_server.people import CHEAP, add_account, sign_in
from tests.support.casework import NearVault

LOGINS = {
    "tracer": (TRACER.name, Role.TRACER, None),
    "colleague": (COLLEAGUE.name, Role.TRACER, None),
    "supervisor": (SUPERVISOR.name, Role.TRACING_SUPERVISOR, None),
    "near": ("truy-vet-t01", Role.TRACER, "T01"),
    "far": ("truy-vet-t02", Role.TRACER, "T02"),
    "auditor": ("kiem-toan", Role.AUDITOR, None),
    "auditor_near": ("kiem-toan-t01", Role.AUDITOR, "T01"),
    "auditor_far": ("kiem-toan-t02", Role.AUDITOR, "T02"),
}
"""Login, role and area of each."""


@dataclass
class Clinic:
    """The office with pages; its clock goes on by a second with each request."""

    office: Office
    home: Path
    away: bool = False
    """Whether nobody runs the vault."""
    browsers: dict[str, FlaskClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app: Flask = create_app(
            Settings(
                home=str(self.home),
                database_url=str(self.office.engine.url),
                accounts=CHEAP,
                privacy=Privacy(names_per_day=NAMES_PER_DAY),
            ),
            engine=self.office.engine,
            session_key=b"k" * 32,
            clock=self._tick,
            vault=None if self.away else NearVault(self.office.vault),
        )
        for login, role, area in LOGINS.values():
            add_account(self.app, role, login=login, area=area)

    def trust(self, key: Ed25519PublicKey) -> None:
        """Kept results are checked with this key."""
        path = self.home / "keys" / "public" / "results.pub"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def browser(self, who: str) -> FlaskClient:
        """A browser somebody is signed in with."""
        if who not in self.browsers:
            self.browsers[who] = self.app.test_client()
            sign_in(self.browsers[who], LOGINS[who][0])
        return self.browsers[who]

    def _tick(self) -> float:
        self.office.now_ms += 10
        return self.office.now_ms / 1000
