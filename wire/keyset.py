"""The fleet's public keys as kiosks hold them, signed by the offline fleet root.

Whoever controls the broker or a kiosk's network cannot swap the keys a kiosk seals to.
"""

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from wire import codec
from wire.errors import BadSignature, Malformed, RolledBack

_CONTEXT = b"tram-keyset-1\x00"


class CardKey(msgspec.Struct, frozen=True):
    """One key visitor cards are signed with."""

    id: str = ""
    key: bytes = b""


class KeySet(msgspec.Struct, frozen=True, kw_only=True):
    """Public keys, raw 32 bytes each."""

    version: int = 0
    """Counts up; a kiosk never goes back to an older one."""
    issued_ms: int = 0
    ingest: bytes = b""
    vault: bytes = b""
    cards: list[CardKey] = []

    def ingest_key(self) -> X25519PublicKey:
        return X25519PublicKey.from_public_bytes(self.ingest)

    def vault_key(self) -> X25519PublicKey:
        return X25519PublicKey.from_public_bytes(self.vault)

    def card_keys(self) -> dict[str, Ed25519PublicKey]:
        return {card.id: Ed25519PublicKey.from_public_bytes(card.key) for card in self.cards}


class SignedKeySet(msgspec.Struct, frozen=True, kw_only=True):
    """The signed bytes as they are, and the root's signature over them."""

    keyset: bytes = b""
    signature: bytes = b""


def sign(keyset: KeySet, root: Ed25519PrivateKey) -> bytes:
    """The document a kiosk's bundle carries."""
    body = codec.encode(keyset)
    return codec.encode(SignedKeySet(keyset=body, signature=root.sign(_CONTEXT + body)))


def verify(document: bytes, root: Ed25519PublicKey, *, at_least: int = 0) -> KeySet:
    """The key set in `document`.

    Raises BadSignature, RolledBack below version `at_least`, Malformed for keys of the wrong form.
    """
    signed = codec.decode(document, SignedKeySet)
    try:
        root.verify(signed.signature, _CONTEXT + signed.keyset)
    except InvalidSignature as problem:
        raise BadSignature("the key set is not signed by this fleet's root") from problem
    keyset = codec.decode(signed.keyset, KeySet)
    try:
        keyset.ingest_key(), keyset.vault_key(), keyset.card_keys()
    except ValueError as problem:
        raise Malformed(f"the key set holds a key of the wrong form: {problem}") from problem
    if keyset.version < at_least:
        raise RolledBack(f"KeySet version {keyset.version}, but {at_least} was seen before")
    return keyset
