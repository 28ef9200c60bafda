"""From the bundle's signed documents to what codes are proven by."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from kiosk import config as settings
from kiosk.config import Config
from kiosk.config_table import complaint
from kiosk.credentials import signers
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.signers import Signers
from wire import revocations, trust
from wire.errors import WireError
from wire.keyset import KeySet

T = TypeVar("T")


def load(
    config: Config, keyset: KeySet, *, seen: Mapping[str, int]
) -> tuple[Proofs, dict[str, int]]:
    """What codes are proven by, and the versions of the documents that say so.

    A document older than the version in `seen` is refused, whoever signed it. Raises ConfigError.
    """
    keys, versions = config.keys, {}
    known, revoked = Signers(), frozenset[str]()
    card_keys = keyset.card_keys()
    if keys.trust is not None:
        root = settings.root_key(config)
        store = _document(
            config,
            "trust",
            keys.trust,
            f"expected a trust store signed by {keys.root}",
            lambda raw: trust.verify(raw, root, at_least=seen.get("trust", 0)),
        )
        versions["trust"] = store.version
        known = signers.unpack(store)
    if keys.revocations is not None:
        listed = _document(
            config,
            "revocations",
            keys.revocations,
            "expected a list of revoked cards signed by a card key of the fleet",
            lambda raw: revocations.verify(raw, card_keys, at_least=seen.get("revocations", 0)),
        )
        versions["revocations"] = listed.version
        revoked = listed.ids()
    return Proofs(card_keys=card_keys, revoked=revoked, signers=known), versions


def _document(
    config: Config, name: str, file: Path, expected: str, verify: Callable[[bytes], T]
) -> T:
    key = f"keys.{name}"
    raw = settings.read_file(config, key, file)
    try:
        return verify(raw)
    except WireError as problem:
        raise complaint(key, config.file, f"{expected}: {problem}", found=str(file)) from problem
