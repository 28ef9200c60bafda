"""Whose visits no longer match their scans: noted with the change, worked off by `derivation`."""

from collections.abc import Iterable

from sqlalchemy import Connection

from fleet_server.database import insert
from fleet_server.models import StaleVisits


def mark(connection: Connection, person_ids: Iterable[int], at_ms: int) -> None:
    """Notes that these persons' visits must be derived again, in the caller's transaction."""
    rows = [{"person_id": person_id, "since_ms": at_ms} for person_id in sorted(set(person_ids))]
    if not rows:
        return
    statement = insert(connection, StaleVisits)
    # Writing the old value back holds the row until this transaction ends. Merely leaving it alone
    # would let a derivation that cannot see this transaction's scans yet take the mark away.
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id"], set_={"since_ms": StaleVisits.since_ms}
        ),
        rows,
    )
