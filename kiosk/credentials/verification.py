"""Whether a signed health certificate is genuine, from its envelope, its claims and the signers.

The result is a verdict and a span of time. The certificate itself ends here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kiosk.credentials import cose
from kiosk.credentials.cose import Envelope
from kiosk.credentials.payload import Payload
from kiosk.credentials.signers import ALGORITHMS, Signer, Signers

GARBLED: Final = "garbled"
FORGED: Final = "forged"
UNKNOWN_SIGNER: Final = "unknown_signer"
NOT_ENTITLED: Final = "not_entitled"
ISSUER: Final = 1
EXPIRES: Final = 4
NOT_BEFORE: Final = 5
ISSUED: Final = 6


@dataclass(frozen=True, kw_only=True)
class Span:
    """From when until when the claims say they hold, seconds since 1970 UTC, both included."""

    begins_s: int
    ends_s: int


def span(claims: Mapping[Any, Any]) -> Span:
    """What `exp`, `nbf` and `iat` say; `exp` is required. Raises cose.Garbled."""
    begins = [cose.seconds(claims[key]) for key in (NOT_BEFORE, ISSUED) if key in claims]
    return Span(begins_s=max(begins, default=0), ends_s=cose.seconds(claims.get(EXPIRES)))


def verdict(
    kind: str,
    envelope: Envelope,
    claimed: Span,
    signers: Signers,
    *,
    use: str = "",
    issuer: str | None = None,
) -> Payload:
    """What `envelope` proves, as a payload that holds no more than that.

    `use` is what it vouches for; `issuer`, where given, must be the signer's. Problems:
    `unknown_signer`, `forged`, `not_entitled` (genuine, but the signer may not sign this). The
    dates are judged later, by `Payload.at`.
    """
    candidates = signers.find(
        kind, envelope.kid, algorithm=ALGORITHMS.get(envelope.algorithm or 0, "")
    )
    if issuer is not None:
        candidates = tuple(signer for signer in candidates if signer.issuer == issuer)
    if not candidates:
        return Payload(kind=kind, problem=UNKNOWN_SIGNER)
    message = envelope.to_be_signed
    proven = next((each for each in candidates if each.signed(message, envelope.signature)), None)
    if proven is None:
        return Payload(kind=kind, problem=FORGED)
    if use and proven.uses and use not in proven.uses:
        return Payload(kind=kind, problem=NOT_ENTITLED)
    return _genuine(kind, claimed, proven)


def _genuine(kind: str, claimed: Span, signer: Signer) -> Payload:
    """A certificate counts while both it and its signer do."""
    ends_s = claimed.ends_s
    if signer.not_after_s is not None:
        ends_s = min(ends_s, signer.not_after_s)
    return Payload(
        kind=kind,
        authentic=True,
        valid_from_s=max(claimed.begins_s, signer.not_before_s),
        valid_until_s=ends_s,
    )
