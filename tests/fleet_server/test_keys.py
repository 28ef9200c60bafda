"""Keys are made once, in one step, guarded, and each process reads its own only."""

import datetime as dt
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fleet_server import keys
from fleet_server.errors import KeysError
from fleet_server.fleet import ca, keycheck, keymaking
from fleet_server.identity.pseudonyms import PseudonymKey
from wire import sealing
from wire.errors import CannotOpen
from wire.records import IdentityPart

NOW = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
PRIVATE = {
    *("root/root.key", "ca/ca.key", "cards/card.key", "ingest/open.key", "ingest/pseudonym.key"),
    *("ingest/mqtt.key", "vault/open.key", "vault/pseudonym.key", "vault/sign.key"),
    *("broker/broker.key", "web/session.key"),
}
LOADERS: dict[str, Callable[[Path], object]] = {
    "ingest": keys.ingest,
    "vault": keys.vault,
    "web": keys.web,
    "cards": keys.cards,
    "broker": keys.broker,
    "ca": keys.authority,
    "results": keys.results,
}


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet") / "keys"
    keymaking.init(folder, broker_hosts=["127.0.0.1", "tram.example"], now=NOW)
    return folder


@pytest.fixture(scope="session")
def another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another fleet's."""
    folder = tmp_path_factory.mktemp("another") / "keys"
    keymaking.init(folder, broker_hosts=["127.0.0.1"], now=NOW)
    return folder


@pytest.fixture
def made(made_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_once, tmp_path / "keys"))


def test_private_files_are_for_their_owner_only(made: Path) -> None:
    files = {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()}
    assert files >= PRIVATE
    for name in files:
        mode = stat.S_IMODE((made / name).stat().st_mode)
        assert mode == (0o600 if name in PRIVATE else 0o644), name
    for folder in (made, *(path for path in made.rglob("*") if path.is_dir())):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_making_keys_again_is_refused_and_changes_nothing(made: Path) -> None:
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    with pytest.raises(KeysError, match="never overwritten"):
        keymaking.init(made, broker_hosts=["127.0.0.1"], now=NOW)
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before


def test_a_making_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with pytest.raises(KeysError, match="máy chủ"):
        keymaking.init(home / "keys", broker_hosts=["máy chủ"], now=NOW)
    assert list(home.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeysError, match="file"):
        keymaking.init(tmp_path / "file" / "keys", broker_hosts=[], now=NOW)


@pytest.mark.parametrize("owner", LOADERS)
def test_each_process_needs_its_own_folder_and_the_public_one_only(made: Path, owner: str) -> None:
    needed = {owner, "public"} | ({"ingest"} if owner == "cards" else set())
    for folder in made.iterdir():
        if folder.name not in needed:
            shutil.rmtree(folder)
    assert LOADERS[owner](made)


HARMS = [
    (name, harm)
    for name in sorted(PRIVATE - {"root/root.key"})
    for harm in ("missing", "readable by others", "garbled", "of another kind")
    # TLS keys are read, and complained about, by the TLS library; a card's key and the one for
    # results are of root's kind.
    if harm in ("missing", "readable by others")
    or (
        name not in ("ingest/mqtt.key", "broker/broker.key")
        and not (name in ("cards/card.key", "vault/sign.key") and harm == "of another kind")
    )
]


@pytest.mark.parametrize(("name", "harm"), HARMS)
def test_a_key_that_is_not_right_is_named_with_the_remedy(made: Path, name: str, harm: str) -> None:
    path = made / name
    if harm == "missing":
        path.unlink()
    elif harm == "readable by others":
        path.chmod(0o640)
    elif harm == "garbled":
        path.write_bytes(b"\xff not a key")
    else:
        path.write_bytes((made / "root/root.key").read_bytes())
    loaders = {"ca": keys.authority, "ingest": keys.ingest, "vault": keys.vault}
    loaders |= {"cards": keys.cards, "broker": keys.broker, "web": keys.web}

    with pytest.raises(KeysError) as told:
        loaders[name.split("/", maxsplit=1)[0]](made)

    assert Path(name).name in str(told.value)
    remedies = ("chmod 600", "fleet keys init", "back-up", "expected", "not a")
    assert any(remedy in str(told.value) for remedy in remedies)


def test_both_sides_make_the_same_pseudonym_from_it(made: Path) -> None:
    one = PseudonymKey.load(keys.ingest(made).pseudonym_file)
    other = PseudonymKey.load(keys.vault(made).pseudonym_file)
    assert one.digest("card", "00") == other.digest("card", "00")


def test_what_is_sealed_to_the_vault_opens_with_no_other_key(made: Path) -> None:
    public = keys.public(made).keyset
    sealed = sealing.seal(IdentityPart(name="Nguyễn Văn Mẫu"), public.vault_key(), b"bound")
    opened = sealing.open_sealed(sealed, IdentityPart, keys.vault(made).open, b"bound")
    assert opened.name == "Nguyễn Văn Mẫu"
    with pytest.raises(CannotOpen):
        sealing.open_sealed(sealed, IdentityPart, keys.ingest(made).open, b"bound")


def test_a_result_is_checked_with_the_public_half_of_what_signed_it(made: Path) -> None:
    signature = keys.vault(made).sign.sign(b"result")
    keys.results(made).verify(signature, b"result")
    with pytest.raises(InvalidSignature):
        keys.results(made).verify(signature, b"another")


@pytest.mark.parametrize("harm", [None, b"\xff not a key"])
def test_a_public_half_that_is_not_there_or_none_is_named_with_the_remedy(
    made: Path, harm: bytes | None
) -> None:
    path = made / "public" / "results.pub"
    path.unlink() if harm is None else path.write_bytes(harm)
    with pytest.raises(KeysError, match=r"results\.pub.*(back-up|expected an Ed25519 public key)"):
        keys.results(made)


def test_a_key_set_is_signed_one_version_up_by_the_same_root_only(made: Path) -> None:
    root = keys.root(made / keys.ROOT_KEY)
    first = keys.public(made).keyset
    signed = keymaking.sign_keyset(made, root, now=NOW)
    assert (first.version, signed.version) == (1, 2)
    assert keys.public(made).keyset == signed
    with pytest.raises(KeysError, match="another fleet"):
        keymaking.sign_keyset(made, Ed25519PrivateKey.generate(), now=NOW)
    assert keys.public(made).keyset == signed


def test_a_key_set_that_was_touched_is_refused(made: Path) -> None:
    path = made / "public" / "keyset.json"
    path.write_bytes(path.read_bytes().replace(b'"keyset":"e', b'"keyset":"f'))
    with pytest.raises(KeysError, match=r"keyset\.json"):
        keys.public(made)


def test_certificates_say_who_and_what_for(made: Path) -> None:
    authority = keys.authority(made)
    kiosk = x509.load_pem_x509_certificate(authority.kiosk("cho-mau-1", now=NOW).certificate)
    names = kiosk.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    purposes = kiosk.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert kiosk.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "cho-mau-1"
    assert names.get_values_for_type(x509.DNSName) == ["cho-mau-1"]
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert kiosk.not_valid_after_utc == NOW + ca.KIOSK_VALID
    broker = (made / "broker" / "broker.crt").read_bytes()
    assert ca.hosts_of(broker) == ("tram.example", "127.0.0.1")


def test_two_certificates_never_share_a_serial_number(made: Path) -> None:
    authority = keys.authority(made)
    loaded = [
        x509.load_pem_x509_certificate(authority.kiosk("cho-mau-1", now=NOW).certificate)
        for _ in range(20)
    ]
    assert len({certificate.serial_number for certificate in loaded}) == 20


@pytest.mark.parametrize("name", ["ingest", "Chợ", "a b", "", "server", "x" * 49])
def test_the_ca_gives_no_kiosk_a_name_that_is_not_one(made: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a kiosk id"):
        keys.authority(made).kiosk(name, now=NOW)


def test_renewing_the_brokers_certificate_takes_the_new_names(made: Path) -> None:
    keymaking.renew_broker(made, broker_hosts=["may-chu.example"], now=NOW)
    pair = keys.broker(made)
    assert ca.hosts_of(pair.certificate.read_bytes()) == ("may-chu.example",)
    key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    assert key.public_key() == certificate.public_key()
    assert stat.S_IMODE(pair.key.stat().st_mode) == 0o600


def test_a_whole_set_of_keys_fits_and_says_whether_the_root_is_here(made: Path) -> None:
    assert keycheck.check(made)
    (made / keys.ROOT_KEY).unlink()
    assert not keycheck.check(made)


SWAPPED = [
    *("root/root.key", "ca/ca.key", "cards/card.key", "ingest/open.key", "ingest/pseudonym.key"),
    *("ingest/mqtt.key", "ingest/mqtt.crt", "vault/open.key", "vault/pseudonym.key"),
    "vault/sign.key",
    *("broker/broker.key", "broker/broker.crt", "public/keyset.json", "public/ca.crt"),
    *("public/root.pub", "public/results.pub"),
]


@pytest.mark.parametrize("name", SWAPPED)
def test_a_file_of_another_fleet_among_the_keys_is_found(
    made: Path, another: Path, name: str
) -> None:
    shutil.copyfile(another / name, made / name)
    with pytest.raises(KeysError):
        keycheck.check(made)
