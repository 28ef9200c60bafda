"""A connection on which what is deleted is overwritten, as far as each engine can."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine

from fleet_server import database

SWEPT: Final = ("scans", "scan_keys", "scan_identities", "companions", "refused_records")
SWEPT_TOO: Final = ("pseudonyms", "persons", "credentials", "card_identities", "links")


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """One connection for all transactions of a run; each is begun by the caller, and writes.

    SQLite: deleted rows and dropped tables are overwritten with zeros.
    """
    with engine.connect().execution_options(**database.WRITES) as connection:
        if connection.dialect.name == "sqlite":
            _raw(connection).execute("PRAGMA secure_delete=ON")
        yield connection


def sweep(connection: Connection, tables: Sequence[str] = SWEPT + SWEPT_TOO) -> bool:
    """Takes what was deleted out of the files beside the tables; outside any transaction.

    SQLite: the write-ahead log is cut to nothing; False where a reader still needed it, so that it
    goes with the next run. PostgreSQL: pages of rows deleted are cleared (VACUUM).
    """
    if connection.dialect.name == "sqlite":
        busy, *_ = _raw(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    # An engine of its own pool would leave a connection behind; this one goes back as it was.
    with connection.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        for table in tables:
            other.exec_driver_sql(f"VACUUM {table}")
    return True


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection
