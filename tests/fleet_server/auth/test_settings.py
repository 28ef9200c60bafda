"""Settings of accounts and of the proxy before them: what makes no sense is refused by its key."""

from pathlib import Path

import pytest

from fleet_server import settings
from fleet_server.errors import SettingsError


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[accounts]\nidle_minutes = 0", r"accounts\.idle_minutes: expected a number above 0"),
        ("[accounts]\nsession_hours = -1", r"accounts\.session_hours: expected a number above 0"),
        ("[accounts]\nhash_memory_kib = 31", r"accounts\.hash_memory_kib: expected 8 or more"),
        ("[accounts]\nidle_minuts = 9", "did you mean idle_minutes"),
        (
            '[web]\nproxy = true\nbind = "192.0.2.1"\ncertificate = "c"\nkey = "k"',
            r"web\.proxy: expected web\.bind to be a loopback address",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, written: str, expected: str) -> None:
    (tmp_path / "fleet.toml").write_text(written, "utf-8")
    with pytest.raises(SettingsError, match=expected):
        settings.load(tmp_path, environ={})


def test_what_is_not_set_is_as_documented(tmp_path: Path) -> None:
    found = settings.load(tmp_path, environ={}).accounts
    assert (found.session_hours, found.idle_minutes) == (12, 60)
    assert found.hash_memory_kib == 64 * 1024
