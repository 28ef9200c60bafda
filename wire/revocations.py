"""Visitor cards that no longer count: one list, signed by a key that signs cards.

Whoever may issue a card may take it back; the offline root need not be fetched for a lost card.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wire import signed
from wire.errors import Malformed

ID_BYTES: Final = 16
_CONTEXT: Final = b"tram-revocations-1\x00"


class Revocations(msgspec.Struct, frozen=True, kw_only=True):
    """All revoked cards of a fleet."""

    version: int = 0
    """Counts up; a kiosk never goes back to an older one."""
    issued_ms: int = 0
    """When this version was made, milliseconds since 1970 UTC."""
    cards: bytes = b""
    """Card ids, 16 bytes each, in rising order."""

    def ids(self) -> frozenset[str]:
        """The revoked cards' ids, 32 hex digits each."""
        text = self.cards.hex()
        step = 2 * ID_BYTES
        return frozenset(text[at : at + step] for at in range(0, len(text), step))


def of(ids: Iterable[str], *, version: int, issued_ms: int) -> Revocations:
    """The list of `ids` (32 hex digits each; ValueError for others)."""
    raw = sorted({bytes.fromhex(each) for each in ids})
    if any(len(each) != ID_BYTES for each in raw):
        raise ValueError("a card's id is 32 hex digits")
    return Revocations(version=version, issued_ms=issued_ms, cards=b"".join(raw))


def sign(revocations: Revocations, card_key: Ed25519PrivateKey) -> bytes:
    """The document a kiosk's bundle carries."""
    return signed.sign(revocations, card_key, context=_CONTEXT)


def verify(
    document: bytes, card_keys: Mapping[str, Ed25519PublicKey], *, at_least: int = 0
) -> Revocations:
    """The list in `document`, signed by one of the fleet's `card_keys` (by key id).

    Raises UnknownSigner, BadSignature, RolledBack below version `at_least`, Malformed, Oversized.
    """
    revocations = signed.verify(
        document, Revocations, card_keys, context=_CONTEXT, at_least=at_least
    )
    if len(revocations.cards) % ID_BYTES:
        raise Malformed(f"revocations: {len(revocations.cards)} bytes are no whole card ids")
    return revocations
