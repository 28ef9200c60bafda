"""The web server as a process: port, TLS, a clean end, and what it tells a service manager."""

import datetime as dt
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fleet_server import settings
from fleet_server.errors import KeysError, SettingsError
from fleet_server.web.run import PORT_FILE, run
from tests.support.programs import wait_until

PROGRAM = """
import sys
from pathlib import Path
from fleet_server import settings
from fleet_server.web.run import run
run(settings.load(Path(sys.argv[1]), environ={}))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the one key the web server needs."""
    folder = tmp_path / "keys" / "web"
    folder.mkdir(parents=True, mode=0o700)
    key = folder / "session.key"
    key.write_text("5e" * 32)
    key.chmod(0o600)
    (tmp_path / "fleet.toml").write_text("[web]\nport = 0\n")
    return tmp_path


@contextmanager
def serving(home: Path, **environ: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`fleet web` as a child, and the port it says it listens on."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(home)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environ,
    )
    port_file = home / "run" / PORT_FILE
    try:
        wait_until(
            lambda: port_file.exists() or process.poll() is not None, what="the port is written"
        )
        assert process.poll() is None, process.stderr and process.stderr.read()
        yield process, int(port_file.read_text())
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


def certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tram.example")])
    now = dt.datetime.now(dt.UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "web.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "web.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.mark.slow
def test_it_answers_on_the_port_it_wrote_down_and_ends_cleanly(home: Path) -> None:
    with serving(home) as (process, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.read() == b'{"ok":true}\n'
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert not (home / "run" / PORT_FILE).exists()
    assert not list(Path.home().glob(".gunicorn/gunicorn.ctl"))


@pytest.mark.slow
def test_several_workers_answer_on_one_port_and_all_end(home: Path) -> None:
    (home / "fleet.toml").write_text("[web]\nport = 0\nworkers = 3\n")
    with serving(home) as (process, port):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        wait_until(lambda: len(children.read_text().split()) == 3, what="the workers")
        workers = children.read_text().split()
        for _ in range(9):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert not any(Path("/proc", worker).exists() for worker in workers)


@pytest.mark.slow
def test_with_a_certificate_it_speaks_tls_only(home: Path) -> None:
    certificate(home)
    (home / "fleet.toml").write_text('[web]\nport = 0\ncertificate = "web.crt"\nkey = "web.key"\n')
    trust = ssl.create_default_context(cafile=str(home / "web.crt"))
    with serving(home) as (_, port):
        url = f"https://127.0.0.1:{port}/sign-in"
        with urllib.request.urlopen(url, context=trust) as answer:
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        with pytest.raises(OSError, match=r"closed|reset|400|Bad"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5)


@pytest.mark.slow
def test_it_tells_a_service_manager_that_it_is_ready_and_alive(home: Path) -> None:
    path = home / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(10)
        with serving(home, NOTIFY_SOCKET=str(path)):
            heard = b""
            end = time.monotonic() + 10
            while b"WATCHDOG=1" not in heard and time.monotonic() < end:
                heard += manager.recv(1000)
    assert b"READY=1" in heard
    assert b"WATCHDOG=1" in heard


def test_without_its_key_it_says_which_is_missing(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match=r"web/session\.key"):
        run(settings.load(tmp_path, environ={}))


def test_without_its_certificate_it_says_which_is_missing(home: Path) -> None:
    (home / "fleet.toml").write_text('[web]\ncertificate = "no.crt"\nkey = "no.key"\n')
    with pytest.raises(SettingsError, match=r"web\.certificate: expected a PEM file"):
        run(settings.load(home, environ={}))
