"""The bundle's signed documents: what a kiosk believes, and what it never believes again."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk import proofs, versions
from kiosk.config import key_set
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from kiosk.errors import ConfigError, DeviceError
from tests.kiosk import certificates, codes
from tests.kiosk.bundle import Bundle, make_bundle
from wire import card, revocations, trust
from wire.trust import TrustStore

BOTH = '[keys]\ntrust = "trust.json"\nrevocations = "revocations.json"\n'
CARD_ID = card.decode(codes.CARD, codes.CARD_KEYS).id
STRANGER = Ed25519PrivateKey.generate()
STORE = TrustStore(version=3, signers=list(certificates.SIGNERS))
LIST = revocations.of([CARD_ID], version=5, issued_ms=0)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    made = make_bundle(tmp_path, more=BOTH)
    (tmp_path / "trust.json").write_bytes(trust.sign(STORE, made.root))
    (tmp_path / "revocations.json").write_bytes(revocations.sign(LIST, codes.CARD_KEY))
    return made


def load(bundle: Bundle, **seen: int) -> tuple[Proofs, dict[str, int]]:
    config = bundle.load()
    return proofs.load(config, key_set(config), seen=seen)


def test_cards_certificates_and_revocations_are_proven_by_the_bundle(bundle: Bundle) -> None:
    found, newest = load(bundle)
    assert newest == {"trust": 3, "revocations": 5}
    certificate = recognise(certificates.HC1.encode(), found).at(certificates.NOW_S)
    assert (certificate.kind, certificate.problem) == ("hc1", "")
    assert recognise(codes.CARD.encode(), found).problem == "revoked"


def test_without_the_documents_nobody_is_revoked_and_no_certificate_proven(tmp_path: Path) -> None:
    found, newest = load(make_bundle(tmp_path))
    assert newest == {}
    assert recognise(codes.CARD.encode(), found).problem == ""
    assert recognise(certificates.HC1.encode(), found).problem == "unknown_signer"


@pytest.mark.parametrize(
    ("name", "write", "says"),
    [
        ("trust", lambda _: trust.sign(STORE, STRANGER), "not known here"),
        ("trust", lambda _: b"{}", "not known here"),
        ("trust", lambda made: revocations.sign(LIST, made.root), "not signed"),
        ("trust", lambda made: trust.sign(STORE, made.root)[:-9], "Signed"),
        ("revocations", lambda _: revocations.sign(LIST, STRANGER), "not known here"),
        ("revocations", lambda made: revocations.sign(LIST, made.root), "not known here"),
        ("revocations", lambda _: b"", "Signed"),
    ],
)
def test_what_the_fleet_did_not_sign_stops_the_start(
    bundle: Bundle, name: str, write: Callable[[Bundle], bytes], says: str
) -> None:
    (bundle.folder / f"{name}.json").write_bytes(write(bundle))
    with pytest.raises(ConfigError, match=says) as caught:
        load(bundle)
    assert f"keys.{name} in {bundle.file}" in str(caught.value)


@pytest.mark.parametrize("name", ["trust", "revocations"])
def test_a_missing_document_is_named(bundle: Bundle, name: str) -> None:
    (bundle.folder / f"{name}.json").unlink()
    with pytest.raises(ConfigError, match=rf"keys\.{name} in .*can be read"):
        load(bundle)


def test_a_document_older_than_one_seen_is_refused(bundle: Bundle) -> None:
    assert load(bundle, trust=3, revocations=5)
    with pytest.raises(ConfigError, match="version 3, but 4"):
        load(bundle, trust=4)
    with pytest.raises(ConfigError, match="version 5, but 6"):
        load(bundle, revocations=6)


def test_requiring_a_certificate_needs_a_trust_store(tmp_path: Path) -> None:
    made = make_bundle(tmp_path, more="[policy]\nrequire_certificate = true\n")
    with pytest.raises(ConfigError, match=r"policy\.require_certificate in .*keys\.trust"):
        made.load()


def test_the_newest_versions_are_remembered(tmp_path: Path) -> None:
    assert versions.seen(tmp_path) == {}
    versions.note(tmp_path, {"trust": 3})
    versions.note(tmp_path, {"trust": 2, "revocations": 1})
    assert versions.seen(tmp_path) == {"trust": 3, "revocations": 1}
    assert [file.name for file in tmp_path.iterdir()] == [versions.FILE]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"trust": "x"}', '{"trust": true}', "\x00"])
def test_a_damaged_note_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / versions.FILE).write_text(text)
    assert versions.seen(tmp_path) == {}
    versions.note(tmp_path, {"trust": 1})
    assert versions.seen(tmp_path) == {"trust": 1}


def test_a_note_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=versions.FILE):
        versions.note(tmp_path / "nowhere", {"trust": 1})


def test_a_store_with_a_newer_algorithm_still_serves(bundle: Bundle) -> None:
    newer = msgspec.structs.replace(STORE.signers[0], algorithm="ML-DSA-44", key=b"?")
    store = msgspec.structs.replace(STORE, signers=[newer, *STORE.signers])
    (bundle.folder / "trust.json").write_bytes(trust.sign(store, bundle.root))
    found, _ = load(bundle)
    assert recognise(certificates.HC1.encode(), found).problem == ""
