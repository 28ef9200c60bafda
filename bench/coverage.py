"""`make bench-coverage [SCANS=10000000] [ENGINE=sqlite|postgres]`: a province's week, counted.

Beside counting a week for the report runs the barest question of the same rows: scans by place.
Then the report is read from what was kept. The last line is JSON.
"""

import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection, Engine, text

from fleet_server import bulk, database, schema
from fleet_server.models import Base
from fleet_server.reports import coverage, tallies, weeks
from fleet_server.tracing import storage
from fleet_server.tracing.storage import naming
from fleet_server.tracing.storage.rows import days_of
from tests.support.postgres import PostgresCluster

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
WEEK: Final = weeks.parse("2026-W40")
PROVINCES: Final = 34
COMMUNES: Final = 3321
VENUES: Final = 20_000
_T: Final = Base.metadata.tables


@contextmanager
def empty(engine: str) -> Iterator[str]:
    """The URL of a new database."""
    with ExitStack() as stack:
        if engine == "postgres":
            yield stack.enter_context(PostgresCluster()).create_database()
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield f"sqlite:///{folder / 'fleet.sqlite3'}"


def prepare(url: str, scans: int, people: int) -> None:
    """A new database with everything in it."""
    server = database.connect(url)
    schema.migrate(server)
    with server.execution_options(**database.WRITES).begin() as connection:
        fill(connection, scans, people)
    if not database.is_sqlite(server):
        with server.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("ANALYZE"))
    server.dispose()


def fill(connection: Connection, scans: int, people: int) -> None:
    """A country's areas, its places, and so many scans of one week: each comes and goes."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size = -4000000")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    since, until = WEEK.bounds(ZONE)
    unit = {"name_en": "", "valid_from": 0}
    bulk.add(
        connection,
        _T["areas"],
        [
            {"id": n, "code": f"{n:02}", "level": "province", "name": f"Tỉnh {n}", **unit}
            for n in range(1, PROVINCES + 1)
        ],
    )
    bulk.add(
        connection,
        _T["areas"],
        [
            {
                **{"id": PROVINCES + n, "code": f"{n:05}", "level": "commune"},
                **{"name": f"Xã {n}", "parent_id": n % PROVINCES + 1, **unit},
            }
            for n in range(1, COMMUNES + 1)
        ],
    )
    ids = range(1, VENUES + 1)
    bulk.add(
        connection,
        _T["venues"],
        [
            {
                **{"id": n, "ref": f"noi-{n}", "name": f"Nơi {n}", "type_id": n % 8 + 1},
                **{"area_id": PROVINCES + n % COMMUNES + 1, "timezone": "Asia/Ho_Chi_Minh"},
                "created_at": 0,
            }
            for n in ids
        ],
    )
    kiosks = [{"id": n, "ref": f"k-{n}", "certificate": "", "created_at": 0} for n in ids]
    bulk.add(connection, _T["kiosks"], kiosks)
    posting = {"direction": "both", "valid_from": 0}
    bulk.add(connection, _T["postings"], [{"kiosk_id": n, "venue_id": n, **posting} for n in ids])
    for name, columns, values in (
        ("persons", "id, created_at", "i, 0"),
        (
            "pseudonyms",
            "id, digest, space, person_id, own_person_id, created_at",
            f"i, {digits(connection)}, 'card', i, i, 0",
        ),
        (
            "credentials",
            "id, kind, pseudonym_id, authentic, first_seen_at",
            "i, 'card', i, true, 0",
        ),
    ):
        many(connection, f"{name} ({columns})", values, people)
    # One place in ten has nobody; who goes where is spread by multiplication.
    venue = f"((i / 2) * 7919 % {VENUES * 9 // 10} + 1)"
    who = f"((i / 2) * 48271 % 2147483647 % {people} + 1)"
    at = f"({since * 1000} + i * {(until - since) * 1000} / {scans})"
    many(
        connection,
        "scans (kiosk_id, epoch, counter, digest, venue_id, direction, wall_ms, corrected_ms,"
        " earliest_ms, latest_ms, received_ms, mono_ms, boot, synced, credential_id, label)",
        f"{venue}, '0000000000000000000000000000000a', i, {digits(connection)}, {venue},"
        f" CASE i % 2 WHEN 0 THEN 'in' ELSE 'out' END, {at}, {at}, {at}, {at}, {at}, i,"
        f" '8c7a1f0e-5e0b-4a2c-8a55-0f6c3f9b2d11', true, {who}, 'N*** V*** M***'",
        scans,
    )
    _stays(connection, since, until)


def _stays(connection: Connection, since: int, until: int) -> None:
    days = days_of(since, until)
    storage.of(connection).make_room(connection, days)
    sqlite = connection.dialect.name == "sqlite"
    given = {
        **{"person_id": "credential_id", "entered_at": "corrected_ms / 1000"},
        **{"end_latest": "corrected_ms / 1000 + 3600", "ending": "1"},
        **{"left_at": "CASE WHEN id % 3 = 0 THEN NULL ELSE corrected_ms / 1000 + 3600 END"},
        **dict.fromkeys(("end_source", "since_ms", "authentic", "capped", "staff"), "0"),
        "venue_id": "venue_id",
    }
    for day in days:
        table = naming.by_person(day) if sqlite else "visits"
        connection.execute(
            text(
                f"INSERT INTO {table} ({', '.join(given)})"
                f" SELECT {', '.join(given.values())} FROM scans WHERE direction = 'in' AND"
                f" corrected_ms >= {day * 86_400_000} AND corrected_ms < {(day + 1) * 86_400_000}"
                " ON CONFLICT DO NOTHING"
            )
        )


def digits(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "CAST(printf('%016d', i) AS BLOB)"
    return "convert_to(lpad(i::text, 16, '0'), 'UTF8')"


def many(connection: Connection, into: str, values: str, rows: int) -> None:
    if connection.dialect.name == "sqlite":
        source = (
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
            f" SELECT {values} FROM n"
        )
    else:
        source = f"SELECT {values} FROM generate_series(1::bigint, {rows}) AS n(i)"
    connection.execute(text(f"INSERT INTO {into} {source}"))


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = run()
    return time.perf_counter() - began, answer


def measure(engine: Engine) -> dict[str, float]:
    now_ms = (WEEK.bounds(ZONE)[1] + 5 * 86_400) * 1000
    since, until = WEEK.bounds(ZONE)
    bare = text(
        "SELECT venue_id, count(*), count(DISTINCT credential_id) FROM scans"
        f" WHERE corrected_ms >= {since * 1000} AND corrected_ms < {until * 1000} GROUP BY venue_id"
    )
    with engine.connect() as connection:
        bare_s, _ = timed(lambda: connection.execute(bare).all())
        count_s, tally = timed(lambda: tallies.count(connection, WEEK, zone=ZONE, now_ms=now_ms))
    with engine.execution_options(**database.WRITES).begin() as connection:
        keep_s, _ = timed(lambda: tallies.keep(connection, tally))
    with engine.connect() as connection:
        country_s, whole = timed(lambda: coverage.report(connection, WEEK, zone=ZONE))
        province_s, _ = timed(lambda: coverage.report(connection, WEEK, area="01", zone=ZONE))
    assert whole.area.figures.scans == sum(place.scans for place in tally.places)
    return {
        "scans": whole.area.figures.scans,
        "bare_s": bare_s,
        "count_s": count_s,
        "ratio": count_s / bare_s,
        "keep_s": keep_s,
        "report_country_s": country_s,
        "report_province_s": province_s,
    }


@click.command()
@click.option("--scans", type=int, default=10_000_000, show_default=True)
@click.option("--people", type=int, default=1_000_000, show_default=True)
@click.option("--engine", type=click.Choice(["sqlite", "postgres"]), default="sqlite")
def main(scans: int, people: int, engine: str) -> None:
    with empty(engine) as url:
        # In a process of its own, so that its memory is not counted with the counting's.
        filling = multiprocessing.get_context("spawn").Process(
            target=prepare, args=(url, scans, people)
        )
        filling.start()
        filling.join()
        if filling.exitcode:
            raise SystemExit(filling.exitcode)
        server = database.connect(url)
        figures = measure(server)
        server.dispose()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures |= {"peak_mb": peak_mb}
    print(json.dumps({"engine": engine, **{key: round(n, 3) for key, n in figures.items()}}))


if __name__ == "__main__":
    main()
