"""SIGKILL at random moments: what was signalled as accepted is stored exactly once.

`make soak KILLS=1000` runs more kills than the suite does.
"""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.postgres import PostgresCluster
from tests.system.town import Town, paint_tickets, stored_twice

KILLS = int(os.environ.get("TRAM_KILLS", "100"))
KIOSKS = ("cho-mau-1", "cho-mau-2")
PARTS = ("broker", "ingest", "vault", "web")
BATCH = 10
"""Kills between two comparisons of journals and database."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900 + KILLS * 20)]


SPAWN_PAUSES = (0.0, 0.0, 0.3, 1.0)
"""How long something stays dead, seconds."""


def test_records_survive_kills_of_kiosk_ingest_broker_and_postgresql(
    tmp_path: Path, postgres: PostgresCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    town = Town(folder=tmp_path, database_url=postgres.create_database())
    town.programs["postgres"] = postgres
    town.found()
    town.add_mosquitto()
    town.add_ingest()

    def strike(name: str, rng: random.Random) -> bool:
        town.kill(name)
        time.sleep(rng.choice(SPAWN_PAUSES))
        town.start(name)
        return True

    victims = ["postgres", "broker", "ingest", *KIOSKS]
    _soak(
        town,
        victims,
        strike,
        start=("broker", "ingest"),
        kills=KILLS * 6 // 10,
        seed=1,
        capsys=capsys,
    )


def test_records_survive_kills_of_all_that_fleet_serve_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = Town(folder=tmp_path, database_url=f"sqlite:///{tmp_path / 'home' / 'fleet.sqlite3'}")
    town.found(embedded=True)
    town.add_serve()

    def strike(name: str, rng: random.Random) -> bool:
        if name in PARTS:
            return town.kill_part(name)
        town.kill(name)
        time.sleep(rng.choice(SPAWN_PAUSES))
        town.start(name)
        return True

    victims = [*PARTS, "serve", *KIOSKS]
    _soak(
        town,
        victims,
        strike,
        start=("serve",),
        kills=KILLS - KILLS * 6 // 10,
        seed=2,
        capsys=capsys,
    )


def _soak(
    town: Town,
    victims: list[str],
    strike: Callable[[str, random.Random], bool],
    *,
    start: tuple[str, ...],
    kills: int,
    seed: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Kill `victims` in turn, shuffled; compare the kiosks' journals with the database."""
    rng = random.Random(seed)
    pictures = paint_tickets(town.folder / "tickets", 300, seed=seed)
    for kiosk in KIOSKS:
        town.post_kiosk(kiosk, pictures=pictures)
    counts: Counter[str] = Counter()
    deck: list[str] = []
    checked = 0
    try:
        for name in (*start, *KIOSKS):
            town.start(name)
        while counts.total() < kills:
            for _ in range(min(BATCH, kills - counts.total())):
                time.sleep(rng.uniform(0.1, 1.2))
                deck = deck or rng.sample(victims, len(victims))
                name = deck.pop()
                counts[name] += strike(name, rng)
            signalled = town.signalled()
            missing = town.missing(signalled, timeout_s=120)
            assert not missing, f"{len(missing)} of {len(signalled)} lost\n{town.tails()}"
            checked = len(signalled)
        town.look_away(pictures)
        signalled = town.signalled()
        missing = town.missing(signalled, timeout_s=120)
        twice = stored_twice(town.stored())
        stored, refused = len(town.stored()), town.refused()
    finally:
        town.end()
    report = {
        "kills": dict(counts),
        "signalled": len(signalled),
        "stored": stored,
        "lost": len(missing),
        "twice": len(twice),
        "refused": refused,
    }
    with capsys.disabled():
        print(f"\n{json.dumps(report)}")
    assert (missing, twice, refused) == ([], [], 0), town.tails()
    assert set(counts) == set(victims)
    assert checked > 2 * kills, "the kiosks hardly read anything while things were killed"
