"""Destroys key files: without them what was sealed, wherever a copy is, opens no more.

A file is overwritten before it is unlinked. On flash and on file systems that write elsewhere that
does not reach the old cells; what is safe there is an encrypted disk, or the disk's own erasure.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fleet_server.errors import KeysError
from fleet_server.privacy.certificate import Key

BURNT: Final = (
    *("vault/open.key", "vault/pseudonym.key", "vault/sign.key"),
    *("ingest/open.key", "ingest/pseudonym.key"),
)
"""What opens or recognises anybody, and what signs for it; below `keys/`."""
_FINGERPRINT: Final = b"tram key fingerprint"


def there(keys_dir: Path) -> list[Key]:
    """Those of them that are there, with what tells them apart. Raises KeysError."""
    found = []
    for name in BURNT:
        path = keys_dir / name
        if path.exists():
            found.append(_fingerprint(name, _read(path)))
    return found


def signer(keys_dir: Path) -> Ed25519PrivateKey | None:
    """The key that signs results, where there is one that can be read as such."""
    path = keys_dir / "vault" / "sign.key"
    loaded = _loaded(_read(path)) if path.exists() else None
    return loaded if isinstance(loaded, Ed25519PrivateKey) else None


def burn(keys_dir: Path) -> None:
    """Overwrites each with random bytes, on the disk, and unlinks it. Raises KeysError."""
    for name in BURNT:
        path = keys_dir / name
        if not path.exists():
            continue
        try:
            with path.open("r+b", buffering=0) as file:
                file.write(secrets.token_bytes(path.stat().st_size))
                os.fsync(file.fileno())
            path.unlink()
            _sync(path.parent)
        except OSError as problem:
            raise KeysError(
                f"{path}: chưa hủy được / could not be destroyed ({problem.strerror}); remove it by"
                " hand, the data it opened is gone"
            ) from problem


def set_aside(keys_dir: Path, stamp: str) -> Path:
    """Moves what is left of the keys away, so that `fleet keys init` makes new ones."""
    aside = keys_dir.with_name(f"{keys_dir.name}.ended-{stamp}")
    try:
        keys_dir.rename(aside)
        _sync(keys_dir.parent)
    except OSError as problem:
        raise KeysError(f"{keys_dir}: cannot be moved to {aside} ({problem.strerror})") from problem
    return aside


def _fingerprint(name: str, content: bytes) -> Key:
    loaded = _loaded(content)
    if isinstance(loaded, X25519PrivateKey | Ed25519PrivateKey):
        public = loaded.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        kind = "X25519" if isinstance(loaded, X25519PrivateKey) else "Ed25519"
        return Key(file=name, kind=kind, fingerprint=hashlib.sha256(public).hexdigest())
    # 32 random bytes: their keyed hash names them and cannot be tried back.
    told = hmac.digest(content.strip(), _FINGERPRINT, "sha256").hex()
    return Key(file=name, kind="secret", fingerprint=told)


def _loaded(content: bytes) -> object:
    try:
        return serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise KeysError(f"{path}: cannot be read ({problem.strerror})") from problem


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
