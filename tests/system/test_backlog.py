"""A day's worth of scans with the server away, and a broker that drops: nothing is lost."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.programs import wait_until
from tests.system.town import Town, paint_tickets, stored_twice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DAY = 5_000
"""Scans of a day at a busy gate."""
PICTURES = 1_250


def test_a_day_of_scans_without_a_server_is_delivered_when_it_is_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = Town(folder=tmp_path, database_url=f"sqlite:///{tmp_path / 'home' / 'fleet.sqlite3'}")
    town.found()
    pictures = paint_tickets(tmp_path / "tickets", PICTURES, seed=3)
    kiosk = "cho-mau-1"
    town.post_kiosk(kiosk, pictures=pictures, camera="fps = 0.0\nshown = 1\nblank = 0\n")
    town.add_mosquitto()
    town.add_ingest()
    try:
        # Each start forgets whom it saw, so the same pictures are new visitors four times.
        for turn in range(1, DAY // PICTURES + 1):
            town.start(kiosk)
            answers = turn * PICTURES
            wait_until(answered(town, answers), what=f"{answers} answers", timeout_s=120)
            town.still()
        signalled = town.signalled()
        assert len(signalled) == DAY
        assert town.stored() == []
        began = time.monotonic()
        town.start("broker")
        town.start("ingest")
        town.start(kiosk)
        missing = town.missing(signalled, timeout_s=120)
        took_s = time.monotonic() - began
        stored = town.stored()
    finally:
        town.end()
    report = {"signalled": len(signalled), "lost": len(missing), "seconds": round(took_s, 1)}
    with capsys.disabled():
        print(f"\n{json.dumps(report)}")
    assert missing == [], town.tails()
    assert stored_twice(stored) == []


def test_a_broker_that_drops_most_messages_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = Town(folder=tmp_path, database_url=f"sqlite:///{tmp_path / 'home' / 'fleet.sqlite3'}")
    town.found()
    pictures = paint_tickets(tmp_path / "tickets", 600, seed=4)
    for kiosk in ("cho-mau-1", "cho-mau-2"):
        # Small batches make many messages, of which the broker keeps five.
        town.post_kiosk(kiosk, pictures=pictures, delivery="batch_records = 2\nwindow_batches = 16")
    town.add_mosquitto(extra="\nmax_queued_messages 5\nmax_inflight_messages 1\n")
    town.add_ingest()
    try:
        town.start("broker")
        town.start("ingest")
        for kiosk in town.kiosks:
            town.start(kiosk)
        for _ in range(4):
            time.sleep(2.0)
            town.kill("ingest")
            time.sleep(3.0)
            town.start("ingest")
        wait_until(answered(town, 1_200), what="all answers", timeout_s=120)
        town_log = town.folder / "mosquitto.log"
        signalled = town.signalled()
        missing = town.missing(signalled, timeout_s=180)
        stored = town.stored()
    finally:
        town.end()
    dropped = town_log.read_text("utf-8", "replace").count("Outgoing messages are being dropped")
    with capsys.disabled():
        print(
            f"\n{json.dumps({'signalled': len(signalled), 'lost': len(missing), 'drops': dropped})}"
        )
    assert dropped > 0, "the broker dropped nothing: this test showed nothing"
    assert missing == [], town.tails()
    assert stored_twice(stored) == []


def answered(town: Town, count: int) -> Callable[[], bool]:
    """Whether the kiosks have signalled at least `count` records."""
    return lambda: len(town.signalled()) >= count
