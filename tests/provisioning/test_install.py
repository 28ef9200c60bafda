"""The shell scripts: what they say before they touch anything, and shellcheck's opinion."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted([ROOT / ".ci" / "run", *(ROOT / "provisioning").glob("*.sh")])
BUNDLE = ("kiosk.toml", "ca.crt", "kiosk.crt", "kiosk.key", "root.pub", "keyset.json")
needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="not Debian: no apt-get")


def install(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "provisioning" / "install.sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_run(script: Path) -> None:
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("kiosk",), ("server",), ("--loud",)])
def test_what_install_does_not_understand_shows_how_it_is_used(arguments: tuple[str, ...]) -> None:
    done = install(*arguments, "--dry-run")
    assert done.returncode == 2
    assert "install.sh kiosk BUNDLE" in done.stderr


def test_a_host_name_that_could_be_more_than_one_is_refused() -> None:
    assert install("server", 'x"\nport = 1', "--dry-run").returncode == 2


@needs_apt
def test_an_incomplete_bundle_is_named_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").touch()
    done = install("kiosk", str(tmp_path), "--dry-run")
    assert done.returncode == 1
    assert "ca.crt" in done.stderr
    assert "fleet kiosk create" in done.stderr


@pytest.mark.slow
@needs_apt
def test_a_dry_run_for_a_kiosk_says_every_step_and_takes_none(tmp_path: Path) -> None:
    for name in BUNDLE:
        (tmp_path / name).touch()
    before = installed()
    done = install("kiosk", str(tmp_path), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "--require-hashes" in done.stdout
    assert "/etc/tram/kiosk.key" in done.stdout
    assert "systemctl --quiet enable tram-kiosk.service" in done.stdout
    assert installed() == before


@needs_apt
def test_a_dry_run_for_a_server_says_every_step_and_takes_none() -> None:
    before = installed()
    done = install("server", "tram.example", "--dry-run")
    assert done.returncode == 0, done.stderr
    for step in ("systemd-sysusers", "keys init", "broker mosquitto", "tram-fleet-vault.service"):
        assert step in done.stdout
    assert installed() == before


def installed() -> set[str]:
    places = ("/opt/tram", "/etc/tram", "/var/lib/tram", "/etc/systemd/system/tram-kiosk.service")
    return {place for place in places if Path(place).exists()}
