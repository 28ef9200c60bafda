"""What the fleet writes into a bundle is what a kiosk reads."""

from pathlib import Path

import pytest

from fleet_server.fleet import bundle
from fleet_server.fleet.bundle import KioskSettings
from kiosk import config
from wire.records import DIRECTIONS


def _load(folder: Path, settings: KioskSettings) -> config.Config:
    (folder / "kiosk.toml").write_text(bundle.toml(settings))
    return config.load(folder / "kiosk.toml")


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("tickets", [True, False])
def test_a_kiosk_reads_its_bundle(tmp_path: Path, direction: str, tickets: bool) -> None:
    settings = KioskSettings(
        kiosk="cho-mau-1",
        direction=direction,
        server="mqtts://tram.example:8883",
        accept=("card", "cccd"),
        tickets=tickets,
        camera="pictures:ảnh \x7f",
    )
    loaded = _load(tmp_path, settings)
    assert (loaded.kiosk.id, loaded.kiosk.direction) == ("cho-mau-1", direction)
    assert str(loaded.server.address) == "mqtts://tram.example:8883"
    assert loaded.policy.accept == ("card", "cccd")
    assert loaded.policy.tickets is tickets
    assert loaded.camera.source == "pictures:ảnh \x7f"
    assert loaded.server.key == tmp_path / "kiosk.key"


def test_both_know_the_same_kinds(tmp_path: Path) -> None:
    assert bundle.KINDS == config.KINDS
    settings = KioskSettings(kiosk="k", direction="in", server="mqtts://127.0.0.1:8883")
    assert _load(tmp_path, settings).policy.accept == config.KINDS


def test_the_suggested_pins_are_settings_of_a_kiosk(tmp_path: Path) -> None:
    settings = KioskSettings(kiosk="k", direction="in", server="mqtts://127.0.0.1:8883")
    text = bundle.toml(settings).replace("# [signals]", "[signals]")
    for name in ("green_pin", "amber_pin", "red_pin", "buzzer_pin"):
        text = text.replace(f"# {name}", name)
    (tmp_path / "kiosk.toml").write_text(text)
    signals = config.load(tmp_path / "kiosk.toml").signals
    assert None not in (signals.green_pin, signals.amber_pin, signals.red_pin, signals.buzzer_pin)
