"""SIGKILL at random moments: what was signalled as accepted is stored exactly once.

`make soak KILLS=1000` runs more kills than the suite does.
"""

import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.postgres import PostgresCluster
from tests.system.town import Town, paint_tickets, stored_twice

KILLS = int(os.environ.get("TRAM_KILLS", "100"))
BATCH = 10
"""Kills between two comparisons of journals and database."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900 + KILLS * 20)]


def test_records_survive_kills_of_kiosk_ingest_broker_and_postgresql(
    tmp_path: Path, postgres: PostgresCluster
) -> None:
    town = Town(folder=tmp_path, database_url=postgres.create_database())
    town.programs["postgres"] = postgres
    counts = _soak(town, ["postgres", "broker", "ingest"], kills=KILLS * 6 // 10, seed=1)
    assert {"postgres", "broker", "ingest"} <= set(counts)


def test_records_survive_kills_with_sqlite_and_the_embedded_broker(tmp_path: Path) -> None:
    town = Town(folder=tmp_path, database_url=f"sqlite:///{tmp_path / 'home' / 'fleet.sqlite3'}")
    _soak(town, ["broker", "ingest"], kills=KILLS - KILLS * 6 // 10, seed=2)


def _soak(town: Town, victims: list[str], *, kills: int, seed: int) -> Counter[str]:
    rng = random.Random(seed)
    pictures = paint_tickets(town.folder / "tickets", 300, seed=seed)
    town.found()
    for kiosk in ("cho-mau-1", "cho-mau-2"):
        town.post_kiosk(kiosk, pictures=pictures)
    town.add_mosquitto()
    town.add_ingest()
    counts: Counter[str] = Counter()
    checked = 0
    try:
        for name in ("broker", "ingest", *town.kiosks):
            town.start(name)
        while sum(counts.values()) < kills:
            for _ in range(min(BATCH, kills - sum(counts.values()))):
                time.sleep(rng.uniform(0.1, 1.2))
                name = rng.choice([*victims, *town.kiosks])
                town.kill(name)
                counts[name] += 1
                time.sleep(rng.choice((0.0, 0.0, 0.3, 1.0)))
                town.start(name)
            signalled = town.signalled()
            missing = town.missing(signalled, timeout_s=90)
            assert not missing, f"{len(missing)} of {len(signalled)} lost\n{town.tails()}"
            checked = len(signalled)
        town.still()
        signalled = town.signalled()
        missing = town.missing(signalled, timeout_s=90)
        stored = town.stored()
        twice = stored_twice(stored)
        refused = town.refused()
    finally:
        town.end()
    report = {
        "kills": dict(counts),
        "signalled": len(signalled),
        "stored": len(stored),
        "lost": len(missing),
        "twice": len(twice),
        "refused": refused,
    }
    print(f"\n{json.dumps(report)}")
    assert (missing, twice, refused) == ([], [], 0)
    assert checked > kills, "the kiosks hardly read anything while things were killed"
    return counts
