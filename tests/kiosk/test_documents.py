"""Documents that come while a kiosk runs: verified, kept, used at once, never older."""

import json
import logging
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk import proofs, versions
from kiosk.credentials.registry import recognise
from kiosk.documents import Documents
from kiosk.errors import ConfigError
from kiosk.proofs import Held
from tests.kiosk import certificates, codes
from tests.kiosk.bundle import Bundle, make_bundle
from wire import card, keyset, revocations, trust
from wire.keyset import CardKey
from wire.trust import TrustStore

CARD_ID = card.decode(codes.CARD, codes.CARD_KEYS).id
STRANGER = Ed25519PrivateKey.generate()
STORE = TrustStore(version=3, signers=list(certificates.SIGNERS))


def listed(version: int, *ids: str, key: Ed25519PrivateKey = codes.CARD_KEY) -> bytes:
    return revocations.sign(revocations.of(ids, version=version, issued_ms=0), key)


class Kiosk:
    """A kiosk's documents without the rest of it."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        bundle.data.mkdir(exist_ok=True)
        self.used: list[Held] = []
        self.held = self.load()
        versions.note(bundle.data, self.held.versions)
        self.documents = Documents(self.held, folder=bundle.data, use=self.used.append)

    def load(self) -> Held:
        return proofs.load(self.bundle.load(), seen=versions.seen(self.bundle.data))

    def problem(self, held: Held) -> str:
        return recognise(codes.CARD.encode(), held.proofs).problem


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    return Kiosk(make_bundle(tmp_path))


def test_a_list_that_comes_is_used_at_once_and_after_a_restart(kiosk: Kiosk) -> None:
    assert kiosk.problem(kiosk.held) == ""
    assert kiosk.documents.take("revocations", listed(7, CARD_ID))
    assert [kiosk.problem(held) for held in kiosk.used] == ["revoked"]
    assert kiosk.problem(kiosk.load()) == "revoked"
    assert kiosk.documents.versions == {"keyset": 1, "revocations": 7}
    assert versions.seen(kiosk.bundle.data) == {"keyset": 1, "revocations": 7}
    assert not list(kiosk.bundle.data.glob("*.new"))


def test_the_same_list_again_changes_nothing(kiosk: Kiosk) -> None:
    document = listed(7, CARD_ID)
    assert kiosk.documents.take("revocations", document)
    assert kiosk.documents.take("revocations", document)
    assert len(kiosk.used) == 1
    assert kiosk.documents.refused == 0


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("revocations", listed(8, key=STRANGER)),
        ("revocations", listed(6)),
        ("revocations", listed(8)[:-7]),
        ("revocations", b""),
        ("trust", trust.sign(STORE, STRANGER)),
        ("trust", listed(9)),
        ("keyset", b"{}"),
    ],
)
def test_what_does_not_verify_is_refused_and_the_old_one_stays(
    kiosk: Kiosk, name: str, document: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    kiosk.documents.take("revocations", listed(7, CARD_ID))
    before = {path.name: path.read_bytes() for path in kiosk.bundle.data.iterdir()}
    assert not kiosk.documents.take(name, document)
    assert kiosk.documents.refused == 1
    assert f"a {name} document is refused" in caplog.text
    assert [kiosk.problem(held) for held in kiosk.used] == ["revoked"]
    assert {path.name: path.read_bytes() for path in kiosk.bundle.data.iterdir()} == before


def test_a_trust_store_makes_certificates_provable_without_a_restart(kiosk: Kiosk) -> None:
    code = certificates.HC1.encode()
    assert recognise(code, kiosk.held.proofs).problem == "unknown_signer"
    assert kiosk.documents.take("trust", trust.sign(STORE, kiosk.bundle.root))
    (held,) = kiosk.used
    assert recognise(code, held.proofs).at(certificates.NOW_S).problem == ""


def test_a_list_signed_by_a_key_of_the_next_key_set_waits_for_it(kiosk: Kiosk) -> None:
    newer = Ed25519PrivateKey.generate()
    public = newer.public_key()
    document = listed(9, CARD_ID, key=newer)
    assert not kiosk.documents.take("revocations", document)
    keys = msgspec.structs.replace(
        kiosk.bundle.keyset,
        version=2,
        cards=[
            *kiosk.bundle.keyset.cards,
            CardKey(id=card.key_id(public), key=public.public_bytes_raw()),
        ],
    )
    assert kiosk.documents.take("keyset", keyset.sign(keys, kiosk.bundle.root))
    assert kiosk.documents.versions == {"keyset": 2, "revocations": 9}
    assert kiosk.problem(kiosk.used[-1]) == "revoked"
    assert kiosk.load().versions == {"keyset": 2, "revocations": 9}


def test_a_key_set_never_goes_back(kiosk: Kiosk) -> None:
    root = kiosk.bundle.root
    newer = msgspec.structs.replace(kiosk.bundle.keyset, version=5)
    assert kiosk.documents.take("keyset", keyset.sign(newer, root))
    assert not kiosk.documents.take("keyset", keyset.sign(kiosk.bundle.keyset, root))
    assert kiosk.load().versions["keyset"] == 5


def test_a_bundle_older_than_what_came_is_no_way_back(kiosk: Kiosk) -> None:
    (kiosk.bundle.folder / "revocations.json").write_bytes(listed(5))
    toml = kiosk.bundle.file.read_text()
    kiosk.bundle.file.write_text(f'{toml}\n[keys]\nrevocations = "revocations.json"\n')
    kiosk.documents.take("revocations", listed(7, CARD_ID))
    assert kiosk.problem(kiosk.load()) == "revoked"
    (kiosk.bundle.data / "revocations.json").write_bytes(b"damaged")
    with pytest.raises(ConfigError, match="version 5, but 7 was seen"):
        kiosk.load()
    (kiosk.bundle.folder / "revocations.json").write_bytes(listed(8))
    assert kiosk.load().versions["revocations"] == 8


def test_a_disk_that_fails_does_not_keep_a_revoked_card_in_use(
    kiosk: Kiosk, caplog: pytest.LogCaptureFixture
) -> None:
    (kiosk.bundle.data / "revocations.json.new").mkdir()
    assert kiosk.documents.take("revocations", listed(7, CARD_ID))
    assert kiosk.problem(kiosk.used[0]) == "revoked"
    assert "in use until the next start" in caplog.text
    noted = json.loads((kiosk.bundle.data / versions.FILE).read_text())
    assert noted == {"keyset": 1}, "a version noted without its document would stop the next start"
