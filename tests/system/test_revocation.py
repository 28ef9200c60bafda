"""A card is revoked at the server, and a kiosk that runs refuses it within seconds."""

import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.config import Config, load
from kiosk.hardware.fakes import blank
from kiosk.hardware.ports import Answer
from tests.kiosk.test_app import LiveCamera, Running
from tests.support.programs import wait_until
from tests.system.town import VENUE, Town

SECONDS = 5.0
"""How long a connected kiosk may take to learn of a revoked card."""


@dataclasses.dataclass(frozen=True)
class Set:
    """The bundle of `fleet kiosk create`, as the tests' kiosk wants it."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def load(self) -> Config:
        return load(self.folder / "kiosk.toml")


@pytest.fixture(params=["nats", "mosquitto"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path, f"sqlite:///{tmp_path / 'fleet.sqlite3'}")
    town.found(embedded=request.param == "nats")
    if request.param == "nats":
        town.add_serve()
        town.start("serve")
    else:
        town.add_mosquitto()
        town.add_ingest()
        town.start("broker")
        town.start("ingest")
    try:
        yield town
    finally:
        town.end()


@pytest.mark.slow
def test_a_revoked_card_turns_amber_at_a_running_kiosk(town: Town) -> None:
    card, other = json.loads(town.fleet("card", "issue", "--count", "2", "--json"))["cards"]
    bundle = Set(town.folder / "bundle")
    town.fleet(
        *("kiosk", "create", "cho-mau-1", "--venue", VENUE, "--direction", "in"),
        *("--out", str(bundle.folder)),
    )
    camera = LiveCamera()
    running = Running(bundle, lambda: camera, once=False, timeout_s=20)  # type: ignore[arg-type]
    try:
        camera.show(card["text"])
        wait_until(lambda: running.signals.shown == [Answer.GO], what="green")
        wait_until(lambda: running.depth == 0, what="the receipt", timeout_s=30)
        camera.luma = blank(width=200)
        time.sleep(1.2)  # leave_ms: out of sight for a second is gone

        began_s = time.monotonic()
        town.fleet("card", "revoke", card["id"], "--reason", "mất thẻ")
        kept = bundle.data / "revocations.json"
        wait_until(kept.exists, what=f"the list at the kiosk\n{town.tails()}", timeout_s=SECONDS)
        took_s = time.monotonic() - began_s

        camera.show(card["text"])
        wait_until(lambda: running.signals.shown[1:] == [Answer.AGAIN], what="amber")
        camera.show(other["text"])
        wait_until(lambda: running.signals.shown[2:] == [Answer.GO], what="green for others")
        print(f"{took_s:.2f} s from the command's start to the list on the kiosk's disk")
    finally:
        running.stop()
