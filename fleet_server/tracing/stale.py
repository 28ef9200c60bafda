"""Whose visits no longer match their scans: noted with the change, worked off by `derivation`."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from fleet_server import bulk
from fleet_server.models import Base

_TABLE: Final = Base.metadata.tables["stale_visits"]


def mark(connection: Connection, person_ids: Iterable[int], at_ms: int) -> None:
    """Notes that these persons' visits must be derived again, in the caller's transaction."""
    rows = [{"person_id": person_id, "since_ms": at_ms} for person_id in sorted(set(person_ids))]
    # Held even where it is there already: a derivation that cannot see this transaction's scans
    # yet would otherwise take the mark away.
    bulk.add_or_touch(connection, _TABLE, rows, key="person_id")
