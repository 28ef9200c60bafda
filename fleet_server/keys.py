"""The fleet's keys on disk: made once, never overwritten, each read by one process only.

    root/      root.key root.pub            signs key sets; taken offline after set-up
    ca/        ca.key ca.crt                signs certificates
    cards/     card.key                     signs visitor cards, by command or in the vault
    ingest/    open.key pseudonym.key mqtt.crt mqtt.key
    vault/     open.key pseudonym.key
               sign.key                     signs results
    broker/    broker.crt broker.key
    web/       session.key
    public/    keyset.json ca.crt root.pub  what kiosks get,
               results.pub                  what a signed result is checked with,
               trust.json revocations.json  once there are any

A private file that others may read is refused, not mended: it may have been copied already.
"""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fleet_server.errors import KeysError
from fleet_server.fleet.broker import TlsFiles
from fleet_server.fleet.ca import Authority
from wire import keyset as wire_keyset
from wire.errors import WireError
from wire.keyset import KeySet

SECRET_BYTES: Final = 32
ROOT_KEY: Final = "root/root.key"
DOCUMENTS: Final = ("trust.json", "revocations.json")
"""Signed documents kiosks get besides the key set, once there are any."""


class IngestKeys(NamedTuple):
    """What the ingest holds. It cannot open an identity part."""

    open: X25519PrivateKey
    pseudonym_file: Path
    certificate: Path
    certificate_key: Path
    ca: Path


class VaultKeys(NamedTuple):
    """What the vault holds, and nobody else."""

    open: X25519PrivateKey
    sign: Ed25519PrivateKey
    pseudonym_file: Path


class WebKeys(NamedTuple):
    """What the web server holds: nothing that opens or recognises anybody."""

    session: bytes


class CardKeys(NamedTuple):
    """What issuing cards needs."""

    sign: Ed25519PrivateKey
    pseudonym_file: Path


class PublicKeys(NamedTuple):
    """What every kiosk gets. No secrets."""

    keyset: KeySet
    keyset_document: bytes
    ca: bytes
    root: bytes
    documents: Mapping[str, bytes]
    """Further signed documents there are, by file name: revoked cards, trust store."""

    def root_key(self) -> Ed25519PublicKey:
        loaded = serialization.load_pem_public_key(self.root)
        if not isinstance(loaded, Ed25519PublicKey):
            raise KeysError("public/root.pub: expected an Ed25519 public key in PEM")
        return loaded


def ingest(keys_dir: Path) -> IngestKeys:
    """The ingest's keys. Raises KeysError naming the file and the remedy."""
    own = keys_dir / "ingest"
    return IngestKeys(
        open=_x25519(own / "open.key"),
        pseudonym_file=_checked_secret(own / "pseudonym.key"),
        certificate=_there(own / "mqtt.crt"),
        certificate_key=_guarded(own / "mqtt.key"),
        ca=_there(keys_dir / "public" / "ca.crt"),
    )


def vault(keys_dir: Path) -> VaultKeys:
    """The vault's keys. Raises KeysError naming the file and the remedy."""
    own = keys_dir / "vault"
    return VaultKeys(
        open=_x25519(own / "open.key"),
        sign=_ed25519(own / "sign.key"),
        pseudonym_file=_checked_secret(own / "pseudonym.key"),
    )


def web(keys_dir: Path) -> WebKeys:
    """The web server's keys. Raises KeysError naming the file and the remedy."""
    return WebKeys(session=_secret(keys_dir / "web" / "session.key"))


def cards(keys_dir: Path) -> CardKeys:
    """What issuing cards needs. Raises KeysError naming the file and the remedy."""
    return CardKeys(
        sign=_ed25519(keys_dir / "cards" / "card.key"),
        pseudonym_file=_checked_secret(keys_dir / "ingest" / "pseudonym.key"),
    )


def card_sign(keys_dir: Path) -> Ed25519PrivateKey | None:
    """What the vault signs cards of the desk with; None where it may not, or has none.

    Raises KeysError.
    """
    path = keys_dir / "cards" / "card.key"
    return _ed25519(path) if os.access(path, os.R_OK) else None


def broker(keys_dir: Path) -> TlsFiles:
    """A broker's files. Raises KeysError naming the file and the remedy."""
    return TlsFiles(
        certificate=_there(keys_dir / "broker" / "broker.crt"),
        key=_guarded(keys_dir / "broker" / "broker.key"),
        ca=_there(keys_dir / "public" / "ca.crt"),
    )


def authority(keys_dir: Path) -> Authority:
    """The fleet's CA, to issue certificates with. Raises KeysError."""
    certificate = read(keys_dir / "ca" / "ca.crt")
    return Authority.load(certificate, read(_guarded(keys_dir / "ca" / "ca.key")))


def root(path: Path) -> Ed25519PrivateKey:
    """The offline root, from wherever it is mounted. Raises KeysError."""
    return _ed25519(path)


def public(keys_dir: Path) -> PublicKeys:
    """What kiosks get, its signature checked. Raises KeysError."""
    own = keys_dir / "public"
    root_pub = read(own / "root.pub")
    document = read(own / "keyset.json")
    loaded = _ed25519_public(own / "root.pub", root_pub)
    try:
        keyset = wire_keyset.verify(document, loaded)
    except WireError as problem:
        raise KeysError(
            f"{own / 'keyset.json'}: {problem}; make it again with `fleet keys sign-keyset`"
        ) from problem
    further = {name: read(own / name) for name in DOCUMENTS if (own / name).exists()}
    return PublicKeys(keyset, document, read(own / "ca.crt"), root_pub, further)


def results(keys_dir: Path) -> Ed25519PublicKey:
    """What signed results are checked with. Raises KeysError."""
    path = keys_dir / "public" / "results.pub"
    return _ed25519_public(path, read(path))


def read(path: Path) -> bytes:
    """A key file's content. Raises KeysError."""
    try:
        return path.read_bytes()
    except FileNotFoundError as problem:
        raise KeysError(
            f"{path}: thiếu khóa / missing; `fleet keys init` makes a new fleet's keys, "
            "an existing fleet's come from its back-up"
        ) from problem
    except OSError as problem:
        raise KeysError(f"{path}: cannot be read ({problem.strerror})") from problem


def new_secret() -> str:
    """A fresh secret of 32 bytes as a key file holds it."""
    return secrets.token_hex(SECRET_BYTES) + "\n"


def _x25519(path: Path) -> X25519PrivateKey:
    key = _private(path)
    if not isinstance(key, X25519PrivateKey):
        raise KeysError(f"{path}: expected an X25519 private key; restore it from the back-up")
    return key


def _ed25519(path: Path) -> Ed25519PrivateKey:
    key = _private(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysError(f"{path}: expected an Ed25519 private key; restore it from the back-up")
    return key


def _ed25519_public(path: Path, content: bytes) -> Ed25519PublicKey:
    try:
        loaded = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        loaded = None
    if not isinstance(loaded, Ed25519PublicKey):
        raise KeysError(f"{path}: expected an Ed25519 public key in PEM")
    return loaded


def _private(path: Path) -> object:
    data = read(_guarded(path))
    try:
        return serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise KeysError(
            f"{path}: expected a private key in PEM; restore it from the back-up"
        ) from problem


def _secret(path: Path) -> bytes:
    text = read(_guarded(path)).decode("ascii", errors="replace").strip()
    if len(text) != 2 * SECRET_BYTES or not set(text) <= set("0123456789abcdef"):
        raise KeysError(
            f"{path}: expected {2 * SECRET_BYTES} lower-case hex digits; "
            "restore it from the back-up"
        )
    return bytes.fromhex(text)


def _checked_secret(path: Path) -> Path:
    _secret(path)
    return path


def _there(path: Path) -> Path:
    read(path)
    return path


def _guarded(path: Path) -> Path:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        read(path)
        raise KeysError(f"{path}: cannot be looked at") from None
    if mode & 0o077:
        raise KeysError(
            f"{path}: mode {mode:04o} lets others read a private key; run `chmod 600 {path}`, and "
            "make a new one if others could have read it"
        )
    return path
