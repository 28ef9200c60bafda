"""The log of who looked: a chain without gaps in which tampering shows."""

import threading

import pytest
from sqlalchemy import Connection, Engine, select, text

from fleet_server import database
from fleet_server.identity import audit
from fleet_server.models import AuditEntry

OFF = {
    "sqlite": ["DROP TRIGGER audit_log_no_update", "DROP TRIGGER audit_log_no_delete"],
    "postgresql": ["DROP TRIGGER audit_log_append_only ON audit_log"],
}


def _write(engine: Engine, count: int, *, actor: str = "thu") -> None:
    for number in range(count):
        with engine.execution_options(**database.WRITES).begin() as connection:
            audit.append(
                connection,
                at_ms=1_000 + number,
                actor=actor,
                action="venue.created",
                subject=f"V{number}",
                detail={"tên": "Chợ Mẫu", "n": number},
            )


def _tamper(engine: Engine, *statements: str) -> None:
    """As somebody with all rights on the database would."""
    with engine.execution_options(**database.WRITES).begin() as connection:
        for statement in [*OFF[engine.dialect.name], *statements]:
            connection.execute(text(statement))


def _verdict(engine: Engine) -> audit.Verdict:
    with engine.connect() as connection:
        return audit.verify(connection)


def test_an_empty_log_holds_and_has_no_head(engine: Engine) -> None:
    assert _verdict(engine) == audit.Verdict(0, "", "")
    with engine.connect() as connection:
        assert audit.head(connection) == ""


def test_an_untouched_log_holds_to_its_head(engine: Engine) -> None:
    _write(engine, 5)
    with engine.connect() as connection:
        head = audit.head(connection)
    assert _verdict(engine) == audit.Verdict(5, head, "")
    assert len(head) == 64


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit_log SET actor = 'x' WHERE id = 3", "line 3 was changed"),
        ("UPDATE audit_log SET detail = '{}' WHERE id = 1", "line 1 was changed"),
        ("UPDATE audit_log SET at_ms = at_ms + 1 WHERE id = 5", "line 5 was changed"),
        ("DELETE FROM audit_log WHERE id = 1", "line 1 is missing"),
        ("DELETE FROM audit_log WHERE id = 3", "line 3 is missing"),
    ],
)
def test_a_changed_or_removed_line_shows(engine: Engine, statement: str, fault: str) -> None:
    _write(engine, 5)
    _tamper(engine, statement)
    verdict = _verdict(engine)
    assert verdict.fault.startswith(fault)
    assert verdict.lines == int(fault.split()[1]) - 1


def test_two_lines_in_each_others_place_show(engine: Engine) -> None:
    _write(engine, 5)
    _tamper(
        engine,
        "UPDATE audit_log SET id = 99 WHERE id = 2",
        "UPDATE audit_log SET id = 2 WHERE id = 3",
        "UPDATE audit_log SET id = 3 WHERE id = 99",
    )
    assert _verdict(engine).fault == "line 2 does not follow the line before it"


def test_a_log_cut_short_has_another_head(engine: Engine) -> None:
    _write(engine, 5)
    kept = _verdict(engine).head
    _tamper(engine, "DELETE FROM audit_log WHERE id = 5")
    verdict = _verdict(engine)
    assert verdict.fault == ""
    assert verdict.head != kept


def test_a_line_that_was_rolled_back_leaves_no_gap(engine: Engine) -> None:
    _write(engine, 1)
    with engine.execution_options(**database.WRITES).connect() as connection:
        audit.append(connection, at_ms=1, actor="a", action="b")
        connection.rollback()
    _write(engine, 1)
    assert _verdict(engine)[::2] == (2, "")


def test_concurrent_writers_number_without_gaps(engine: Engine) -> None:
    writers = [
        threading.Thread(target=_write, args=(engine, 25), kwargs={"actor": f"w{number}"})
        for number in range(6)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert _verdict(engine)[::2] == (150, "")
    with engine.connect() as connection:
        ids = connection.scalars(select(AuditEntry.id).order_by(AuditEntry.id)).all()
    assert list(ids) == list(range(1, 151))


def test_a_transaction_that_may_not_write_is_told_so(sqlite_url: str) -> None:
    engine = database.connect(sqlite_url)

    def append(connection: Connection) -> None:
        audit.append(connection, at_ms=1, actor="a", action="b")

    with engine.begin() as connection, pytest.raises(RuntimeError, match="WRITES"):
        append(connection)
    engine.dispose()
