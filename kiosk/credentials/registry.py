"""From a code's bytes to what it is: one format at most, a named kind of unknown otherwise.

Pure, and total: whatever the bytes, there is an answer and no exception.
"""

from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.credentials import bhyt, card, cccd, national, unknown
from kiosk.credentials.payload import Payload
from kiosk.credentials.text import to_text

MAX_BYTES: Final = 7_089
"""No single QR code holds more (version 40, digits only)."""


def recognise(data: bytes, card_keys: Mapping[str, Ed25519PublicKey]) -> Payload:
    """What the code `data` says. `card_keys` are the fleet's card-signing keys by id."""
    if len(data) > MAX_BYTES:
        return Payload(kind="garbled")
    text = to_text(data)
    if text is None:
        return Payload(kind="garbled")
    text = text.strip()
    if not text:
        return Payload(kind="empty")
    found = matches(text, card_keys)
    return found[0] if found else unknown.name(text)


def matches(text: str, card_keys: Mapping[str, Ed25519PublicKey]) -> list[Payload]:
    """Every known format that `text` fits: one or none, which the tests hold over all formats."""
    candidates = (
        card.parse(text, card_keys),
        national.parse(text),
        cccd.parse(text),
        bhyt.parse(text),
    )
    return [payload for payload in candidates if payload is not None]
