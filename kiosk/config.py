"""kiosk.toml: every setting of a kiosk with its default and unit.

Relative paths count from the file's folder. A wrong value stops the program with the key, the file
and what was expected; nothing is guessed and nothing unknown is passed over.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kiosk.address import Address, parse_address
from kiosk.config_camera import CameraSection, ScannerSection
from kiosk.config_reading import ReadingSection, contradiction
from kiosk.config_signals import GateSection, SignalsSection
from kiosk.config_table import (
    complaint,
    flag,
    maybe_path,
    path,
    read_table,
    text,
    unknown_key,
    whole,
    words,
)
from kiosk.errors import ConfigError
from wire import keyset as wire_keyset
from wire.errors import WireError
from wire.keyset import KeySet
from wire.records import DIRECTIONS, MAX_BATCH_BYTES, MAX_BATCH_RECORDS
from wire.topics import is_kiosk_id

ENGINES: Final = ("zxing-cpp", "pyzbar")
"""Decoders a kiosk can be told to use."""
KINDS: Final = ("card", "national", "cccd", "can_cuoc", "bhyt")
"""Kinds of code that name a visitor, which a venue's policy can accept."""


@dataclass(frozen=True, kw_only=True)
class KioskSection:
    """[kiosk]: who this kiosk is and where it keeps its records."""

    id: str = text(
        None,
        expected="1 to 48 of a-z, 0-9 and inner hyphens, no word of the topic scheme",
        example="cho-mau-1",
        fits=is_kiosk_id,
    )
    """Its name on the network; the certificate's common name."""
    direction: str = text(
        "both",
        expected='"in" (entry), "out" (exit) or "both"',
        example="in",
        fits=lambda word: word in DIRECTIONS,
    )
    """Which way visitors pass."""
    data: Path = path("data", expected="a folder this program may write to")  # noqa: RUF009 (a field specifier)
    """Holds queue.sqlite3, journal.jsonl and audit-heads.txt."""


@dataclass(frozen=True, kw_only=True)
class ServerSection:
    """[server]: the broker, and the certificate this kiosk shows it."""

    url: str = text(
        None,
        expected="mqtts://host[:port], or mqtt://127.0.0.1[:port] within one machine",
        example="mqtts://tram.example:8883",
        fits=lambda url: parse_address(url) is not None,
    )
    """Without TLS only to this machine itself."""
    ca: Path = path("ca.crt", expected="the fleet CA's certificate (PEM)")  # noqa: RUF009 (a field specifier)
    """Whom to trust as broker."""
    certificate: Path = path("kiosk.crt", expected="this kiosk's certificate (PEM)")  # noqa: RUF009 (a field specifier)
    """Shown to the broker, which takes its name as this kiosk's id."""
    key: Path = path("kiosk.key", expected="this kiosk's private key (PEM)")  # noqa: RUF009 (a field specifier)
    """The certificate's private key."""

    @property
    def address(self) -> Address:
        address = parse_address(self.url)
        if address is None:
            raise ConfigError(f"server.url: {self.url!r} is no broker's address")
        return address


@dataclass(frozen=True, kw_only=True)
class KeysSection:
    """[keys]: the public keys records are sealed to, and the root that vouches for them."""

    root: Path = path("root.pub", expected="the fleet root's public key (PEM, Ed25519)")  # noqa: RUF009 (a field specifier)
    """Baked in at provisioning."""
    keyset: Path = path("keyset.json", expected="the fleet's signed key set")  # noqa: RUF009 (a field specifier)
    """Refused unless the root signed it."""
    trust: Path | None = maybe_path(  # noqa: RUF009 (a field specifier)
        expected="the signed trust store: who signs health certificates", example="trust.json"
    )
    """Refused unless the root signed it. Without one no health certificate can be verified."""
    revocations: Path | None = maybe_path(  # noqa: RUF009 (a field specifier)
        expected="the signed list of revoked visitor cards", example="revocations.json"
    )
    """Refused unless a card-signing key of the key set signed it. Absent: no card is revoked."""


@dataclass(frozen=True, kw_only=True)
class DecoderSection:
    """[decoder]: what finds codes in frames."""

    engines: tuple[str, ...] = words(ENGINES, allowed=ENGINES)
    """Tried in this order."""


@dataclass(frozen=True, kw_only=True)
class PolicySection:
    """[policy]: what this venue takes."""

    accept: tuple[str, ...] = words(KINDS, allowed=KINDS)
    """Kinds of code that are recorded."""
    tickets: bool = flag(False)
    """Whether other codes (member cards, event tickets) are recorded as opaque tickets."""
    require_certificate: bool = flag(False)
    """Whether visitors must show a valid health certificate first; needs keys.trust."""
    certificate_s: int = whole(60, unit="seconds", low=5, high=3600)
    """So long after a certificate its holder's own code must follow."""
    repeat_s: int = whole(120, unit="seconds", low=1, high=86_400)
    """Within this time the same visitor is answered again without a new record."""
    leave_ms: int = whole(1_000, unit="milliseconds", low=100, high=60_000)
    """A code unseen for this long has left; shown again, it is answered again."""
    remember: int = whole(20_000, unit="visitors", low=100, high=1_000_000)
    """How many visitors are remembered for repeats at most; the oldest is forgotten first."""


@dataclass(frozen=True, kw_only=True)
class QueueSection:
    """[queue]: records on disk until the server has them."""

    max_records: int = whole(200_000, unit="records", low=1, high=10_000_000)
    """Beyond this many undelivered records the kiosk shows red and takes no more."""


@dataclass(frozen=True, kw_only=True)
class DeliverySection:
    """[delivery]: how records travel and how patient the kiosk is."""

    window_batches: int = whole(4, unit="batches", low=1, high=64)
    """Sent and unanswered at most; one while nothing is answered."""
    batch_records: int = whole(100, unit="records", low=1, high=MAX_BATCH_RECORDS)
    """In one batch at most."""
    batch_bytes: int = whole(131_072, unit="bytes", low=16_384, high=MAX_BATCH_BYTES)
    """Of one batch at most."""
    resend_s: int = whole(10, unit="seconds", low=1, high=3600)
    """Without a receipt for this long, a batch counts as lost; doubles with each failure."""
    resend_max_s: int = whole(300, unit="seconds", low=1, high=86_400)
    """The longest pause between two attempts at a server that does not answer."""
    spread_s: int = whole(3, unit="seconds", low=0, high=3600)
    """Random wait once the server is back, so that a fleet does not answer as one."""
    connect_s: int = whole(10, unit="seconds", low=1, high=120)
    """For a connection to stand, TLS and subscriptions included."""
    reconnect_s: int = whole(1, unit="seconds", low=1, high=300)
    """Pause before connecting again; doubles with each failure, with jitter."""
    reconnect_max_s: int = whole(60, unit="seconds", low=1, high=3600)
    """The longest such pause."""
    keepalive_s: int = whole(30, unit="seconds", low=5, high=3600)
    """MQTT keep-alive: a silent broker counts as gone after one and a half of it."""


@dataclass(frozen=True, kw_only=True)
class HealthSection:
    """[health]: what the kiosk says about itself."""

    interval_s: int = whole(60, unit="seconds", low=1, high=3600)
    """Between two health messages."""


@dataclass(frozen=True, kw_only=True)
class JournalSection:
    """[journal]: the log of signalled answers."""

    max_bytes: int = whole(33_554_432, unit="bytes", low=65_536, high=2**40)
    """Beyond this size the journal is set aside as journal.jsonl.1, replacing the one before."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything a kiosk is told."""

    file: Path
    kiosk: KioskSection
    server: ServerSection
    keys: KeysSection
    camera: CameraSection
    scanner: ScannerSection
    decoder: DecoderSection
    reading: ReadingSection
    policy: PolicySection
    signals: SignalsSection
    gate: GateSection
    queue: QueueSection
    delivery: DeliverySection
    health: HealthSection
    journal: JournalSection


SECTIONS: Final[dict[str, type]] = {
    "kiosk": KioskSection,
    "server": ServerSection,
    "keys": KeysSection,
    "camera": CameraSection,
    "scanner": ScannerSection,
    "decoder": DecoderSection,
    "reading": ReadingSection,
    "policy": PolicySection,
    "signals": SignalsSection,
    "gate": GateSection,
    "queue": QueueSection,
    "delivery": DeliverySection,
    "health": HealthSection,
    "journal": JournalSection,
}


def load(file: Path) -> Config:
    """The configuration in `file`. Raises ConfigError; touches no file but this one."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ConfigError(f"{file}: cannot be read ({problem.strerror})") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{file}: is not TOML: {problem}") from problem
    for name in tables:
        if name not in SECTIONS:
            raise unknown_key(f"[{name}]", file, name, list(SECTIONS))
    read: dict[str, Any] = {
        name: read_table(section, tables.get(name, {}), name=name, file=file)
        for name, section in SECTIONS.items()
    }
    config = Config(file=file, **read)
    _agreed(config)
    return config


def _agreed(config: Config) -> None:
    """Raises ConfigError where two settings contradict each other."""
    found = contradiction(config.reading, leave_ms=config.policy.leave_ms)
    if found is not None:
        key, expected = found
        raise complaint(f"reading.{key}", config.file, expected, found=getattr(config.reading, key))
    if config.policy.require_certificate and config.keys.trust is None:
        raise complaint(
            "policy.require_certificate",
            config.file,
            'expected false, or a trust store to verify certificates by: keys.trust = "trust.json"',
            found=True,
        )


def key_set(config: Config) -> KeySet:
    """The fleet's public keys, proven by the root. Raises ConfigError."""
    root = root_key(config)
    try:
        return wire_keyset.verify(read_file(config, "keys.keyset", config.keys.keyset), root)
    except WireError as problem:
        expected = f"expected a key set signed by {config.keys.root}: {problem}"
        raise complaint(
            "keys.keyset", config.file, expected, found=str(config.keys.keyset)
        ) from problem


def root_key(config: Config) -> Ed25519PublicKey:
    """The fleet root baked in at provisioning. Raises ConfigError."""
    file = config.keys.root
    pem = read_file(config, "keys.root", file)
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise complaint(
            "keys.root", config.file, "expected an Ed25519 public key in PEM", found=str(file)
        )
    return key


def read_file(config: Config, key: str, file: Path) -> bytes:
    """What is in `file`, the value of `key`. Raises ConfigError."""
    try:
        return file.read_bytes()
    except OSError as problem:
        expected = f"expected a file that can be read ({problem.strerror})"
        raise complaint(key, config.file, expected, found=str(file)) from problem
