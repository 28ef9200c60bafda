"""systemd's own checks of our units, and what must never be loosened in them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.cli import COMMANDS as KIOSK_COMMANDS

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
NAMES = [unit.name for unit in UNITS]
EXPOSURE = {
    "tram-broker.service": 1.3,
    "tram-fleet-ingest.service": 1.3,
    "tram-fleet-vault.service": 0.4,
    "tram-fleet-web.service": 1.3,
    "tram-kiosk.service": 1.7,
    "tram-report.service": 1.2,
    "tram-retention.service": 0.4,
    "tram-evaluate.service": 0.4,
}
"""What `systemd-analyze security` may say at most: 0 is nothing in reach, 10 everything."""
TIMED = {
    "tram-evaluate.service": {"OnCalendar": "*:0/15", "RandomizedDelaySec": "60"},
    "tram-report.service": {
        "OnCalendar": "Fri *-*-* 07:00:00 Asia/Ho_Chi_Minh",
        "Persistent": "yes",
    },
    "tram-retention.service": {"OnCalendar": "*-*-* 03:30:00", "Persistent": "yes"},
}
"""Run by a timer to their end, and when; all others stay."""


def read(path: Path) -> dict[str, dict[str, str]]:
    """A unit file by section and key; a key that stands several times, joined with spaces."""
    told: dict[str, dict[str, str]] = {}
    keys: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            keys = told.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            keys[key] = f"{keys.get(key, '')} {value}".strip()
    return told


@pytest.fixture(params=UNITS, ids=NAMES)
def unit(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_program_of_the_path_has_a_unit() -> None:
    assert sorted(EXPOSURE) == NAMES


def test_a_unit_notifies_is_watched_and_always_comes_back(unit: Path) -> None:
    told = read(unit)
    service = told["Service"]
    if unit.name in TIMED:
        assert service["Type"] == "oneshot"
        return
    assert service["Type"] == "notify"
    assert service["Restart"] == "always"
    assert int(service["RestartSec"]) >= 1
    assert told["Unit"]["StartLimitIntervalSec"] == "0", "systemd would give up after five starts"
    if unit.name != "tram-broker.service":  # Mosquitto does not speak to a watchdog
        assert 5 <= int(service["WatchdogSec"]) <= 60
        assert service["RestartPreventExitStatus"] == "2"


def test_a_unit_gains_no_privileges_and_writes_nowhere_else(unit: Path) -> None:
    service = read(unit)["Service"]
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["User"] != "root"
    assert service["SystemCallFilter"].startswith("@system-service ~@privileged")


def test_each_process_is_a_user_of_its_own_and_sees_its_own_keys_only() -> None:
    folders = {"root", "ca", "cards", "ingest", "vault", "broker", "web"}
    users = set()
    for name in ("ingest", "vault", "web"):
        service = read(ROOT / "systemd" / f"tram-fleet-{name}.service")["Service"]
        users.add(service["User"])
        hidden = {
            path.removeprefix("-/var/lib/tram/keys/")
            for path in service["InaccessiblePaths"].split()
        }
        own = {name, "cards"} if name == "vault" else {name}
        assert hidden == folders - own
    assert len(users) == 3


def test_what_is_timed_has_a_timer_and_sees_no_key() -> None:
    timers = {timer.stem: read(timer) for timer in (ROOT / "systemd").glob("*.timer")}
    assert {f"{name}.service" for name in timers} == set(TIMED)
    for name, told in timers.items():
        assert told["Install"]["WantedBy"] == "timers.target"
        # A night the machine was off is made up for; a quarter of an hour is not.
        assert told["Timer"] == TIMED[f"{name}.service"]
        service = read(ROOT / "systemd" / f"{name}.service")["Service"]
        assert service["InaccessiblePaths"] == "-/var/lib/tram/keys"


def test_a_report_that_could_not_be_sent_is_tried_again() -> None:
    service = read(ROOT / "systemd" / "tram-report.service")["Service"]
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("on-failure", "2")
    assert service["StateDirectory"] == "tram-report"


def test_the_vault_has_no_network() -> None:
    service = read(ROOT / "systemd" / "tram-fleet-vault.service")["Service"]
    assert service["PrivateNetwork"] == "yes"
    assert service["RestrictAddressFamilies"] == "AF_UNIX"


def test_every_user_a_unit_runs_as_is_made(unit: Path) -> None:
    service = read(unit)["Service"]
    made = "\n".join(path.read_text("utf-8") for path in (ROOT / "systemd").glob("*.sysusers"))
    assert re.search(rf"^u {service['User']} ", made, re.MULTILINE)
    for group in service.get("SupplementaryGroups", "").split():
        assert re.search(rf"^g {group} ", made, re.MULTILINE)


@pytest.mark.slow
def test_a_unit_calls_a_command_that_exists(unit: Path) -> None:
    command = read(unit)["Service"]["ExecStart"].split()
    if command[0].endswith("/kiosk"):
        assert command[1] in KIOSK_COMMANDS
    elif command[0].endswith("/fleet"):
        called = command[command.index("/var/lib/tram") + 1 :]
        shown = subprocess.run(
            [sys.executable, "-m", "fleet_server", *called, "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert shown.returncode == 0, shown.stderr
    else:
        assert command[0] == "/usr/sbin/mosquitto"


@pytest.mark.slow
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    copy = analysable(unit, tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False
    )
    about_ours = [line for line in done.stderr.splitlines() if "tram-" in line]
    assert (done.returncode, about_ours) == (0, []), done.stderr


@pytest.mark.slow
def test_a_unit_is_as_closed_as_it_was(unit: Path, tmp_path: Path) -> None:
    copy = analysable(unit, tmp_path)
    threshold = str(round(EXPOSURE[unit.name] * 10))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def analysable(unit: Path, folder: Path) -> Path:
    """A copy whose program exists here, for systemd looks for it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = unit.read_text("utf-8")
    copy = folder / unit.name
    copy.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.M))
    return copy
