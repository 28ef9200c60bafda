"""A document that travels as the bytes that were signed, with the signature beside them.

Whatever its way to the kiosk (bundle, broker, memory stick), only its signer could have written it.
"""

from collections.abc import Mapping
from typing import Final, Protocol, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wire import codec
from wire.card import key_id
from wire.errors import BadSignature, RolledBack, UnknownSigner

MAX_DOCUMENT_BYTES: Final = 8_388_608


class Versioned(Protocol):
    """What every signed document says of itself."""

    @property
    def version(self) -> int: ...


D = TypeVar("D", bound=Versioned)


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """The signed bytes as they are, and a signature over them."""

    body: bytes = b""
    key: str = ""
    """Id of the signing key, 8 hex digits."""
    signature: bytes = b""


def sign(message: msgspec.Struct, key: Ed25519PrivateKey, *, context: bytes) -> bytes:
    """`message` as a signed document. `context` keeps one kind of document from being another."""
    body = codec.encode(message)
    return codec.encode(
        Signed(body=body, key=key_id(key.public_key()), signature=key.sign(context + body))
    )


def verify(
    document: bytes,
    kind: type[D],
    keys: Mapping[str, Ed25519PublicKey],
    *,
    context: bytes,
    at_least: int = 0,
) -> D:
    """The `kind` in `document`, signed by one of `keys` (by key id).

    Raises UnknownSigner and BadSignature, RolledBack where its version is below `at_least`, and
    Malformed or Oversized.
    """
    signed = codec.decode(document, Signed, limit=MAX_DOCUMENT_BYTES)
    name = kind.__name__
    key = keys.get(signed.key)
    if key is None:
        raise UnknownSigner(f"{name} signed by key {signed.key[:8]!r}, which is not known here")
    try:
        key.verify(signed.signature, context + signed.body)
    except InvalidSignature as problem:
        raise BadSignature(f"{name} is not signed by key {signed.key[:8]}") from problem
    message = codec.decode(signed.body, kind, limit=MAX_DOCUMENT_BYTES)
    if message.version < at_least:
        raise RolledBack(f"{name} version {message.version}, but {at_least} was seen before")
    return message
