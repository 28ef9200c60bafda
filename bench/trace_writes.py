"""What writing costs beside a town's visits: scans derived into stays, and a day dropped."""

import time
from collections.abc import Iterable
from typing import Final

import numpy as np
from sqlalchemy import Engine, func, select, text

from bench import trace_load
from bench.town import DAY_S, NO_EXIT, Day
from bench.trace_load import SINCE_MS
from fleet_server import bulk, database
from fleet_server.identity import people
from fleet_server.models import Base, Kiosk
from fleet_server.tracing import derivation, stale, storage
from tests.support import world

SCANS: Final = 20_000
SCANNERS: Final = 5_000
BATCH: Final = 1_000


def insert_scans(engine: Engine) -> dict[str, float]:
    """Scans a second, stored and derived into visits, with all indexes in place."""
    tables = Base.metadata.tables
    with engine.execution_options(**database.WRITES).connect() as connection:
        run = connection.scalar(select(func.count()).select_from(Kiosk)) or 0
    ref = f"ben-xe-mau-{run + 1}"
    place = world.one_venue(engine, ref=ref, kiosk=ref, kind="other")
    with engine.execution_options(**database.WRITES).begin() as connection:
        first_digest = run * SCANNERS
        digests = [(first_digest + n).to_bytes(16, "big") for n in range(SCANNERS)]
        known = people.pseudonyms(connection, dict.fromkeys(digests, "card"), at_s=0)
        pseudonyms = [known.ids[digest] for digest in digests]
        held = {("card", pseudonym): True for pseudonym in pseudonyms}
        credentials = people.credentials(connection, held, at_s=0)
    rng = np.random.default_rng(11)
    who = rng.integers(0, SCANNERS, SCANS).tolist()
    began = time.perf_counter()
    for first in range(0, SCANS, BATCH):
        with engine.execution_options(**database.WRITES).begin() as connection:
            batch = range(first, first + BATCH)
            rows = [
                {
                    "kiosk_id": place.kiosk_id,
                    "epoch": world.EPOCH,
                    "counter": n + 1,
                    "digest": bytes(32),
                    "venue_id": place.venue_id,
                    "gate_id": None,
                    "room_id": None,
                    "direction": "both",
                    **dict.fromkeys(
                        ("wall_ms", "corrected_ms", "earliest_ms", "latest_ms", "received_ms"),
                        SINCE_MS + 1000 * n,
                    ),
                    "mono_ms": 0,
                    "boot": "b",
                    "synced": True,
                    "credential_id": credentials["card", pseudonyms[who[n]]],
                    "label": "",
                }
                for n in batch
            ]
            made = bulk.add_new(
                connection,
                tables["scans"],
                rows,
                key=("kiosk_id", "epoch", "counter"),
                returning=("id", "counter"),
            )
            keys = [
                {"scan_id": scan, "position": 0, "pseudonym_id": pseudonyms[who[counter - 1]]}
                for scan, counter in made
            ]
            bulk.add(connection, tables["scan_keys"], keys)
            stale.mark(connection, {known.persons[pseudonyms[who[n]]] for n in batch}, SINCE_MS)
        derivation.drain(engine, now_ms=SINCE_MS + first)
    return {"derived_scans_s": round(SCANS / (time.perf_counter() - began))}


def drop(engine: Engine, days: Iterable[Day]) -> dict[str, float]:
    """Seconds to drop a full day, beside deleting the rows of another as full.

    Both are copies of one day, laid down a year later, so that the town stays whole.
    """
    full = max(trace_load.by_utc(days), key=lambda day: len(day.person))
    copies = [_shifted(full, 365), _shifted(full, 366)]
    writing = engine.execution_options(**database.WRITES)
    for copy in copies:
        with writing.begin() as connection:
            storage.drop_day(connection, copy.day)
            storage.of(connection).make_room(connection, [copy.day])
            trace_load.put(connection, copy)
        trace_load.close(engine, copy.day)
    dropped, deleted = (copy.day for copy in copies)
    began = time.perf_counter()
    with writing.begin() as connection:
        storage.drop_day(connection, dropped)
    between = time.perf_counter()
    with writing.begin() as connection:
        for table in trace_load.tables_of(connection, deleted):
            # With a condition, as it would be among other days: without one SQLite just truncates.
            connection.execute(text(f"DELETE FROM {table} WHERE entered_at >= {deleted * DAY_S}"))
    took = {"drop_day_s": between - began, "delete_day_s": time.perf_counter() - between}
    with writing.begin() as connection:
        storage.drop_day(connection, deleted)
    return {name: round(seconds, 4) for name, seconds in took.items()}


def _shifted(day: Day, days: int) -> Day:
    """The same, some days later."""
    by = days * DAY_S
    left = np.where(day.left == NO_EXIT, NO_EXIT, day.left + by)
    return Day(
        day.day + days, day.person, day.venue, day.entered + by, left=left, latest=day.latest + by
    )
