"""Made-up people's codes, a kiosk's bundle to read them with, and what it recorded of them."""

import datetime as dt
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from wire import card, codec, keyset, sealing
from wire.keyset import CardKey, KeySet
from wire.records import StableKey, TracingPart

KIOSK = "bench-1"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A kiosk's folder and the private halves of its keys."""

    folder: Path
    cards: Ed25519PrivateKey
    ingest: X25519PrivateKey
    keyset: KeySet

    @property
    def file(self) -> Path:
        return self.folder / "kiosk.toml"

    def recorded(self, texts: list[str]) -> list[bool]:
        """Of each text, whether exactly one record opens to its keys."""
        proofs = Proofs(card_keys=self.keyset.card_keys())
        found = self._opened()
        return [found.count(recognise(text.encode(), proofs).keys) == 1 for text in texts]

    def _opened(self) -> list[tuple[StableKey, ...]]:
        file = self.folder / "data" / "queue.sqlite3"
        if not file.exists():
            return []
        database = sqlite3.connect(file)
        (epoch,) = database.execute("SELECT epoch FROM identity").fetchone()
        rows = database.execute("SELECT record FROM pending ORDER BY counter").fetchall()
        database.close()
        records = [codec.decode_record(raw) for (raw,) in rows]
        return [
            tuple(
                sealing.open_sealed(
                    record.tracing, TracingPart, self.ingest, sealing.binding(KIOSK, epoch, record)
                ).keys
            )
            for record in records
        ]


def make_bundle(folder: Path) -> Bundle:
    """A bundle in `folder` for a kiosk without a server."""
    cards, root = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    ingest, public = X25519PrivateKey.generate(), cards.public_key()
    keys = KeySet(
        version=1,
        ingest=ingest.public_key().public_bytes_raw(),
        vault=X25519PrivateKey.generate().public_key().public_bytes_raw(),
        cards=[CardKey(id=card.key_id(public), key=public.public_bytes_raw())],
    )
    (folder / "keyset.json").write_bytes(keyset.sign(keys, root))
    pem = root.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "root.pub").write_bytes(pem)
    (folder / "kiosk.toml").write_text(
        f'[kiosk]\nid = "{KIOSK}"\ndirection = "in"\n[server]\nurl = "mqtt://127.0.0.1:1"\n'
    )
    return Bundle(folder=folder, cards=cards, ingest=ingest, keyset=keys)


def texts(count: int, bundle: Bundle, rng: Random) -> list[str]:
    """Cards, national codes and ID cards of `count` different people who do not exist."""
    issued = dt.date(2025, 1, 2)
    made = []
    for number in range(1, count + 1):
        made.append(
            rng.choice(
                [
                    card.encode(rng.randbytes(16), issued, bundle.cards),
                    f"******{number:06d}|NGUYEN VAN MAU|1990-**-**|0|"
                    f"{160_000_000_000_000_000 + number:018d}|<1<00<0900{number:06d}",
                    f"001090{number:06d}||Nguyễn Văn Mẫu|01011990|Nam|Số {number}, Phường Thử, "
                    "Hà Nội|01012022",
                    f"001302{number:06d}|{number:09d}|Trần Thị Thử|31122002|Nữ|Số {number}, Phường "
                    "Thử, Huế|01082024||||",
                ]
            )
        )
    return made
