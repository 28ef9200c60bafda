"""A province that ends today: its visits, scans, kiosks, report, people, and an open case."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from flask import Flask
from sqlalchemy import Connection, Engine, insert, select, text, update

from bench import trace_load
from bench.coverage import digits, many
from bench.town import DAY_S, NO_EXIT, Day, Town
from fleet_server import bulk, database
from fleet_server.auth.permissions import VENUE_ROLES, Role
from fleet_server.cases.acting import Actor
from fleet_server.cases.desk import CaseDesk
from fleet_server.identity.vault_client import VaultClient
from fleet_server.models import Base, Venue
from fleet_server.reports import tallies, weeks
from fleet_server.settings import Settings
from fleet_server.times import local
from fleet_server.tracing import storage
from fleet_server.tracing.asking import Asker, Desk, Wanted
from tests.fleet_server.people import add_account

CASE: Final = "CA-2026-017"
LAB: Final = "XN-26-0310-55"
CONTACTS: Final = 300
"""About so many are in the case."""
CANDIDATES: Final = 40
COMMUNES: Final = 100
WEEKS: Final = 3
STEPS: Final = 3
_T: Final = Base.metadata.tables


def days_to(town: Town, now: int) -> Iterator[Day]:
    """The town's days, the last of them today and nothing later than `now`."""
    made = list(town.days())
    shift = now // DAY_S - made[-1].day
    for day in made:
        entered = day.entered + shift * DAY_S
        left = np.where(day.left == NO_EXIT, NO_EXIT, day.left + shift * DAY_S)
        left = np.where(left > now, NO_EXIT, left)
        latest, been = day.latest + shift * DAY_S, np.flatnonzero(entered <= now)
        columns = (day.person, day.venue, entered, left, latest)
        yield Day(day.day + shift, *(column[been] for column in columns))


def fill(engine: Engine, town: Town, home: Settings, *, now: int, step: Callable[[], None]) -> None:
    """Everything but people with accounts and the case; `step` after each of STEPS."""
    trace_load.load(engine, town, days_to(town, now))
    step()
    with engine.execution_options(**database.WRITES).begin() as connection:
        _places(connection, now)
        _scans(connection, town)
    step()
    for back in range(1, WEEKS + 1):
        week = weeks.of(local(now - back * 7 * DAY_S, home.zone).date())
        with engine.execution_options(**database.WRITES).begin() as connection:
            tally = tallies.count(connection, week, zone=home.zone, now_ms=now * 1000)
            tallies.keep(connection, tally)
    if not database.is_sqlite(engine):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    step()


def people(app: Flask, engine: Engine) -> dict[Role, str]:
    """A login of each role; managers have the largest market."""
    return {
        role: add_account(app, role, venues=[largest(engine)[0]] if role in VENUE_ROLES else [])
        for role in Role
    }


def largest(engine: Engine) -> tuple[str, str]:
    """References of the largest market and its kiosk."""
    with engine.connect() as connection:
        ref = connection.scalar(select(Venue.ref).where(Venue.id == 1))
    return str(ref), "k-1"


def open_case(engine: Engine, vault: VaultClient, home: Settings, town: Town) -> dict[str, str]:
    """A confirmed and evaluated case of about CONTACTS contacts; what it is found by."""

    def desk(login: str, role: Role) -> CaseDesk:
        now_ms = time.time_ns() // 1_000_000
        return CaseDesk(engine, vault, Actor(login, role), now_ms, home.zone, home.privacy)

    tracer, supervisor = desk("an", Role.TRACER), desk("binh", Role.TRACING_SUPERVISOR)
    tracer.begin(CASE, lab_ref=LAB, onset=int(time.time()) - 3 * DAY_S)
    supervisor.confirm_lab(CASE, LAB)
    found = tracer.add_index(CASE, _index_person(engine, town), "dương tính")
    result, _ = tracer.evaluate(CASE)
    listed = tracer.contacts(CASE)
    contact = listed[0].ref if listed else found.ref
    return {"case": CASE, "contact": contact, "result": str(result), "contacts": str(len(listed))}


def _index_person(engine: Engine, town: Town) -> str:
    """Whoever of CANDIDATES met a number of people that is closest to CONTACTS."""
    now = int(time.time())
    asking = Desk(engine, Asker("bench", "", "chọn ca mẫu"), now * 1000)
    wanted = Wanted(now - 6 * DAY_S, now)

    def met(person: int) -> int:
        counts = asking.counts(f"P{person}", wanted).counts
        return counts.A + counts.B + counts.C

    candidates = range(1, town.people + 1, max(1, town.people // CANDIDATES))
    return f"P{min(candidates, key=lambda person: abs(met(person) - CONTACTS))}"


def _places(connection: Connection, now: int) -> None:
    """A province of communes, every venue in one of them with one kiosk that was heard."""
    of_all = {"name_en": "", "valid_from": 0}
    province = {"id": 1, "code": "01", "level": "province", "name": "Tỉnh Mẫu", "parent_id": None}
    communes = [
        {"id": n + 1, "code": f"{n:05}", "level": "commune", "name": f"Xã {n}", "parent_id": 1}
        for n in range(1, COMMUNES + 1)
    ]
    connection.execute(insert(_T["areas"]), [each | of_all for each in (province, *communes)])
    connection.execute(update(Venue).values(area_id=Venue.id % COMMUNES + 2))
    venues = connection.scalars(select(Venue.id)).all()
    bulk.add(
        connection,
        _T["kiosks"],
        [{"id": n, "ref": f"k-{n}", "certificate": "", "created_at": 0} for n in venues],
    )
    posted = {"direction": "both", "valid_from": 0}
    bulk.add(connection, _T["postings"], [{"kiosk_id": n, "venue_id": n, **posted} for n in venues])
    heard = {"state": "online", "session": "s", "since_ms": 0, "heard_ms": now * 1000}
    bulk.add(
        connection,
        _T["presence"],
        [{"kiosk_id": n, **heard, "about": None, "health": None} for n in venues],
    )


def _scans(connection: Connection, town: Town) -> None:
    """Everybody's credential; a scan for every entry and every exit that was seen."""
    raw = digits(connection)
    many(
        connection,
        "pseudonyms (id, digest, space, person_id, own_person_id, created_at)",
        f"i, {raw}, 'card', i, i, 0",
        town.people,
    )
    many(
        connection,
        "credentials (id, kind, pseudonym_id, authentic, first_seen_at)",
        "i, 'card', i, true, 0",
        town.people,
    )
    digest = "zeroblob(32)" if connection.dialect.name == "sqlite" else "'\\x00'::bytea"
    for day in storage.of(connection).days(connection):
        table = trace_load.tables_of(connection, day)[-1]
        for way, at in enumerate(("entered_at", "left_at")):
            ms = ", ".join([f"{at} * 1000"] * 5)
            connection.execute(
                text(
                    "INSERT INTO scans (kiosk_id, epoch, counter, digest, venue_id, direction,"
                    " wall_ms, corrected_ms, earliest_ms, latest_ms, received_ms, mono_ms, boot,"
                    " synced, credential_id, label)"
                    " SELECT venue_id, '0000000000000000000000000000000a',"
                    f" {(2 * day + way) * 10_000_000} + row_number() OVER (), {digest},"
                    f" venue_id, '{('in', 'out')[way]}', {ms}, {at},"
                    " '8c7a1f0e-5e0b-4a2c-8a55-0f6c3f9b2d11', true, person_id, 'N*** V*** M***'"
                    f" FROM {table} WHERE {at} IS NOT NULL"
                )
            )
