"""Our own visitor card: the one kind that proves itself."""

import re
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.credentials import masks
from kiosk.credentials.payload import Payload
from wire import card
from wire.errors import BadSignature, Malformed, UnknownSigner
from wire.records import StableKey

KIND: Final = "card"
SPACE: Final = "card"
_NEWER: Final = re.compile(r"TRAM[2-9][A-Z2-7]{60,}")


def parse(text: str, keys: Mapping[str, Ed25519PublicKey]) -> Payload | None:
    """The card `text` is, or None where it is none.

    Problems: `misread` (a typo, a cut code), `unknown_signer` (another fleet's, or no keys here),
    `forged`, `newer_version`.
    """
    if _NEWER.fullmatch(text) is not None:
        return Payload(kind=KIND, problem="newer_version")
    if not text.upper().startswith(card.PREFIX):
        return None
    try:
        found = card.decode(text, keys)
    except Malformed:
        return Payload(kind=KIND, problem="misread")
    except UnknownSigner:
        return Payload(kind=KIND, problem="unknown_signer")
    except BadSignature:
        return Payload(kind=KIND, problem="forged")
    return Payload(
        kind=KIND,
        keys=(StableKey(SPACE, found.id),),
        label=masks.number(KIND, found.id),
        authentic=True,
    )
