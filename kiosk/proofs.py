"""The signed documents a kiosk goes by: verified, never older than before.

They come with the bundle; newer ones come over the network and stand in the data folder.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk import config as settings
from kiosk.config import Config
from kiosk.config_table import complaint
from kiosk.credentials import signers
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.signers import Signers
from wire import keyset as wire_keyset
from wire import revocations, trust
from wire.errors import WireError
from wire.keyset import KeySet
from wire.topics import KEYSET, REVOCATIONS, TRUST

_EXPECTED: Final = {
    TRUST: "expected a trust store signed by the fleet's root",
    REVOCATIONS: "expected a list of revoked cards signed by a card key of the fleet",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is believed at one time; replaced as a whole."""

    root: Ed25519PublicKey
    keyset: KeySet
    signers: Signers = field(default_factory=Signers)
    revoked: frozenset[str] = frozenset()
    versions: Mapping[str, int]
    """Of each document held, by name."""

    @property
    def proofs(self) -> Proofs:
        """What codes are proven by."""
        return Proofs(card_keys=self.keyset.card_keys(), revoked=self.revoked, signers=self.signers)

    def after(self, name: str, document: bytes, *, at_least: int = 0) -> "Held":
        """With `document` in the place of the one of that `name`; itself where it is not newer.

        Raises WireError: not signed by who must sign it, older than the one held or `at_least`.
        """
        now = self.versions.get(name)
        at_least = max(at_least, now or 0)
        changes: dict[str, object]
        if name == KEYSET:
            keyset = wire_keyset.verify(document, self.root, at_least=at_least)
            version, changes = keyset.version, {"keyset": keyset}
        elif name == TRUST:
            store = trust.verify(document, self.root, at_least=at_least)
            version, changes = store.version, {}
            if version != now:
                changes = {"signers": signers.unpack(store)}
        else:
            keys = self.keyset.card_keys()
            listed = revocations.verify(document, keys, at_least=at_least)
            version, changes = listed.version, {"revoked": listed.ids()}
        if version == now:
            return self
        return replace(self, versions={**self.versions, name: version}, **changes)  # type: ignore[arg-type]


def load(config: Config, *, seen: Mapping[str, int]) -> Held:
    """The newest of what the bundle and the data folder hold.

    A document older than the version in `seen` is refused, whoever signed it. Raises ConfigError
    where the bundle's is refused and the data folder has no better one.
    """
    keyset = settings.key_set(config)
    held = Held(root=settings.root_key(config), keyset=keyset, versions={KEYSET: keyset.version})
    held = _newer(held, KEYSET, config.kiosk.data)
    _not_older(held, KEYSET, seen, config, config.keys.keyset)
    for name, file in ((TRUST, config.keys.trust), (REVOCATIONS, config.keys.revocations)):
        if file is not None:
            raw = settings.read_file(config, f"keys.{name}", file)
            try:
                held = held.after(name, raw)
            except WireError as problem:
                expected = f"{_EXPECTED[name]}: {problem}"
                raise complaint(f"keys.{name}", config.file, expected, found=str(file)) from problem
        held = _newer(held, name, config.kiosk.data)
        if file is not None:
            _not_older(held, name, seen, config, file)
    return held


def _newer(held: Held, name: str, folder: Path) -> Held:
    """With what came over the network, where it is there, whole and newer."""
    file = folder / f"{name}.json"
    try:
        return held.after(name, file.read_bytes())
    except FileNotFoundError:
        return held
    except (OSError, WireError) as problem:
        _log.warning("%s is passed over: %s", file, problem)
        return held


def _not_older(held: Held, name: str, seen: Mapping[str, int], config: Config, file: Path) -> None:
    version, least = held.versions.get(name, 0), seen.get(name, 0)
    if version < least:
        expected = (
            f"expected a newer document, this is version {version}, but {least} was seen before; "
            "`fleet kiosk renew` makes a bundle with the newest"
        )
        raise complaint(f"keys.{name}", config.file, expected, found=str(file))
