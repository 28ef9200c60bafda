"""The tables: made on both engines, agreed with the models, guarded by the database itself."""

import multiprocessing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from fleet_server import database, schema
from fleet_server.errors import SchemaError
from fleet_server.models import (
    AccessToken,
    Account,
    AccountVenue,
    Attempt,
    AuditEntry,
    Base,
    BrowserSession,
    CardBatch,
    CardBatchPiece,
    Companions,
    RecoveryCode,
    Scan,
    VenueType,
)
from fleet_server.tracing import derivation, rulebook, storage
from fleet_server.tracing.storage import naming
from tests.support import world

DWELL = {"shop": 30, "market": 60, "restaurant": 90, "office": 540, "hospital": 120}
DWELL |= {"worship": 120, "school": 540, "other": 60}


def test_models_and_migrations_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        # What is made as the days come stands in no model.
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _o, name, *_: not naming.is_of_a_day(name or ""),
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_revision_this_release_asks_for_is_the_newest_migration(engine: Engine) -> None:
    with engine.connect() as connection:
        assert ScriptDirectory.from_config(schema.config(connection)).get_heads() == [schema.HEAD]
        assert schema.current(connection) == schema.HEAD


def test_the_migrations_make_all_tables_and_seed_venue_types_and_the_first_rule(
    empty_database_url: str,
) -> None:
    engine = database.connect(empty_database_url)
    schema.migrate(engine)
    with engine.connect() as connection:
        assert set(Base.metadata.tables) <= set(inspect(connection).get_table_names())
        rows = connection.execute(select(VenueType.__table__)).all()
        assert rulebook.in_force(connection).terms.dwell_min == DWELL
    assert {row.code for row in rows} == set(DWELL)
    assert all(row.name_vi and row.name_en for row in rows)
    engine.dispose()


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    schema.migrate(engine)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(VenueType)) == len(DWELL)


def test_rows_survive_every_migration_from_the_first(engine: Engine) -> None:
    place = world.one_venue(engine)
    world.store_one_scan(engine, place)
    schema.ensure(engine)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Scan)) == 1


def test_0002_adds_companions_and_keeps_every_row(empty_database_url: str) -> None:
    engine = database.connect(empty_database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        command.upgrade(schema.config(connection), "0001")
    place = world.one_venue(engine)
    scan_id = world.store_one_scan(engine, place)
    with engine.connect() as connection:
        before = connection.execute(select(Scan.__table__)).all()
    schema.migrate(engine)
    world.store_companions(engine, place, of=1, counter=2)
    with engine.connect() as connection:
        assert connection.execute(select(Scan.__table__)).all() == before
        assert [row.id for row in before] == [scan_id]
        assert connection.scalar(select(Companions.of_counter)) == 1
    engine.dispose()


def test_0003_derives_the_visits_again_and_keeps_the_dwells(empty_database_url: str) -> None:
    engine = database.connect(empty_database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        command.upgrade(schema.config(connection), "0002")
    place = world.one_venue(engine)
    scan_id = world.store_one_scan(engine, place)
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO visits (person_id, venue_id, entered_at, entered_earliest,"
                " entered_latest, end_source, end_earliest, end_latest, entry_scan_id, authentic,"
                " capped) VALUES (1, :venue, 1, 1, 1, 'dwell_default', 1, 2, :scan, true, false)"
            ),
            {"venue": place.venue_id, "scan": scan_id},
        )
        connection.execute(text("UPDATE venue_types SET dwell_min = 77 WHERE code = 'market'"))
    schema.migrate(engine)
    derivation.drain(engine, now_ms=world.NOON_MS)
    with engine.connect() as connection:
        (stored,) = storage.of(connection).of_persons(connection, [1], *derivation.EVER)
        assert stored.visit.entry_scan_id == scan_id
        assert stored.visit.entered_at == world.NOON_MS // 1000
        version = rulebook.in_force(connection)
    assert (version.version, version.terms.dwell_min["market"]) == ("2026-1", 77)
    engine.dispose()


def test_0005_keeps_every_row_and_lets_rows_be_found_by_what_they_refer_to(
    empty_database_url: str,
) -> None:
    engine = database.connect(empty_database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        command.upgrade(schema.config(connection), "0004")
    place = world.one_venue(engine)
    scan_id = world.store_one_scan(engine, place)
    with engine.execution_options(**database.WRITES).begin() as connection:
        persons = Base.metadata.tables["persons"]
        connection.execute(insert(persons).values(created_at=1, merged_into=1))
        pseudonym = {"digest": bytes(16), "space": "bhyt", "created_at": 1, "person_id": 1}
        connection.execute(
            insert(Base.metadata.tables["pseudonyms"]).values(**pseudonym, own_person_id=2)
        )
        link = {"first_id": 1, "second_id": 2, "reason": "scan", "scan_id": scan_id}
        connection.execute(
            insert(Base.metadata.tables["links"]).values(**link, made_at=1, made_by="t")
        )
        before = {
            name: connection.execute(select(Base.metadata.tables[name])).all()
            for name in ("persons", "pseudonyms", "links", "scans")
        }
    schema.migrate(engine)
    with engine.connect() as connection:
        for name, rows in before.items():
            assert connection.execute(select(Base.metadata.tables[name])).all() == rows
        for name in ("rights_requests", "restricted_persons", "let_go_days"):
            table = Base.metadata.tables[name]
            assert connection.scalar(select(func.count()).select_from(table)) == 0
        found = inspect(connection)
        for name, column in (
            ("links", "scan_id"),
            ("persons", "merged_into"),
            ("pseudonyms", "own_person_id"),
        ):
            assert [column] in [index["column_names"] for index in found.get_indexes(name)]
    engine.dispose()


def test_0006_adds_the_weeks_and_keeps_every_row(empty_database_url: str) -> None:
    engine = database.connect(empty_database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        command.upgrade(schema.config(connection), "0005")
    world.store_one_scan(engine, world.one_venue(engine))
    with engine.connect() as connection:
        before = connection.execute(select(Scan.__table__)).all()
    schema.migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(select(Scan.__table__)).all() == before
        for name in ("counted_weeks", "place_weeks", "area_weeks"):
            table = Base.metadata.tables[name]
            assert connection.scalar(select(func.count()).select_from(table)) == 0
    engine.dispose()


def test_0007_keeps_every_token_as_it_was(empty_database_url: str) -> None:
    engine = database.connect(empty_database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        command.upgrade(schema.config(connection), "0006")
        connection.execute(
            text(
                "INSERT INTO access_tokens (name, digest, role, created_at, expires_at)"
                " VALUES ('t', :digest, 'tracer', 1, 9)"
            ),
            {"digest": b"d" * 32},
        )
    schema.migrate(engine)
    with engine.connect() as connection:
        (row,) = connection.execute(select(AccessToken.__table__))
        assert (row.name, row.digest, row.role) == ("t", b"d" * 32, "tracer")
        assert (row.expires_at, row.scopes) == (9, None)
        for table in (Account, AccountVenue, RecoveryCode, BrowserSession, Attempt):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
    engine.dispose()


def test_0008_keeps_every_row_and_adds_batches_of_cards(empty_database_url: str) -> None:
    engine = database.connect(empty_database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        command.upgrade(schema.config(connection), "0007")
        made = {"login": "quay", "name": "Quầy", "role": "visitor_desk", "password_hash": "x"}
        made |= {"must_change_password": False, "language": "", "created_at": 1}
        connection.execute(insert(Account).values(**made))
        before = connection.execute(select(Account.__table__)).all()
    schema.migrate(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        assert connection.execute(select(Account.__table__)).all() == before
        batch = {"account_id": 1, "name": "n", "batch": "0" * 32, "made_at": 1, "expires_at": 2}
        batch |= {"total": 1, "bad": "[]", "working_until": 0, "problem": ""}
        connection.execute(insert(CardBatch).values(**batch))
        piece = {"batch_id": 1, "number": 0, "count": 1, "sealed": b"s"}
        connection.execute(insert(CardBatchPiece).values(**piece))
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "UPDATE scans SET label = 'x'",
        "UPDATE scan_keys SET position = 7",
        "UPDATE scan_identities SET key = 'x'",
        "UPDATE companions SET change = 7",
    ],
)
def test_the_database_refuses_to_rewrite_history(engine: Engine, statement: str) -> None:
    place = world.one_venue(engine)
    world.store_one_scan(engine, place)
    world.store_companions(engine, place, of=1, counter=2)
    _one_audit_line(engine)
    with pytest.raises(DBAPIError, match=r"append-only|never changed"), engine.begin() as c:
        c.execute(text(statement))


def test_sqlite_refuses_to_replace_an_audit_line(sqlite_url: str) -> None:
    engine = database.connect(sqlite_url)
    _one_audit_line(engine)
    with pytest.raises(DBAPIError, match="append-only"):
        _one_audit_line(engine, "OR REPLACE")


@pytest.mark.slow
def test_postgresql_refuses_to_truncate_the_audit_log(postgres_url: str) -> None:
    engine = database.connect(postgres_url)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("TRUNCATE audit_log"))
    engine.dispose()


def test_scans_can_be_deleted_for_retention(engine: Engine) -> None:
    world.store_one_scan(engine, world.one_venue(engine))
    with engine.begin() as connection:
        for table in ("scan_keys", "scan_identities", "scans"):
            connection.execute(Base.metadata.tables[table].delete())
        assert connection.scalar(select(func.count()).select_from(Scan)) == 0


@pytest.mark.slow
def test_an_empty_postgresql_asks_for_fleet_migrate(
    postgres_cluster: object, empty_database_url: str
) -> None:
    engine = database.connect(empty_database_url)
    if database.is_sqlite(engine):
        schema.ensure(engine)
    else:
        with pytest.raises(SchemaError, match="fleet migrate"):
            schema.ensure(engine)
    engine.dispose()


def test_a_database_of_a_newer_release_is_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'ffff'"))
    with pytest.raises(SchemaError, match="another release"):
        schema.migrate(engine)


def test_a_database_that_cannot_be_reached_is_named_without_its_password() -> None:
    engine = database.connect("postgresql://tram:geheim@127.0.0.1:1/none")
    with pytest.raises(SchemaError, match=r"127\.0\.0\.1:1/none") as caught:
        schema.ensure(engine)
    assert "geheim" not in str(caught.value)


@pytest.mark.slow
def test_processes_that_start_at_once_on_an_empty_database_all_work(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    for attempt in range(3):
        url = f"sqlite:///{tmp_path / str(attempt) / 'fleet.sqlite3'}"
        gate = spawn.Barrier(4)
        crowd = [spawn.Process(target=_start_up, args=(url, gate)) for _ in range(4)]
        for process in crowd:
            process.start()
        for process in crowd:
            process.join()
        assert [process.exitcode for process in crowd] == [0, 0, 0, 0]
        with create_engine(url).connect() as connection:
            assert connection.scalar(select(func.count()).select_from(VenueType)) == len(DWELL)


def _start_up(url: str, gate: "multiprocessing.synchronize.Barrier") -> None:
    engine = database.connect(url)
    gate.wait()
    schema.ensure(engine)


def _one_audit_line(engine: Engine, prefix: str = "") -> None:
    line = {"id": 1, "at_ms": 1, "actor": "a", "action": "b", "case_ref": "", "purpose": ""}
    line |= {"subject": "", "detail": "", "previous": bytes(32), "hash": bytes(32)}
    statement = insert(AuditEntry)
    if prefix:
        statement = statement.prefix_with(prefix)
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(statement, line)
