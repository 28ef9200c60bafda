"""The wiring table, its settings and what a new kiosk's kiosk.toml suggests name the same pins."""

import re
import tomllib
from pathlib import Path

from fleet_server.fleet.bundle import KioskSettings, toml
from kiosk.config import SECTIONS, load
from kiosk.config_table import rules

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "wiring.md").read_text("utf-8")
TABLE = {key: int(pin) for key, pin in re.findall(r"\| `(\w+_pin)` \| (\d+) \|", TEXT)}
SNIPPET = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[0]


def test_every_pin_a_kiosk_can_be_told_is_in_the_table() -> None:
    known = [*rules(SECTIONS["signals"]), *rules(SECTIONS["gate"])]
    assert set(TABLE) == {key for key in known if key.endswith("_pin")}
    assert len(set(TABLE.values())) == len(TABLE)


def test_the_settings_below_the_table_say_the_same() -> None:
    told = tomllib.loads(SNIPPET)
    pins = told["signals"] | told["gate"]
    assert {key: pin for key, pin in pins.items() if key.endswith("_pin")} == TABLE


def test_a_new_kiosks_settings_suggest_the_same() -> None:
    written = toml(
        KioskSettings(kiosk="cho-mau-1", direction="in", server="mqtts://tram.example:8883")
    )
    assert {key: int(pin) for key, pin in re.findall(r"# (\w+_pin) = (\d+)", written)} == TABLE


def test_a_kiosk_takes_the_settings_as_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    head = '[kiosk]\nid = "cho-mau-1"\n[server]\nurl = "mqtts://tram.example:8883"\n'
    file.write_text(head + SNIPPET, "utf-8")
    assert load(file).signals.green_pin == TABLE["green_pin"]
    assert load(file).gate.relay_pin == TABLE["relay_pin"]
