"""The signed documents kiosks go by, on the server: revoked cards and the trust store.

They stand in keys/public, where the ingest takes them from and bundles are made of. Versions are
seconds since 1970 or one more than the last: a server restored from a back-up still counts up.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet_server import keys
from fleet_server.errors import KeysError
from fleet_server.fleet.keymaking import PUBLIC_MODE, replace
from wire import revocations, trust
from wire.errors import RolledBack, WireError
from wire.revocations import Revocations
from wire.signed import MAX_DOCUMENT_BYTES
from wire.trust import TrustedSigner, TrustStore

TRUST_FILE: Final = "trust.json"
REVOCATIONS_FILE: Final = "revocations.json"


def revoked(keys_dir: Path) -> Revocations:
    """The list as it is; empty, version 0, where no card was revoked yet. Raises KeysError."""
    path = keys_dir / "public" / REVOCATIONS_FILE
    if not path.exists():
        return Revocations()
    known = keys.public(keys_dir).keyset.card_keys()
    try:
        return revocations.verify(keys.read(path), known)
    except WireError as problem:
        raise KeysError(f"{path}: {problem}; restore it from the back-up") from problem


def revoke(
    keys_dir: Path, card_id: str, *, sign: Ed25519PrivateKey, now_ms: int
) -> Revocations | None:
    """Put a card on the list and store it signed; None where it stands there. Raises KeysError."""
    with _alone(keys_dir):
        before = revoked(keys_dir)
        ids = before.ids()
        if card_id in ids:
            return None
        after = revocations.of(
            {*ids, card_id}, version=_next(before.version, now_ms), issued_ms=now_ms
        )
        _store(keys_dir, REVOCATIONS_FILE, revocations.sign(after, sign))
    return after


def trusted(keys_dir: Path) -> TrustStore:
    """The trust store as it is; empty, version 0, where there is none. Raises KeysError."""
    path = keys_dir / "public" / TRUST_FILE
    if not path.exists():
        return TrustStore()
    try:
        return trust.verify(keys.read(path), keys.public(keys_dir).root_key())
    except WireError as problem:
        raise KeysError(f"{path}: {problem}; build it anew with `fleet trust build`") from problem


def build_trust(
    signers: Sequence[TrustedSigner], root: Ed25519PrivateKey, *, after: int, now_ms: int
) -> bytes:
    """A signed trust store of `signers`, its version above `after`. Raises KeysError."""
    unique = dict.fromkeys((each.scheme, each.kid, each.key) for each in signers)
    first = {(each.scheme, each.kid, each.key): each for each in reversed(signers)}
    store = TrustStore(
        version=_next(after, now_ms), issued_ms=now_ms, signers=[first[name] for name in unique]
    )
    return _fitting(trust.sign(store, root))


def install_trust(keys_dir: Path, document: bytes) -> TrustStore:
    """Give kiosks this trust store from now on. Raises KeysError where it must not be theirs."""
    with _alone(keys_dir):
        at_least = trusted(keys_dir).version
        try:
            store = trust.verify(document, keys.public(keys_dir).root_key(), at_least=at_least)
        except RolledBack as problem:
            raise KeysError(
                f"trust store: {problem}; kiosks never go back: build it anew"
            ) from problem
        except WireError as problem:
            raise KeysError(
                f"trust store: {problem}; expected one that this fleet's root signed"
            ) from problem
        _store(keys_dir, TRUST_FILE, document)
    return store


def _next(version: int, now_ms: int) -> int:
    return max(version + 1, now_ms // 1000)


def _store(keys_dir: Path, name: str, document: bytes) -> None:
    path = keys_dir / "public" / name
    try:
        replace(path, _fitting(document), PUBLIC_MODE)
    except OSError as problem:
        raise KeysError(f"{path}: cannot be written ({problem.strerror})") from problem


def _fitting(document: bytes) -> bytes:
    # A kilobyte less than kiosks read: topic and header travel with it.
    if len(document) > MAX_DOCUMENT_BYTES - 1024:
        raise KeysError(f"a document of {len(document)} bytes is more than kiosks take")
    return document


@contextmanager
def _alone(keys_dir: Path) -> Iterator[None]:
    """One writer at a time: two who add to the same list would each forget the other's card."""
    folder = keys_dir / "public"
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as problem:
        raise KeysError(f"{folder}: cannot be opened ({problem.strerror})") from problem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
