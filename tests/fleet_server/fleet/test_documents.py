"""Revoked cards and the trust store: signed, counting up, in bundles."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from fleet_server import keys
from fleet_server.fleet import documents
from kiosk import config, proofs
from tests.fleet_server.fleet.test_signers import certificate
from tests.fleet_server.homes import Home
from wire import revocations, trust


@pytest.fixture
def signers(tmp_path: Path) -> Path:
    folder = tmp_path / "signers"
    folder.mkdir()
    (folder / "vn.pem").write_bytes(certificate().public_bytes(Encoding.PEM))
    (folder / "xx.der").write_bytes(certificate(country="XX").public_bytes(Encoding.DER))
    (folder / "readme.txt").write_text("not a certificate")
    return folder


def test_a_revoked_card_stands_in_a_list_the_card_key_signed(home: Home) -> None:
    first, second = home.json("card", "issue", "--count", "2")["cards"]
    home.ok("card", "revoke", first["text"])
    one = documents.revoked(home.settings.keys_dir)
    home.ok("card", "revoke", second["id"])
    two = documents.revoked(home.settings.keys_dir)
    assert one.ids() == {first["id"]}
    assert two.ids() == {first["id"], second["id"]}
    assert two.version > one.version > 0


def test_a_card_revoked_before_there_was_a_list_can_be_put_on_it(home: Home) -> None:
    (card,) = home.json("card", "issue")["cards"]
    home.ok("card", "revoke", card["id"])
    (home.path / "keys/public/revocations.json").unlink()
    assert "on the kiosks' list" in home.ok("card", "revoke", card["id"])
    assert documents.revoked(home.settings.keys_dir).ids() == {card["id"]}
    assert "revoked already" in home.fails("card", "revoke", card["id"])


def test_a_damaged_list_is_named_and_nothing_is_revoked(home: Home) -> None:
    (card,) = home.json("card", "issue")["cards"]
    path = home.path / "keys/public/revocations.json"
    path.write_bytes(b"{}")
    assert "revocations.json" in home.fails("card", "revoke", card["id"], status=2)
    path.unlink()
    assert "Card revoked" in home.ok("card", "revoke", card["id"])


def test_a_trust_store_is_built_of_certificates_and_replaces_the_one_before(
    home: Home, signers: Path
) -> None:
    assert "2 signers" in home.ok("trust", "build", str(signers))
    shown = home.json("trust", "show")
    assert [each["issuer"] for each in shown["signers"]] == ["VN", "XX"]
    home.ok("trust", "build", str(signers / "vn.pem"), str(signers / "vn.pem"))
    after = home.json("trust", "show")
    assert [each["issuer"] for each in after["signers"]] == ["VN"]
    assert after["version"] > shown["version"]
    assert "VN" in home.ok("trust", "show")


def test_a_store_signed_elsewhere_is_installed_and_never_an_older_one(
    home: Home, signers: Path, tmp_path: Path
) -> None:
    out = tmp_path / "trust.json"
    home.ok("trust", "build", str(signers), "--out", str(out))
    assert home.json("trust", "show")["signers"] == []
    home.ok("trust", "install", str(out))
    assert len(home.json("trust", "show")["signers"]) == 2
    home.ok("trust", "build", str(signers))
    assert "never go back" in home.fails("trust", "install", str(out), status=2)


def test_another_root_signs_no_trust_store_for_this_fleet(
    home: Home, signers: Path, tmp_path: Path
) -> None:
    other = tmp_path / "root.key"
    key = Ed25519PrivateKey.generate()
    other.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    other.chmod(0o600)
    said = home.fails("trust", "build", str(signers), "--root", str(other), status=2)
    assert "this fleet's root" in said
    assert not (home.path / "keys/public/trust.json").exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("a.pem", "no", "X.509"), ("a.json", "{", "expected JSON"), ("a.json", "[]", "DID")],
)
def test_what_is_no_signer_is_named(
    home: Home, tmp_path: Path, name: str, content: str, says: str
) -> None:
    (tmp_path / name).write_text(content)
    said = home.fails("trust", "build", str(tmp_path / name))
    assert says in said
    assert name in said
    assert "no signer" in home.fails("trust", "build")


def test_a_new_bundle_carries_the_documents_and_its_kiosk_goes_by_them(
    home: Home, signers: Path, tmp_path: Path
) -> None:
    (card,) = home.json("card", "issue")["cards"]
    home.ok("card", "revoke", card["id"])
    home.ok("trust", "build", str(signers))
    home.ok("venue", "create", "cho-mau", "--name", "Chợ Mẫu", "--type", "market")
    place = ("--venue", "cho-mau", "--direction", "in")
    home.ok("kiosk", "create", "cho-mau-1", *place, "--out", str(tmp_path / "bundle"))
    held = proofs.load(config.load(tmp_path / "bundle" / "kiosk.toml"), seen={})
    assert held.revoked == {card["id"]}
    assert set(held.versions) == {"keyset", "trust", "revocations"}
    public = keys.public(home.settings.keys_dir)
    assert revocations.verify(
        public.documents["revocations.json"], public.keyset.card_keys()
    ).ids() == {card["id"]}
    assert trust.verify(public.documents["trust.json"], public.root_key()).version > 0
