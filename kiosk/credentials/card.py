"""Our own visitor card: the one kind that proves itself."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.credentials import masks
from kiosk.credentials.payload import Payload
from wire import card
from wire.errors import BadSignature, UnknownSigner, WireError
from wire.records import StableKey

KIND: Final = "card"
SPACE: Final = "card"
_PROBLEMS: Final[Mapping[type[WireError], str]] = {
    UnknownSigner: "unknown_signer",
    BadSignature: "forged",
}
_NEWER: Final = re.compile(r"TRAM[2-9][A-Z2-7]{60,}")


def parse(
    text: str, keys: Mapping[str, Ed25519PublicKey], revoked: Collection[str] = ()
) -> Payload | None:
    """The card `text` is, or None where it is none. `revoked` holds the ids of cards taken back.

    Problems: `misread` (a typo, a cut code), `unknown_signer` (another fleet's, or no keys here),
    `forged`, `revoked`, `newer_version`.
    """
    if _NEWER.fullmatch(text) is not None:
        return Payload(kind=KIND, problem="newer_version")
    if not text.upper().startswith(card.PREFIX):
        return None
    try:
        found = card.decode(text, keys)
    except WireError as refusal:
        return Payload(kind=KIND, problem=_PROBLEMS.get(type(refusal), "misread"))
    if found.id in revoked:
        return Payload(kind=KIND, problem="revoked")
    return Payload(
        kind=KIND,
        keys=(StableKey(SPACE, found.id),),
        label=masks.number(KIND, found.id),
        authentic=True,
    )
