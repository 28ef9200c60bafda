"""A kiosk's bundle as the fleet would make it, with keys of its own, and what opens its records."""

import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.config import Config, load
from tests.kiosk.codes import CARD_KEY
from wire import card, codec, keyset, sealing
from wire.keyset import CardKey, KeySet
from wire.records import IdentityPart, Record, TracingPart


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle's folder and the private halves of its keys."""

    folder: Path
    ingest: X25519PrivateKey
    vault: X25519PrivateKey
    root: Ed25519PrivateKey
    keyset: KeySet

    @property
    def file(self) -> Path:
        return self.folder / "kiosk.toml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def journal(self) -> list[dict[str, object]]:
        """The lines of the kiosk's journal; none where it does not exist yet."""
        file = self.data / "journal.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def load(self) -> Config:
        return load(self.file)

    def open(
        self, raw: bytes, *, epoch: str, kiosk: str = "cho-mau-1"
    ) -> tuple[TracingPart, IdentityPart | None]:
        """What a committed record says, as ingest and vault would read it."""
        record = codec.decode(raw, Record)
        bound_to = sealing.binding(kiosk, epoch, record)
        tracing = sealing.open_sealed(record.tracing, TracingPart, self.ingest, bound_to)
        if record.identity is None:
            return tracing, None
        return tracing, sealing.open_sealed(record.identity, IdentityPart, self.vault, bound_to)


def make_bundle(folder: Path, *, url: str = "mqtt://127.0.0.1:1", more: str = "") -> Bundle:
    """A bundle in `folder` for the kiosk cho-mau-1; `more` is TOML to append."""
    ingest, vault = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    root, public = Ed25519PrivateKey.generate(), CARD_KEY.public_key()
    keys = KeySet(
        version=1,
        ingest=ingest.public_key().public_bytes_raw(),
        vault=vault.public_key().public_bytes_raw(),
        cards=[CardKey(id=card.key_id(public), key=public.public_bytes_raw())],
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "keyset.json").write_bytes(keyset.sign(keys, root))
    pem = root.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "root.pub").write_bytes(pem)
    (folder / "kiosk.toml").write_text(
        f'[kiosk]\nid = "cho-mau-1"\ndirection = "in"\n[server]\nurl = "{url}"\n{more}'
    )
    return Bundle(folder=folder, ingest=ingest, vault=vault, root=root, keyset=keys)
