"""[reading]: what contradicts another setting is named with its file."""

from pathlib import Path

import pytest

from kiosk import config
from kiosk.errors import ConfigError

BARE = '[kiosk]\nid = "cho-mau-1"\n[server]\nurl = "mqtt://127.0.0.1:1883"\n'


def load(folder: Path, more: str) -> config.Config:
    file = folder / "kiosk.toml"
    file.write_text(BARE + more, encoding="utf-8")
    return config.load(file)


def test_limits_and_settings_are_what_the_file_says(tmp_path: Path) -> None:
    reading = load(tmp_path, "[reading]\ncpu_percent = 30\nfps = 10\nretries = false\n").reading
    assert reading.limits().cpu_percent == 30
    assert (reading.settings().fps, reading.settings().retries) == (10, False)
    assert (reading.settings().sure_ms, reading.limits().hot_c) == (500, 80)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("[reading]\nsure_ms = 1000\n", "reading.sure_ms in .*less than policy.leave_ms"),
        ("[policy]\nleave_ms = 400\n", "reading.sure_ms in .*less than policy.leave_ms"),
        ("[reading]\nhot_c = 70\n", "reading.hot_c in .*more than reading.warm_c"),
        ("[reading]\ncpu_percent = 0\n", "reading.cpu_percent in .*from 5 to 100"),
    ],
)
def test_a_contradiction_is_named(tmp_path: Path, more: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load(tmp_path, more)
