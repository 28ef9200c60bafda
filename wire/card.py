"""Our own visitor card: what its QR code says.

    TRAM1 <138 of A-Z2-7: version-1 body, 86 bytes in base32> <4 of A-Z2-7: CRC>

Body: card id (16 random bytes), issue day (2, days since 2020-01-01), key id (4), Ed25519 signature
(64). Only capitals and digits: QR's alphanumeric mode keeps the symbol small (version 6), and no
keyboard layout of a USB scanner changes them. The CRC tells a typo from a forgery. No names.
"""

import base64
import binascii
import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wire.errors import BadSignature, Malformed, UnknownSigner

PREFIX: Final = "TRAM1"
PATTERN: Final = re.compile(r"TRAM1[A-Z2-7]{142}")
_EPOCH: Final = dt.date(2020, 1, 1)
_CONTEXT: Final = b"tram-card-1\x00"


class Card(NamedTuple):
    """What a card's code says."""

    id: str
    """32 hex digits."""
    issued: dt.date
    key: str
    """Id of the signing key, 8 hex digits."""


def key_id(public: Ed25519PublicKey) -> str:
    """8 hex digits that name a card-signing key."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:8]


def encode(card_id: bytes, issued: dt.date, key: Ed25519PrivateKey) -> str:
    """The text of a card's code. `card_id` is 16 bytes; `issued` from 2020-01-01 to 2199-06-06."""
    days = (issued - _EPOCH).days
    if len(card_id) != 16 or not 0 <= days < 65536:
        raise ValueError("a card has a 16-byte id and an issue date from 2020 to 2199")
    body = card_id + days.to_bytes(2, "big") + bytes.fromhex(key_id(key.public_key()))
    text = _base32(body + key.sign(_CONTEXT + body))
    return PREFIX + text + _crc(text)


def decode(text: str, keys: Mapping[str, Ed25519PublicKey]) -> Card:
    """The card `text` says it is, proven by one of `keys` (by key id).

    Raises Malformed for a code that is not a whole card (a typo, a cut text), BadSignature for one
    that this fleet did not sign, and of these UnknownSigner where its key is not among `keys`.
    """
    if PATTERN.fullmatch(text) is None:
        raise Malformed("not a whole card code: TRAM1 and 142 of A-Z, 2-7")
    text = text.removeprefix(PREFIX)
    if _crc(text[:-4]) != text[-4:]:
        raise Malformed("a card code with a misread character")
    raw = base64.b32decode(text[:-4] + "=" * (-len(text[:-4]) % 8))
    if _base32(raw) != text[:-4]:
        raise Malformed("a card code with stray bits at its end")
    body, signature = raw[:22], raw[22:]
    key = keys.get(body[18:].hex())
    if key is None:
        raise UnknownSigner(
            f"a card signed by key {body[18:].hex()}, which this fleet does not know"
        )
    try:
        key.verify(signature, _CONTEXT + body)
    except InvalidSignature as problem:
        raise BadSignature("a card whose signature is not this fleet's") from problem
    issued = _EPOCH + dt.timedelta(days=int.from_bytes(body[16:18], "big"))
    return Card(id=body[:16].hex(), issued=issued, key=body[18:].hex())


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")


def _crc(text: str) -> str:
    return _base32((binascii.crc32(text.encode()) & 0xFFFFF).to_bytes(3, "big"))[-4:]
