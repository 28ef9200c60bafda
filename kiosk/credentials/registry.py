"""From a code's bytes to what it is: one format at most, a named kind of unknown otherwise.

Pure, and total: whatever the bytes, there is an answer and no exception.
"""

from typing import Final

from kiosk.credentials import bhyt, card, cccd, hc1, national, nzcp, payment, place, unknown
from kiosk.credentials.payload import Payload
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.text import to_text

MAX_BYTES: Final = 7_089
"""No single QR code holds more (version 40, digits only)."""
_LOST: Final = "\ufffd"
"""What a reader writes where it could not tell a character: something is missing."""


def recognise(data: bytes, proofs: Proofs) -> Payload:
    """What the code `data` says, as far as `proofs` can prove it.

    Dates are not judged here: `Payload.at` does that with the caller's clock.
    """
    if len(data) > MAX_BYTES:
        return Payload(kind="garbled")
    text = to_text(data)
    if text is None or _LOST in text:
        return Payload(kind="garbled")
    text = text.strip()
    if not text:
        return Payload(kind="empty")
    found = matches(text, proofs)
    return found[0] if found else unknown.name(text)


def matches(text: str, proofs: Proofs) -> list[Payload]:
    """Every known format that `text` fits: one or none, which the tests hold over all formats.

    Formats of fields between pipes go first; none of the others has pipes.
    """
    fielded = _found(national.parse(text), cccd.parse(text), bhyt.parse(text))
    return fielded or _found(
        card.parse(text, proofs.card_keys, proofs.revoked),
        hc1.parse(text, proofs.signers),
        nzcp.parse(text, proofs.signers),
        payment.parse(text),
        place.parse(text),
    )


def _found(*candidates: Payload | None) -> list[Payload]:
    return [payload for payload in candidates if payload is not None]
