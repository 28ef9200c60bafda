"""A week before a positive test, a vault, and the people who work on it."""

from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Engine

from fleet_server import database
from fleet_server.auth.permissions import Role
from fleet_server.cases.acting import Actor
from fleet_server.cases.desk import CaseDesk
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.identity.vault import Vault
from fleet_server.settings import Privacy
from fleet_server.tracing import derivation
from tests.support.casework import NearVault
from tests.support.market_days import CALLED_MS, ZONE, MarketDays
from wire import card

TRACER = Actor("truy-vet-1", Role.TRACER)
COLLEAGUE = Actor("truy-vet-2", Role.TRACER)
SUPERVISOR = Actor("giam-sat-1", Role.TRACING_SUPERVISOR)
CASE = "CA-2026-017"
LAB = "XN-26-0310-55"
NAMES_PER_DAY = 10


@dataclass
class Office:
    """Who works on the case, at the minute the clock shows."""

    days: MarketDays
    key: X25519PrivateKey
    sign: Ed25519PrivateKey
    now_ms: int = CALLED_MS
    privacy: Privacy = field(default_factory=lambda: Privacy(names_per_day=NAMES_PER_DAY))

    def __post_init__(self) -> None:
        known = {card.key_id(self.days.sign.public_key()): self.days.sign.public_key()}
        self.vault = Vault(
            self.engine,
            key=self.key,
            sign=self.sign,
            pseudonyms=self.days.pseudonyms,
            card_keys=known,
            names_per_day=NAMES_PER_DAY,
            now_ms=lambda: self.now_ms,
        )

    @property
    def engine(self) -> Engine:
        return self.days.engine

    def desk(self, actor: Actor = TRACER) -> CaseDesk:
        self.now_ms += 1000
        return CaseDesk(self.engine, NearVault(self.vault), actor, self.now_ms, ZONE, self.privacy)

    def opened(self) -> CaseDesk:
        """A confirmed case whose index person is the seller, by both her cards."""
        desk = self.desk()
        desk.begin(CASE, lab_ref=LAB, onset=(CALLED_MS // 1000) - 2 * 86_400)
        self.desk(SUPERVISOR).confirm_lab(CASE, LAB)
        return desk

    def with_seller(self) -> str:
        """As `opened`, with her in it; her reference."""
        desk = self.opened()
        by_insurance = desk.find(CASE, "insurance", "DN4010179000001", "tìm F0")
        by_phone = desk.find(CASE, "phone", "0900000001", "tìm F0")
        desk.link(CASE, by_insurance[0], by_phone[0], "cùng một người, bà ấy đọc cả hai thẻ")
        return desk.add_index(CASE, by_insurance[0], "dương tính").ref


@pytest.fixture
def office(engine: Engine) -> Office:
    key, sign = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    pseudonyms = PseudonymKey(bytes(range(32)))
    days = MarketDays(engine, key.public_key(), pseudonyms, sign).live()
    derivation.drain(engine, now_ms=CALLED_MS)
    made = Office(days, key, Ed25519PrivateKey.generate())
    while made.vault.index():
        pass
    return made


def writing(engine: Engine) -> Engine:
    return engine.execution_options(**database.WRITES)
