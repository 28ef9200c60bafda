"""A bundle as a whole: the kiosk's own loader accepts it, and nothing but it."""

import datetime as dt
import ssl
import stat
from pathlib import Path

import pytest

from fleet_server import keys
from fleet_server.fleet import bundle, keymaking
from fleet_server.fleet.bundle import KioskSettings
from fleet_server.fleet.references import Unfit
from kiosk import config
from kiosk.errors import ConfigError
from wire import card, sealing
from wire.records import IdentityPart, TracingPart

NOW = dt.datetime.now(dt.UTC)
SETTINGS = KioskSettings(kiosk="cho-mau-1", direction="in", server="mqtts://127.0.0.1:8883")


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    keymaking.init(tmp_path / "keys", broker_hosts=["127.0.0.1"], now=NOW)
    return tmp_path / "keys"


@pytest.fixture
def out(keys_dir: Path, tmp_path: Path) -> Path:
    issued = keys.authority(keys_dir).kiosk("cho-mau-1", now=NOW)
    bundle.write(tmp_path / "bundle", SETTINGS, issued, keys.public(keys_dir))
    return tmp_path / "bundle"


def test_a_kiosk_loads_its_bundle_and_trusts_the_keys_in_it(keys_dir: Path, out: Path) -> None:
    loaded = config.load(out / "kiosk.toml")
    held = config.key_set(loaded)
    assert held == keys.public(keys_dir).keyset
    sealed = sealing.seal(IdentityPart(name="Nguyễn Văn Mẫu"), held.vault_key(), b"b")
    opened = sealing.open_sealed(sealed, IdentityPart, keys.vault(keys_dir).open, b"b")
    assert opened.name == "Nguyễn Văn Mẫu"
    tracing = sealing.seal(TracingPart(kind="card"), held.ingest_key(), b"b")
    assert tracing.key == sealing.key_id(keys.ingest(keys_dir).open.public_key())


def test_a_card_of_the_fleet_proves_itself_with_the_keys_in_the_bundle(
    keys_dir: Path, out: Path
) -> None:
    text = card.encode(bytes(16), dt.date(2026, 1, 1), keys.cards(keys_dir).sign)
    known = config.key_set(config.load(out / "kiosk.toml")).card_keys()
    assert card.decode(text, known).id == "00" * 16


def test_certificate_key_and_ca_belong_together(out: Path) -> None:
    loaded = config.load(out / "kiosk.toml")
    context = ssl.create_default_context(cafile=str(loaded.server.ca))
    context.load_cert_chain(loaded.server.certificate, loaded.server.key)
    assert len(context.get_ca_certs()) == 1


def test_only_the_private_key_is_secret_and_it_is(out: Path) -> None:
    for path in out.iterdir():
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o600 if path.name == "kiosk.key" else 0o644), path.name
    assert stat.S_IMODE(out.stat().st_mode) == 0o700


def test_a_swapped_key_set_is_refused_by_the_kiosk(out: Path, tmp_path: Path) -> None:
    keymaking.init(tmp_path / "other", broker_hosts=["127.0.0.1"], now=NOW)
    theirs = (tmp_path / "other" / "public" / "keyset.json").read_bytes()
    (out / "keyset.json").write_bytes(theirs)
    with pytest.raises(ConfigError, match=r"keys\.keyset"):
        config.key_set(config.load(out / "kiosk.toml"))


def test_a_bundle_is_never_written_over_anything(keys_dir: Path, out: Path) -> None:
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    issued = keys.authority(keys_dir).kiosk("cho-mau-1", now=NOW)
    with pytest.raises(Unfit, match="not overwritten"):
        bundle.write(out, SETTINGS, issued, keys.public(keys_dir))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []
