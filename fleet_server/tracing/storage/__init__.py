"""Where visits are kept: one port, a store for each engine, and what both have in common."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from fleet_server.tracing.storage import unsure
from fleet_server.tracing.storage.port import VisitStore
from fleet_server.tracing.storage.postgresql import PostgresqlVisits
from fleet_server.tracing.storage.rows import StoredVisit
from fleet_server.tracing.storage.sqlite import SqliteVisits

_STORES: Final[dict[str, VisitStore]] = {
    "sqlite": SqliteVisits(),
    "postgresql": PostgresqlVisits(),
}


def of(connection: Connection) -> VisitStore:
    """The store of this connection's engine."""
    return _STORES[connection.dialect.name]


def add(connection: Connection, visits: Sequence[StoredVisit]) -> None:
    """Adds visits whose (venue, entry, person) is not there."""
    of(connection).add(connection, visits)
    unsure.add(connection, visits)


def remove(connection: Connection, visits: Sequence[StoredVisit], *, at_ms: int) -> None:
    """Takes visits away; keeps what they were, where it was known before `at_ms`."""
    of(connection).remove(connection, visits, at_ms=at_ms)
    unsure.remove(connection, visits)


def drop_day(connection: Connection, day: int) -> None:
    """Drops all visits of a day (days since 1970, UTC), and what they were before."""
    of(connection).drop_day(connection, day)
    unsure.drop_day(connection, day)
