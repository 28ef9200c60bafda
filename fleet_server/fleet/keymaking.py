"""Makes and signs the files `fleet_server.keys` reads: the whole set at once, or nothing."""

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fleet_server import keys
from fleet_server.errors import KeysError
from fleet_server.fleet.ca import Authority, Issued
from fleet_server.settings import Settings
from wire import card as wire_card
from wire import keyset as wire_keyset
from wire.keyset import CardKey, KeySet

PUBLIC_MODE: Final = 0o644
PRIVATE_MODE: Final = 0o600
ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 (names it, binds nothing)


def init(keys_dir: Path, *, broker_hosts: Iterable[str], now: dt.datetime) -> None:
    """Make all keys of a new fleet in `keys_dir`, which must not exist.

    They appear there in one step, or not at all. Raises KeysError.
    """
    if keys_dir.exists():
        raise KeysError(
            f"{keys_dir}: đã có khóa, không ghi đè / keys are here already and are never "
            "overwritten; data sealed to them would be lost. `fleet keys show` lists them"
        )
    try:
        keys_dir.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".keys-", dir=keys_dir.parent))
    except OSError as problem:
        raise KeysError(f"{keys_dir.parent}: cannot write there ({problem.strerror})") from problem
    try:
        _fill(staged, broker_hosts, now)
        staged.rename(keys_dir)
        _sync(keys_dir.parent)
    except OSError as problem:
        raise KeysError(f"{keys_dir}: cannot make the keys ({problem.strerror})") from problem
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def sign_keyset(keys_dir: Path, root: Ed25519PrivateKey, *, now: dt.datetime) -> KeySet:
    """Sign the public halves of this fleet's keys anew, one version up, and store the document.

    Raises KeysError, also where `root` is not the root this fleet's kiosks know.
    """
    known = keys.read(keys_dir / "public" / "root.pub")
    if _public_pem(root) != known:
        raise KeysError("this root key is another fleet's: this one's kiosks know a different root")
    version = keys.public(keys_dir).keyset.version + 1
    keyset = _keyset(
        version,
        ingest=keys.ingest(keys_dir).open,
        vault=keys.vault(keys_dir).open,
        cards=keys.cards(keys_dir).sign,
        now=now,
    )
    replace(keys_dir / "public" / "keyset.json", wire_keyset.sign(keyset, root), PUBLIC_MODE)
    return keyset


def renew_broker(keys_dir: Path, *, broker_hosts: Iterable[str], now: dt.datetime) -> Issued:
    """A new certificate and key for the broker, for `broker_hosts`. Raises KeysError."""
    issued = keys.authority(keys_dir).broker(broker_hosts, now=now)
    _replace_pair(keys_dir / "broker", "broker", issued)
    return issued


def renew_ingest(keys_dir: Path, *, now: dt.datetime) -> Issued:
    """A new client certificate and key for the ingest. Raises KeysError."""
    issued = keys.authority(keys_dir).ingest(now=now)
    _replace_pair(keys_dir / "ingest", "mqtt", issued)
    return issued


def broker_hosts(settings: Settings) -> tuple[str, ...]:
    """Names and addresses the broker's certificate must be for."""
    external = urlsplit(settings.broker.url).hostname or ""
    hosts = [settings.broker.public_host, external, settings.broker.bind]
    hosts += ["localhost", "127.0.0.1", "::1"]
    return tuple(dict.fromkeys(host for host in hosts if host not in ANY_ADDRESS))


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Create a file that must not exist, on disk before this returns. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as out:
        os.fchmod(descriptor, mode)
        out.write(content)
        out.flush()
        os.fsync(descriptor)


def replace(path: Path, content: bytes, mode: int) -> None:
    """Put a file in another's place in one step. Raises OSError."""
    staged = path.with_name(f".{path.name}.new")
    staged.unlink(missing_ok=True)
    write_new(staged, content, mode)
    staged.replace(path)
    _sync(path.parent)


def _fill(into: Path, hosts: Iterable[str], now: dt.datetime) -> None:
    root, cards = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    results = Ed25519PrivateKey.generate()
    ingest, vault = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    ca, own = Authority.create(now=now)
    mqtt, broker = ca.ingest(now=now), ca.broker(hosts, now=now)
    pseudonym = keys.new_secret().encode()
    keyset = _keyset(1, ingest=ingest, vault=vault, cards=cards, now=now)
    public = {
        "root/root.pub": _public_pem(root),
        "ca/ca.crt": own.certificate,
        "ingest/mqtt.crt": mqtt.certificate,
        "broker/broker.crt": broker.certificate,
        "public/keyset.json": wire_keyset.sign(keyset, root),
        "public/ca.crt": own.certificate,
        "public/root.pub": _public_pem(root),
        "public/results.pub": _public_pem(results),
    }
    private = {
        keys.ROOT_KEY: _private_pem(root),
        "ca/ca.key": own.key,
        "cards/card.key": _private_pem(cards),
        "ingest/open.key": _private_pem(ingest),
        "ingest/pseudonym.key": pseudonym,
        "ingest/mqtt.key": mqtt.key,
        "vault/open.key": _private_pem(vault),
        "vault/pseudonym.key": pseudonym,
        "vault/sign.key": _private_pem(results),
        "broker/broker.key": broker.key,
        "web/session.key": keys.new_secret().encode(),
    }
    for files, mode in ((public, PUBLIC_MODE), (private, PRIVATE_MODE)):
        for name, content in files.items():
            path = into / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_new(path, content, mode)
    for folder in {(into / name).parent for name in (*public, *private)}:
        _sync(folder)


def _keyset(
    version: int,
    *,
    ingest: X25519PrivateKey,
    vault: X25519PrivateKey,
    cards: Ed25519PrivateKey,
    now: dt.datetime,
) -> KeySet:
    public = cards.public_key()
    return KeySet(
        version=version,
        issued_ms=int(now.timestamp() * 1000),
        ingest=ingest.public_key().public_bytes_raw(),
        vault=vault.public_key().public_bytes_raw(),
        cards=[CardKey(id=wire_card.key_id(public), key=public.public_bytes_raw())],
    )


def _replace_pair(folder: Path, name: str, issued: Issued) -> None:
    try:
        # The key goes first: a process started in between refuses a pair that does not fit, and
        # the next one finds it whole.
        replace(folder / f"{name}.key", issued.key, PRIVATE_MODE)
        replace(folder / f"{name}.crt", issued.certificate, PUBLIC_MODE)
    except OSError as problem:
        raise KeysError(f"{folder}: cannot write there ({problem.strerror})") from problem


def _private_pem(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
