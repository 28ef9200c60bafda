"""Sealed compartments (RFC 9180 HPKE): anyone can close one, a single key opens it.

The sealing is named in each box, so that others (a post-quantum hybrid, say) can stand beside it.
What the box is bound to goes into HPKE's `info`: a box moved to another kiosk, counter, time or
direction does not open.
"""

import hashlib
from typing import Final, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from wire import codec
from wire.errors import CannotOpen, Malformed, UnknownSealing
from wire.records import (
    COMPANIONS,
    MAX_COMPANIONS,
    IdentityPart,
    Record,
    Sealed,
    TracingPart,
)

T = TypeVar("T", TracingPart, IdentityPart)

HPKE_1: Final = "hpke-1"
"""DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305."""
SEALINGS: Final = (HPKE_1,)
TRACING: Final = "tracing"
IDENTITY: Final = "identity"
PAD: Final = 64
"""Plain texts are padded to a multiple of this, so that a box's length hardly tells its content."""

_suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def key_id(public: X25519PublicKey) -> str:
    """16 hex digits that name a public key."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def binding(kiosk: str, epoch: str, record: Record) -> bytes:
    """The associated data of both of a record's compartments. Fixed for contract 1."""
    return msgspec.json.encode(
        [
            "tram/1",
            kiosk,
            epoch,
            record.counter,
            record.direction,
            record.wall_ms,
            record.mono_ms,
            record.boot,
            record.synced,
        ]
    )


def seal(part: TracingPart | IdentityPart, to: X25519PublicKey, bound_to: bytes) -> Sealed:
    """`part` closed for `to`. Uses the system's randomness for the ephemeral key (RFC 9180)."""
    plain = codec.encode(part)
    plain += b" " * (-len(plain) % PAD)
    compartment = TRACING if isinstance(part, TracingPart) else IDENTITY
    box = _suite.encrypt(plain, to, info=_info(compartment, bound_to))
    return Sealed(sealing=HPKE_1, key=key_id(to), box=box)


def open_sealed(sealed: Sealed, kind: type[T], key: X25519PrivateKey, bound_to: bytes) -> T:
    """What was sealed, as a `kind`.

    Raises UnknownSealing for a sealing of a newer release, CannotOpen for another key, another
    binding or damage, Malformed where the content is not a `kind`.
    """
    if sealed.sealing not in SEALINGS:
        raise UnknownSealing(f"sealing {sealed.sealing[:32]!r}; this release opens {SEALINGS}")
    compartment = TRACING if kind is TracingPart else IDENTITY
    try:
        plain = _suite.decrypt(sealed.box, key, info=_info(compartment, bound_to))
    except (InvalidTag, ValueError) as problem:
        own = key_id(key.public_key())
        named = "this key" if sealed.key == own else f"key {sealed.key[:16]!r}, not {own}"
        raise CannotOpen(f"the {compartment} part names {named} and does not open") from problem
    part = codec.decode(plain, kind)
    if isinstance(part, TracingPart):
        _check(part)
    return part


def _check(part: TracingPart) -> None:
    """Every tracing part names somebody, but for the one that counts who came along."""
    if part.kind != COMPANIONS:
        if not part.keys:
            raise Malformed("a tracing part without a stable key")
        return
    if part.keys or part.companions == 0 or abs(part.companions) > MAX_COMPANIONS:
        raise Malformed(f"companions are 1 to {MAX_COMPANIONS} more or fewer, without a key")
    if not 1 <= part.of < 2**53:
        raise Malformed("companions belong to a scan, by its counter from 1 up")


def _info(compartment: str, bound_to: bytes) -> bytes:
    return compartment.encode() + b"\x00" + bound_to
