"""New Zealand's COVID Pass: `NZCP:/1/` base32 → COSE_Sign1 → CWT, P-256 by the issuer's DID.

Verified offline against the trust store. Nothing of a pass is kept.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from kiosk.credentials import cose, verification
from kiosk.credentials.cose import Garbled
from kiosk.credentials.payload import Payload
from kiosk.credentials.signers import ALGORITHMS, Signers
from wire import trust

KIND: Final = trust.NZCP
PREFIX: Final = "NZCP:/"
_SHAPE: Final = re.compile(r"NZCP:/([0-9]+)/([A-Z2-7]+)")
_TYPE: Final = "PublicCovidPass"


def parse(text: str, signers: Signers) -> Payload | None:
    """What the pass `text` proves, or None where it is none. Problems: as for hc1."""
    if not text.startswith(PREFIX):
        return None
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return Payload(kind=KIND, problem=verification.GARBLED)
    version, body = shape.groups()
    if version != "1":
        return Payload(kind=KIND, problem="newer_version")
    try:
        envelope = cose.parse(base64.b32decode(body + "=" * (-len(body) % 8)))
        if ALGORITHMS.get(envelope.algorithm or 0) != trust.ES256:
            raise Garbled("a pass is signed with ES256")
        claims = cose.claims(envelope.payload)
        issuer = _issuer(claims)
        return verification.verdict(
            KIND, envelope, verification.span(claims), signers, issuer=issuer
        )
    except (ValueError, binascii.Error):
        return Payload(kind=KIND, problem=verification.GARBLED)


def _issuer(claims: Mapping[Any, Any]) -> str:
    """Who says so. Raises Garbled for what is no pass with both its dates."""
    match claims:
        case {
            verification.ISSUER: str(issuer),
            verification.NOT_BEFORE: _,
            "vc": {"type": [*types], "version": str(), "credentialSubject": Mapping()},
        } if _TYPE in types:
            return issuer
        case _:
            raise Garbled("not a pass")
