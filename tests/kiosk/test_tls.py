"""A kiosk with the fleet's certificates: on secured brokers of both kinds, and with wrong ones."""

import datetime as dt
import shutil
import ssl
from pathlib import Path

import pytest

from fleet_server.fleet.ca import Authority
from kiosk.assembly import assembled
from kiosk.certificate import load_certificate, tls_context
from kiosk.equipment import Hardware
from kiosk.errors import ConfigError
from kiosk.hardware.fakes import FakeCamera, FakeDecoder, RecordingSignals, painted
from tests.fleet_server.fleet.clients import store
from tests.fleet_server.fleet.conftest import SecuredBroker
from tests.kiosk import codes
from tests.kiosk.bundle import Bundle, make_bundle
from tests.kiosk.listener import SmallServer
from wire import codec
from wire.presence import About

NOW = dt.datetime.now(dt.UTC)


def _hardware() -> Hardware:
    frames = [painted(text.encode(), width=200) for text in codes.PERSONAL[:4]]
    return Hardware(
        camera="made up",
        open_camera=lambda: FakeCamera(frames),
        decoder=FakeDecoder(),
        signals=RecordingSignals(),
    )


def _server_tls(secured: SecuredBroker) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(secured.ca))
    context.load_cert_chain(*secured.credentials("ingest"))
    return context


def _bundle(folder: Path, secured: SecuredBroker) -> Bundle:
    bundle = make_bundle(folder / "bundle", url=f"mqtts://127.0.0.1:{secured.port}")
    certificate, key = secured.credentials("cho-mau-1")
    shutil.copy(certificate, bundle.folder / "kiosk.crt")
    shutil.copy(key, bundle.folder / "kiosk.key")
    shutil.copy(secured.ca, bundle.folder / "ca.crt")
    return bundle


@pytest.mark.slow
def test_a_kiosk_delivers_over_tls_with_the_fleets_own_rights(
    secured: SecuredBroker, tmp_path: Path
) -> None:
    bundle = _bundle(tmp_path, secured)
    with (
        SmallServer(secured.port, tls=_server_tls(secured)) as server,
        assembled(bundle.load(), _hardware()) as app,
    ):
        assert app.run(once=True, once_timeout_s=15) == 0
        assert len(server.stored) == 4
        server.wait_for(lambda: len(server.states) == 2)
        assert [each.state for each in server.states] == ["ready", "disconnected"]
        about = next(raw for channel, raw in server.heard if channel == "about")
    shown = load_certificate(bundle.load()).fingerprint
    assert codec.decode(about, About).certificate == shown


@pytest.mark.slow
def test_a_kiosk_under_anothers_name_delivers_nothing(
    secured: SecuredBroker, tmp_path: Path
) -> None:
    bundle = _bundle(tmp_path, secured)
    certificate, key = secured.credentials("cho-mau-2")
    shutil.copy(certificate, bundle.folder / "kiosk.crt")
    shutil.copy(key, bundle.folder / "kiosk.key")
    with (
        SmallServer(secured.port, tls=_server_tls(secured)) as server,
        assembled(bundle.load(), _hardware()) as app,
    ):
        assert app.run(once=True, once_timeout_s=3) == 1
        assert server.stored == {}


@pytest.mark.slow
def test_a_broker_of_another_ca_is_not_spoken_to(
    secured: SecuredBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = _bundle(tmp_path, secured)
    _, other = Authority.create(now=NOW)
    (bundle.folder / "ca.crt").write_bytes(other.certificate)
    with assembled(bundle.load(), _hardware()) as app:
        assert app.run(once=True, once_timeout_s=2) == 1
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    authority, own = Authority.create(now=NOW)
    made = make_bundle(tmp_path / "bundle", url="mqtts://tram.example")
    store(made.folder, "kiosk", authority.kiosk("cho-mau-1", now=NOW))
    (made.folder / "ca.crt").write_bytes(own.certificate)
    return made


def test_the_certificate_says_until_when(bundle: Bundle) -> None:
    certificate = load_certificate(bundle.load())
    assert certificate.expires_ms > NOW.timestamp() * 1000
    assert len(certificate.fingerprint) == 64
    assert tls_context(bundle.load()).verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("file", "key"),
    [("kiosk.crt", "server.certificate"), ("ca.crt", "server.ca"), ("kiosk.key", "server.key")],
)
@pytest.mark.parametrize("content", [None, b"", b"not PEM"])
def test_a_file_that_does_not_do_is_named_by_its_setting(
    bundle: Bundle, file: str, key: str, content: bytes | None
) -> None:
    if content is None:
        (bundle.folder / file).unlink()
    else:
        (bundle.folder / file).write_bytes(content)
    with (
        pytest.raises(ConfigError, match=rf"^{key} in .*{file}'$"),
        assembled(bundle.load(), _hardware()),
    ):
        pass


def test_a_key_of_another_certificate_is_named(bundle: Bundle) -> None:
    authority, _ = Authority.create(now=NOW)
    other = authority.kiosk("cho-mau-2", now=NOW)
    (bundle.folder / "kiosk.key").write_bytes(other.key)
    with pytest.raises(ConfigError, match=r"server\.key in .*expected the private key \(PEM\) of"):
        tls_context(bundle.load())
