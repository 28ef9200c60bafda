"""COSE_Sign1 (RFC 9052) around a CWT (RFC 8392): the envelope health certificates come in.

Everything here is a stranger's bytes. Size and depth are capped, and tags that would make objects
(dates, regular expressions, huge numbers, cycles) yield the plain value they were put on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import cbor2

MAX_BYTES: Final = 16_384
"""Of an envelope: an order of magnitude more than any certificate that fits in a code."""
MAX_DEPTH: Final = 12
_ENVELOPE_TAGS: Final = frozenset((18, 61))
"""COSE_Sign1 and CWT."""
_ALGORITHM: Final = 1
_KID: Final = 4
_MAKE_OBJECTS: Final = (
    *(0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100),
    *(256, 258, 260, 261, 1004, 43000, 55799),
)


class Garbled(ValueError):
    """Not the structure it should be. Never says what it held."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A signed message, taken apart; nothing of it is proven yet."""

    protected: bytes
    algorithm: int | None
    kid: bytes
    """Which key signed; empty where it does not say."""
    payload: bytes
    signature: bytes

    @property
    def to_be_signed(self) -> bytes:
        """The bytes the signature is over: `["Signature1", protected, h'', payload]` in CBOR."""
        return b"".join(
            (b"\x84\x6aSignature1", _bytes(self.protected), b"\x40", _bytes(self.payload))
        )


def parse(data: bytes) -> Envelope:
    """The envelope in `data`, with or without its tags. Raises Garbled."""
    found = read(data)
    for _ in _ENVELOPE_TAGS:
        if isinstance(found, cbor2.CBORTag) and found.tag in _ENVELOPE_TAGS:
            found = found.value
    match found:
        # A tag's content comes as a tuple, an array without a tag as a list: both match.
        case [bytes(protected), Mapping() as unprotected, bytes(payload), bytes(signature)]:
            pass
        case _:
            raise Garbled("not a COSE_Sign1 message")
    header = read(protected) if protected else {}
    if not isinstance(header, Mapping):
        raise Garbled("the protected header is no map")
    algorithm = header.get(_ALGORITHM, unprotected.get(_ALGORITHM))
    # Only the protected header is signed, so it goes first; the other is a hint where it is silent.
    kid = header.get(_KID, unprotected.get(_KID, b""))
    if not isinstance(kid, bytes):
        raise Garbled("a key id that is no byte string")
    return Envelope(
        protected=protected,
        algorithm=algorithm if isinstance(algorithm, int) else None,
        kid=kid,
        payload=payload,
        signature=signature,
    )


def claims(payload: bytes) -> Mapping[Any, Any]:
    """The claims of a CWT. Raises Garbled."""
    found = read(payload)
    if not isinstance(found, Mapping):
        raise Garbled("the claims are no map")
    return found


def seconds(value: object) -> int:
    """A CWT's NumericDate as whole seconds since 1970 UTC. Raises Garbled."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise Garbled("not a date")
    return int(value)


def read(data: bytes) -> Any:
    """What `data` says in CBOR. Raises Garbled."""
    if len(data) > MAX_BYTES:
        raise Garbled("larger than any certificate")
    try:
        return cbor2.loads(data, max_depth=MAX_DEPTH, semantic_decoders=_PLAIN)
    except cbor2.CBORDecodeError as problem:
        raise Garbled("not CBOR") from problem


def _untagged(value: Any, _immutable: bool) -> Any:
    return value


_PLAIN: Final = dict.fromkeys(_MAKE_OBJECTS, _untagged)


def _bytes(raw: bytes) -> bytes:
    """`raw` as a CBOR byte string."""
    size = len(raw)
    if size < 24:
        return bytes((0x40 | size,)) + raw
    if size < 256:
        return bytes((0x58, size)) + raw
    return b"\x59" + size.to_bytes(2) + raw
