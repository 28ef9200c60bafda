"""One way to the database for every process.

SQLite: WAL with synchronous=FULL, because a receipt makes a kiosk delete its copy; writers take the
write lock when they begin, so that two processes wait for each other instead of failing.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from fleet_server import folding
from fleet_server.errors import SettingsError
from fleet_server.models import Base

T = TypeVar("T")
BUSY_TIMEOUT_S = 30.0
_PLAN_ONCE = "-c plan_cache_mode=force_generic_plan"
"""Everything here is found by index, whatever is asked for; with a partition for each day, planning
it anew each time takes as long as finding it."""
CACHE_KIB = 16_384
"""Pages an SQLite connection keeps; a question about contacts reads some thousand."""
WRITES = {"tram_writes": True}
"""Execution options of an engine or connection whose transactions write."""


def connect(database_url: str, *, ping: bool = True, cache_kib: int = CACHE_KIB) -> Engine:
    """An engine for `database_url`. Opens nothing yet. Raises SettingsError for other databases.

    `ping`: whether a connection is tried before each use, for those who do not try again anyway.
    `cache_kib`: as `CACHE_KIB`, for those who look far and wide.
    """
    try:
        url = make_url(database_url)
    except ArgumentError as problem:
        raise SettingsError(
            "database_url: expected sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from problem
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, cache_kib)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
        return create_engine(
            url,
            pool_pre_ping=ping,
            pool_size=8,
            max_overflow=8,
            hide_parameters=True,
            connect_args={} if "options" in url.query else {"options": _PLAN_ONCE},
        )
    raise SettingsError(
        f"database_url: expected sqlite:///FILE or postgresql://…, not {url.drivername}://"
    )


def is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def snapshot(engine: Engine) -> Engine:
    """All statements of a connection of it see one moment, as they do in SQLite without asking."""
    if is_sqlite(engine):
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def insert(connection: Connection, table: type[Base] | Table) -> sqlite_dialect.Insert:
    """INSERT with `on_conflict_do_…`, which both engines say in the same words."""
    if connection.dialect.name == "sqlite":
        return sqlite_dialect.insert(table)
    # The two classes have no common one, but the same methods.
    return cast(sqlite_dialect.Insert, postgresql_dialect.insert(table))


@contextmanager
def driver_errors(statement: str = "") -> Iterator[None]:
    """What a driver raises when it is used directly, as the errors SQLAlchemy would have raised."""
    try:
        yield
    except sqlite3.Error as problem:
        raise DBAPIError.instance(statement, None, problem, sqlite3.Error) from problem
    except psycopg.Error as problem:
        raise DBAPIError.instance(statement, None, problem, psycopg.Error) from problem


def chunks(items: Iterable[T], size: int = 1000) -> Iterator[list[T]]:
    """`items` in lists short enough for one statement's parameters."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _sqlite(url: URL, cache_kib: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise SettingsError("database_url: expected sqlite:///FILE; a database in memory is lost")
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: Any) -> None:
        # Transactions are begun by the listener below, not guessed at by the driver.
        connection.isolation_level = None
        connection.execute("PRAGMA page_size=8192")
        _use_wal(connection)
        connection.create_function(folding.SQLITE, 1, folding.folded, deterministic=True)
        connection.executescript(
            "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
            f"PRAGMA cache_size=-{cache_kib};"
        )

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("tram_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switches a new file to WAL. SQLite does not wait for another process that is doing so."""
    end = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
