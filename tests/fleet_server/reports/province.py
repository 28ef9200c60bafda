"""A small province: two communes with places and one without, and a week of scans."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert, select, update

from fleet_server import database
from fleet_server.fleet import areas, registry, venues
from fleet_server.models import (
    Credential,
    Kiosk,
    Posting,
    Presence,
    Pseudonym,
    Scan,
    ScanKey,
    StaleVisits,
    Venue,
)
from fleet_server.reports import coverage, tallies, weeks
from fleet_server.reports.coverage_lines import Coverage
from fleet_server.reports.weeks import Week
from fleet_server.tracing import derivation
from tests.support import world
from wire import codec, presence
from wire.presence import Health

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WEEK = weeks.parse("2026-W01")
HOUR, DAY = 3600, 86_400
MONDAY = WEEK.bounds(ZONE)[0]
FRIDAY = MONDAY + 11 * DAY + 7 * HOUR
"""When the week's report is due, 07:00."""
PLACES = (
    ("cho-mau", "Chợ Mẫu", "market", "00001"),
    ("truong-mau", "Trường Mẫu", "school", "00001"),
    ("ubnd-mau", "UBND Mẫu", "office", "00002"),
    ("quan-mau", "Quán Mẫu", "restaurant", None),
)


@dataclass
class Province:
    """What there is, and how more comes to it."""

    engine: Engine
    codes: Iterator[int] = field(default_factory=count)
    counters: Iterator[int] = field(default_factory=lambda: count(1))

    def code(self) -> int:
        """A new person's."""
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            return world.new_person(connection, name=f"code {next(self.codes)}")

    def same_person(self, code: int, other: int) -> None:
        """Makes the holder of `other` the holder of `code`."""
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            of = select(Credential.pseudonym_id).where
            person = select(Pseudonym.person_id).where(
                Pseudonym.id == of(Credential.id == code).scalar_subquery()
            )
            connection.execute(
                update(Pseudonym)
                .where(Pseudonym.id == of(Credential.id == other).scalar_subquery())
                .values(person_id=person.scalar_subquery())
            )

    def scan(self, venue: str, code: int, at: int, direction: str = "in") -> None:
        """One reading at the venue's kiosk; `at` in seconds."""
        counter = next(self.counters)
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            venue_id, kiosk_id = connection.execute(
                select(Posting.venue_id, Posting.kiosk_id)
                .join(Venue, Venue.id == Posting.venue_id)
                .where(Venue.ref == venue)
            ).one()
            ms = at * 1000
            scan_id = connection.scalar(
                insert(Scan)
                .values(
                    **{"kiosk_id": kiosk_id, "venue_id": venue_id, "epoch": world.EPOCH},
                    **{"counter": counter, "direction": direction, "credential_id": code},
                    **{"digest": hashlib.sha256(str(counter).encode()).digest()},
                    **dict.fromkeys(("wall_ms", "corrected_ms", "earliest_ms", "latest_ms"), ms),
                    **{"received_ms": ms, "mono_ms": 1, "boot": "b", "synced": True, "label": ""},
                )
                .returning(Scan.id)
            )
            pseudonym = select(Credential.pseudonym_id).where(Credential.id == code)
            connection.execute(
                insert(ScanKey).values(
                    scan_id=scan_id, position=0, pseudonym_id=pseudonym.scalar_subquery()
                )
            )

    def heard(self, kiosk: str, at: int, state: str = presence.READY, **said: int) -> None:
        """What was last heard of a kiosk."""
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            kiosk_id = connection.scalar(select(Kiosk.id).where(Kiosk.ref == kiosk))
            health = codec.encode(Health(**said)) if said else None  # type: ignore[arg-type]
            connection.execute(
                insert(Presence).values(
                    **{"kiosk_id": kiosk_id, "state": state, "session": "s", "since_ms": 0},
                    **{"heard_ms": at * 1000, "health": health},
                )
            )

    def derive(self) -> None:
        """Stays from all scans."""
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            persons = connection.scalars(select(Pseudonym.person_id).distinct()).all()
            rows = [{"person_id": person, "since_ms": 0} for person in persons]
            connection.execute(insert(StaleVisits), rows)
        derivation.drain(self.engine, now_ms=FRIDAY * 1000)

    def count(self, week: Week = WEEK, now: int = FRIDAY) -> tallies.Tally:
        """Counts a week and keeps it."""
        with database.snapshot(self.engine).connect() as connection:
            tally = tallies.count(connection, week, zone=ZONE, now_ms=now * 1000)
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            tallies.keep(connection, tally)
        return tally

    def report(self, area: str | None = None, week: Week = WEEK) -> Coverage:
        with self.engine.connect() as connection:
            return coverage.report(connection, week, area=area, zone=ZONE)


@pytest.fixture
def province(engine: Engine) -> Province:
    """Four places, of which one has no area and one no kiosk."""
    long_ago = MONDAY - 60 * DAY
    by = {"at_ms": long_ago * 1000, "actor": "t"}
    with engine.execution_options(**database.WRITES).begin() as connection:
        areas.create(connection, code="01", name="Tỉnh Mẫu", level="province", parent=None, **by)  # type: ignore[arg-type]
        for code, name in (("00001", "Phường Một"), ("00002", "Phường Hai"), ("00003", "Xã Ba")):
            areas.create(connection, code=code, name=name, level="commune", parent="01", **by)  # type: ignore[arg-type]
        for ref, name, kind, area in PLACES:
            registry.create_venue(
                connection,
                **{"ref": ref, "name": name, "kind": kind, "area": area},  # type: ignore[arg-type]
                timezone="Asia/Ho_Chi_Minh",
                dwell_min=None,
                opening=(),
                **by,  # type: ignore[arg-type]
            )
            if ref != "ubnd-mau":
                venue_id = venues.venue_id(connection, ref)
                world._add_kiosk(connection, f"{ref}-1", venue_id, None, "in", long_ago)
    return Province(engine)
