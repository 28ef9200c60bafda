"""EU-style health certificates, Vietnam's vaccine passport among them.

    HC1: base45 → zlib → COSE_Sign1 → CWT → claim −260 → 1 → {ver, nam, dob, v | t | r}

Verified offline against the trust store. Nothing of a certificate is kept: no name, no number, and
no key to recognise anybody by.
"""

import re
import zlib
from collections.abc import Mapping
from typing import Any, Final

from kiosk.credentials import base45, cose, verification
from kiosk.credentials.cose import Garbled
from kiosk.credentials.payload import Payload
from kiosk.credentials.signers import Signers
from wire import trust

KIND: Final = trust.HC1
PREFIX: Final = "HC1:"
_NEWER: Final = re.compile(r"HC[2-9]:[0-9A-Z $%*+./:-]{100,}")
_HEALTH: Final = -260
_EU_DGC: Final = 1
_GROUPS: Final = {"v": trust.VACCINATION, "t": trust.TEST, "r": trust.RECOVERY}


def parse(text: str, signers: Signers) -> Payload | None:
    """What the certificate `text` proves, or None where it is none.

    Problems: `garbled`, `forged`, `unknown_signer`, `not_entitled`, `newer_version`; without one it
    is genuine, and `Payload.at` tells whether it counts yet or still.
    """
    if _NEWER.fullmatch(text) is not None:
        return Payload(kind=KIND, problem="newer_version")
    if not text.startswith(PREFIX):
        return None
    try:
        envelope = cose.parse(_inflate(base45.decode(text[len(PREFIX) :])))
        claims = cose.claims(envelope.payload)
        return verification.verdict(
            KIND, envelope, verification.span(claims), signers, use=_use(claims)
        )
    except ValueError:
        return Payload(kind=KIND, problem=verification.GARBLED)


def _inflate(raw: bytes) -> bytes:
    """Raises Garbled for what is not zlib, is cut, or grows beyond an envelope's size."""
    inflater = zlib.decompressobj()
    try:
        out = inflater.decompress(raw, cose.MAX_BYTES + 1)
    except zlib.error as problem:
        raise Garbled("not zlib") from problem
    if len(out) > cose.MAX_BYTES or not inflater.eof:
        raise Garbled("cut, or larger than any certificate")
    return out


def _use(claims: Mapping[Any, Any]) -> str:
    """What the certificate vouches for: exactly one entry of one group. Raises Garbled."""
    match claims.get(_HEALTH):
        case {1: {"ver": str(), "nam": Mapping(), "dob": str(), **rest}}:
            pass
        case _:
            raise Garbled("not a health certificate")
    groups = {use: rest[key] for key, use in _GROUPS.items() if rest.get(key)}
    match list(groups.items()):
        case [(str(use), [Mapping()])]:
            return use
        case _:
            raise Garbled("not one vaccination, test or recovery")
