"""Where cards are made and taken out of use, with the card-signing key, which no page has."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import Connection

from fleet_server import keys
from fleet_server.fleet import cards, documents
from fleet_server.fleet.card_batch import Issuer, Made
from fleet_server.fleet.card_rows import Row
from fleet_server.fleet.references import Taken
from fleet_server.identity import numbers
from fleet_server.identity.pseudonyms import PseudonymKey


@dataclass(frozen=True, kw_only=True)
class CardOffice:
    """What cards are signed with and known by."""

    keys_dir: Path
    sign: Ed25519PrivateKey
    pseudonyms: PseudonymKey
    vault: X25519PublicKey
    """Whom a card is for is sealed to it."""
    zone: ZoneInfo

    def issue(
        self, connection: Connection, batch: str, rows: Sequence[Row], *, at_ms: int, actor: str
    ) -> list[Made]:
        """The cards of `rows` in this batch: those there are, and new ones for the others."""
        issuer = Issuer(
            sign=self.sign,
            pseudonyms=self.pseudonyms,
            vault=self.vault,
            zone=self.zone,
            actor=actor,
        )
        return issuer.issue(connection, batch, rows, at_ms=at_ms)

    def revoke(
        self, connection: Connection, which: str, *, reason: str, at_ms: int, actor: str
    ) -> str:
        """Takes a card, by its id or the text of its code, out of use; the visitor's reference.

        Empty where it was revoked before and only missing on the kiosks' list. Raises BadNumber,
        NotKnown, Taken, KeysError.
        """
        card_id = numbers.card_id(which, keys.public(self.keys_dir).keyset.card_keys())
        visitor = ""
        taken = None
        try:
            visitor = cards.revoke(
                connection,
                card_id=card_id,
                pseudonyms=self.pseudonyms,
                reason=reason,
                at_ms=at_ms,
                actor=actor,
            )
        except Taken as problem:
            # Revoked by a release that made no list, or its list was lost: list it now.
            taken = problem
        listed = documents.revoke(self.keys_dir, card_id, sign=self.sign, now_ms=at_ms)
        if taken is not None and listed is None:
            raise taken
        return visitor
