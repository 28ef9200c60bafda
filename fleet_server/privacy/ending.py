"""The end of an epidemic: destroys all visitors' data and the keys that opened it.

The audit log stays, and so do places, kiosks, staff and rules. Of people's requests the dates and
outcomes stay, so that their references in the log keep their meaning.
"""

import socket
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, insert, select, text

from fleet_server import database, serving
from fleet_server.errors import Refused
from fleet_server.identity import audit
from fleet_server.models import AuditEntry, Base, Case
from fleet_server.privacy import certificate, keyburning, wiping
from fleet_server.privacy.certificate import Certificate
from fleet_server.settings import Settings
from fleet_server.tracing import storage

_TABLES: Final = Base.metadata.tables
KEPT: Final = frozenset(
    {"access_tokens", "account_venues", "accounts", "recovery_codes"}
    | {"alarms", "area_weeks", "areas", "audit_log", "counted_weeks"}
    | {"exposure_rules", "gates", "kiosks", "outages", "place_weeks"}
    | {"let_go_days", "opening_hours", "postings", "presence", "rooms", "venue_types", "venues"}
)
"""Everything else is emptied: a new table is destroyed until somebody says that it stays."""
SHELLS: Final = "rights_requests"
_QUIET_MS: Final = 2_000
"""How long SQLite waits for others to leave before it says that they are there."""


def phrase(settings: Settings) -> str:
    """What must be typed."""
    return f"destroy {settings.home_dir.name}"


def emptied() -> list[str]:
    """Tables that are emptied, those that refer before those referred to."""
    order = [table.name for table in reversed(Base.metadata.sorted_tables)]
    return [name for name in order if name not in KEPT]


def counts(connection: Connection) -> dict[str, int]:
    """Rows there are to destroy, by table; stays of all days as `visits`."""
    found = {name: _count(connection, name) for name in emptied()}
    found["visits"] = storage.of(connection).count(connection)
    return found


def may_end(settings: Settings, engine: Engine) -> None:
    """Raises Refused where something still runs, or a case is open."""
    if serving.current(settings) is not None:
        raise Refused(f"{settings.home}: `fleet serve` đang chạy / runs; stop it first")
    if _answers(settings.vault_socket):
        raise Refused(f"{settings.vault_socket}: kho đang chạy / the vault answers; stop it first")
    with engine.connect() as connection:
        refs = connection.scalars(select(Case.ref).where(Case.closed_at.is_(None))).all()
    if refs:
        raise Refused(
            f"ca còn mở / open cases: {', '.join(sorted(refs))}; nothing is destroyed while one is"
        )
    _alone(engine)


def end(
    settings: Settings, engine: Engine, *, out: Path, at_ms: int, actor: str, stamp: str
) -> tuple[Certificate, Path | None]:
    """Destroys everything; the certificate and where what is left of the keys lies.

    Rows go before keys, and the certificate is on disk before the first key goes: cut off in
    between, the same again finishes.
    """
    may_end(settings, engine)
    held = keyburning.there(settings.keys_dir)
    sign = keyburning.signer(settings.keys_dir)
    _make_way(out)
    try:
        with wiping.connected(engine) as connection:
            with connection.begin():
                before = audit.head(connection)
                rows = counts(connection)
                days = _empty(connection, at_ms)
                detail = {
                    "rows": {name: count for name, count in sorted(rows.items()) if count},
                    "days": days,
                    "keys": [key.fingerprint for key in held],
                }
                audit.append(
                    connection, at_ms=at_ms, actor=actor, action="epidemic.ended", detail=detail
                )
                after = audit.head(connection)
                lines = connection.scalar(select(func.max(AuditEntry.id))) or 0
            _compact(connection)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    told = Certificate(
        at_ms=at_ms,
        actor=actor,
        database=engine.url.render_as_string(hide_password=True),
        rows=rows,
        days=days,
        keys=held,
        audit_lines=lines,
        audit_head_before=before,
        audit_head_after=after,
    )
    out.write_text(certificate.write(told, sign), "utf-8")
    keyburning.burn(settings.keys_dir)
    aside = None
    if settings.keys_dir.exists():
        aside = keyburning.set_aside(settings.keys_dir, stamp)
    return told, aside


def _make_way(out: Path) -> None:
    """A certificate that cannot be written stops everything before anything is destroyed."""
    try:
        with out.open("a", encoding="utf-8") as file:
            used = file.tell() > 0
    except OSError as problem:
        raise Refused(
            f"{out}: {problem.strerror}; expected a file that can be written"
        ) from problem
    if used:
        raise Refused(f"{out}: đã có / is there already; expected a new file")


def _empty(connection: Connection, at_ms: int) -> int:
    """Empties the tables; how many days of stays there were."""
    store = storage.of(connection)
    days = store.days(connection)
    for day in days:
        storage.drop_day(connection, day)
    shells = _shells(connection, at_ms)
    last = connection.scalar(select(func.max(_TABLES["persons"].c.id)))
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"TRUNCATE {', '.join(emptied())}"))
    else:
        # Each row may refer to another of its own table.
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for name in emptied():
            connection.execute(_TABLES[name].delete())
        if last is not None:
            # So that no later person gets a number the log knows already.
            made = {"id": last + 1, "created_at": at_ms // 1000}
            connection.execute(insert(_TABLES["persons"]).values(made))
    if shells:
        connection.execute(insert(_TABLES[SHELLS]), shells)
    return len(days)


def _shells(connection: Connection, at_ms: int) -> list[dict[str, Any]]:
    """What stays of people's requests."""
    rows = connection.execute(select(_TABLES[SHELLS]).order_by(_TABLES[SHELLS].c.id)).mappings()
    ended = {"done_at": at_ms // 1000, "outcome": "destroyed"}
    return [
        {**row, "person_id": None, "words": "", **(ended if row["done_at"] is None else {})}
        for row in rows
    ]


def _compact(connection: Connection) -> None:
    """Leaves nothing of it in the files; outside any transaction."""
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.driver_connection
        raw.execute("VACUUM")
    wiping.sweep(connection, emptied())


def _alone(engine: Engine) -> None:
    """Raises Refused where another process still uses the database: the ingest has no socket."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            others: Sequence[str] = connection.scalars(
                text(
                    "SELECT coalesce(nullif(application_name, ''), usename::text)"
                    " FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            ).all()
            used = bool(others)
        else:
            used = _others_have_open(connection)
    if used:
        raise Refused(
            f"database {engine.url.render_as_string(hide_password=True)}: đang được dùng / another"
            " process uses it (ingest, web or vault); stop all of them first"
        )


def _others_have_open(connection: Connection) -> bool:
    """SQLite leaves write-ahead logging only where nobody else has the file open."""
    raw: Any = connection.connection.driver_connection
    raw.execute(f"PRAGMA busy_timeout={_QUIET_MS}")
    try:
        (mode,) = raw.execute("PRAGMA journal_mode=DELETE").fetchone()
        if mode == "delete":
            raw.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError:
        return True
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(database.BUSY_TIMEOUT_S * 1000)}")
    return bool(mode != "delete")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _count(connection: Connection, name: str) -> int:
    return connection.scalar(select(func.count()).select_from(_TABLES[name])) or 0
