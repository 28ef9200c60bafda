"""Whose visits no longer match their scans: noted with the change, worked off by `derivation`."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from fleet_server import bulk
from fleet_server.models import Base
from fleet_server.tracing import search, storage
from fleet_server.tracing.columns import MEASURED
from fleet_server.tracing.storage.port import VenueSpan
from fleet_server.tracing.storage.rows import DAY_S

_TABLE: Final = Base.metadata.tables["stale_visits"]


def mark(connection: Connection, person_ids: Iterable[int], at_ms: int) -> None:
    """Notes that these persons' visits must be derived again, in the caller's transaction."""
    rows = [{"person_id": person_id, "since_ms": at_ms} for person_id in sorted(set(person_ids))]
    # Held even where it is there already: a derivation that cannot see this transaction's scans
    # yet would otherwise take the mark away.
    bulk.add_or_touch(connection, _TABLE, rows, key="person_id")


def mark_guests(connection: Connection, venue_id: int, at_ms: int) -> None:
    """Notes that stays at this venue whose end nobody measured may end otherwise than they did."""
    days = storage.of(connection).days(connection)
    if not days:
        return
    span = VenueSpan(venue_id, days[0] * DAY_S, (days[-1] + 1) * DAY_S)
    _, found = storage.of(connection).sure_at(connection, [span])
    guests = set(found.person[found.ending != MEASURED].tolist())
    guests |= {each.person_id for each in search.unsure_at(connection, [span])}
    mark(connection, guests, at_ms)
