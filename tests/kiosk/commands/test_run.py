"""`kiosk run` and `kiosk` itself, as processes."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kiosk import codes
from tests.kiosk.bundle import Bundle, make_bundle
from tests.kiosk.listener import SmallServer
from tests.support.brokers import Broker

QUICK = "[camera]\nfps = 60.0\nshown = 2\nblank = 1\n"


def _kiosk(*args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
    )


def _pictures(folder: Path, *texts: str) -> Path:
    folder.mkdir()
    for number, text in enumerate(texts):
        codes.save(codes.qr(text), folder / f"{number}.png")
    return folder


def test_the_commands_are_listed_and_the_version_shown() -> None:
    helped = _kiosk("--help")
    assert helped.returncode == 0
    for command in ("run", "read", "queue"):
        assert re.search(rf"^  {command} ", helped.stdout, re.MULTILINE)
    assert _kiosk("--version").stdout.startswith("tram 0.")


def test_help_loads_nothing_heavy() -> None:
    loaded = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import sys\nfrom click.testing import CliRunner\nfrom kiosk.cli import main\n"
            "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
            "print([m for m in ('numpy', 'paho', 'cryptography', 'PIL') if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "[]"


def test_an_unknown_command_is_named() -> None:
    done = _kiosk("rum")
    assert done.returncode == 2
    assert "No such command 'rum'" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("[kiosk]\n", "kiosk.id in "),
        ("[policy]\nrepeat_s = -1\n", "policy.repeat_s in "),
        ("[nothing]\n", "[nothing] in "),
    ],
)
def test_wrong_configuration_ends_with_two_and_no_traceback(
    tmp_path: Path, wrong: str, expected: str
) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    text = bundle.file.read_text()
    bundle.file.write_text(wrong if "[kiosk]" in wrong else text + wrong)
    done = _kiosk("run", "--config", str(bundle.file))
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Cấu hình sai / Wrong configuration" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("camera", "expected"),
    [("pictures:nowhere", "no folder nowhere"), ("webcam", "found 'webcam'")],
)
def test_a_camera_that_cannot_be_ends_with_two(tmp_path: Path, camera: str, expected: str) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    done = _kiosk("run", "--config", str(bundle.file), "--camera", camera, cwd=tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_the_configuration_is_looked_for_here(tmp_path: Path) -> None:
    done = _kiosk("run", cwd=tmp_path)
    assert done.returncode == 2
    assert "kiosk.toml: cannot be read (No such file or directory)" in done.stderr


def test_pictures_count_from_here_on_the_command_line_and_from_the_file_in_it(
    tmp_path: Path,
) -> None:
    bundle = make_bundle(tmp_path / "bundle", more='[camera]\nsource = "pictures:own"\nfps = 0\n')
    _pictures(bundle.folder / "own", codes.CARD)
    _pictures(tmp_path / "here", codes.CCCD)
    args = ("run", "--config", str(bundle.file), "--once", "--once-timeout", "0")
    assert _kiosk(*args, cwd=tmp_path).returncode == 1
    assert _kiosk(*args, "--camera", "pictures:here", cwd=tmp_path).returncode == 1
    assert [line["counter"] for line in bundle.journal] == [1, 2]


def test_the_log_has_times_in_utc_and_nothing_out_of_the_codes(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", more=QUICK)
    pictures = _pictures(tmp_path / "pictures", *codes.PERSONAL)
    done = _kiosk(
        *("run", "--config", str(bundle.file), "--camera", f"pictures:{pictures}"),
        *("--once", "--once-timeout", "0"),
    )
    assert done.stdout == ""
    assert re.search(r"^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z INFO kiosk cho-mau-1", done.stderr, re.M)
    assert "Đã ghi nhận / Recorded" in done.stderr
    assert f"{len(codes.PERSONAL)} records without a receipt" in done.stderr
    for secret in ("MAU", "Mẫu", "Thử", "0900000001", "160000000000000001", "001090000001"):
        assert secret not in done.stderr


def test_a_kiosk_once_ends_with_zero_when_the_server_has_all(
    mosquitto: Broker, tmp_path: Path
) -> None:
    bundle = make_bundle(tmp_path / "bundle", url=mosquitto.url, more=QUICK)
    pictures = _pictures(tmp_path / "pictures", *codes.PERSONAL)
    with SmallServer(mosquitto.port) as server:
        done = _kiosk(
            *("run", "--config", str(bundle.file), "--camera", f"pictures:{pictures}", "--once")
        )
        assert done.returncode == 0, done.stderr
        assert len(server.stored) == len(codes.PERSONAL)
        server.wait_for(lambda: [each.state for each in server.states] == ["ready", "disconnected"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_kiosk_with_a_goodbye(
    mosquitto: Broker, tmp_path: Path, number: signal.Signals
) -> None:
    bundle = make_bundle(tmp_path / "bundle", url=mosquitto.url, more=QUICK)
    pictures = _pictures(tmp_path / "pictures", codes.CARD)
    with SmallServer(mosquitto.port) as server:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "kiosk", "run", "--config", str(bundle.file)),
                *("--camera", f"pictures:{pictures}"),
            ],
            stderr=subprocess.PIPE,
        )
        server.wait_for(lambda: len(server.stored) == 1)
        assert process.poll() is None, "it stays after the pictures"
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 0, errors
        assert b"Traceback" not in errors
        server.wait_for(lambda: [each.state for each in server.states] == ["ready", "disconnected"])


@pytest.fixture
def used(tmp_path: Path) -> Bundle:
    """A bundle whose queue another kiosk has open."""
    return make_bundle(tmp_path / "bundle", more=QUICK)


@pytest.mark.slow
def test_a_second_kiosk_on_the_same_folder_says_so(used: Bundle, tmp_path: Path) -> None:
    pictures = _pictures(tmp_path / "pictures", codes.CARD)
    args = ("run", "--config", str(used.file), "--camera", f"pictures:{pictures}")
    first = subprocess.Popen([sys.executable, "-m", "kiosk", *args], stderr=subprocess.DEVNULL)
    try:
        give_up_s = time.monotonic() + 20
        while not used.journal:
            assert time.monotonic() < give_up_s
            time.sleep(0.05)
        done = _kiosk(*args)
        assert done.returncode == 1
        assert "another kiosk process uses this folder" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        first.terminate()
        first.wait(20)
