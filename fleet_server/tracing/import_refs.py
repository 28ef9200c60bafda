"""Ids of the references a file of stays names: visitors and venues, made where they are new."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, Table, select, text

from fleet_server import bulk
from fleet_server.database import chunks
from fleet_server.models import Base, Venue, VenueType
from fleet_server.tracing.rules import OTHER

_AT_HAND: Final = 200_000
"""References remembered at most, so that memory does not grow with the file."""
_IMPORTED: Final[Table] = Base.metadata.tables["imported_visitors"]
_NEW_PERSONS: Final = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    " INSERT INTO persons (created_at) SELECT :at FROM n RETURNING id"
)
_VENUES: Final[Table] = Base.metadata.tables["venues"]


class Visitors:
    """Persons known by an import. Good for one import: what is rolled back is not forgotten."""

    def __init__(self, *, at: int) -> None:
        self._at = at
        self._ids: dict[str, int] = {}

    def ids(self, connection: Connection, refs: Iterable[str]) -> tuple[dict[str, int], set[int]]:
        """The person of each reference, and which of them are new."""
        wanted = set(refs)
        found = _at_hand(self._ids, wanted)
        columns = _IMPORTED.c
        for some in chunks(sorted(wanted - found.keys())):
            rows = connection.execute(
                select(columns.ref, columns.person_id).where(columns.ref.in_(some))
            )
            found.update((ref, person) for ref, person in rows)
        new = sorted(wanted - found.keys())
        made = self._make(connection, new)
        found.update(zip(new, made, strict=True))
        self._ids.update(found)
        return found, set(made)

    def _make(self, connection: Connection, refs: Sequence[str]) -> list[int]:
        if not refs:
            return []
        made = sorted(connection.scalars(_NEW_PERSONS, {"at": self._at, "count": len(refs)}))
        rows = [{"person_id": each, "ref": ref} for each, ref in zip(made, refs, strict=True)]
        bulk.add(connection, _IMPORTED, rows)
        return made


class Venues:
    """Venues by reference, whoever made them. Good for one import."""

    def __init__(self, *, at: int, timezone: str) -> None:
        self._at = at
        self._timezone = timezone
        self._ids: dict[str, int] = {}

    def ids(self, connection: Connection, refs: Iterable[str]) -> tuple[dict[str, int], list[str]]:
        """The venue of each reference, and the references of those that are new."""
        wanted = set(refs)
        found = _at_hand(self._ids, wanted)
        self._look_up(connection, wanted, found)
        new = sorted(wanted - found.keys())
        if new:
            kind = connection.scalar(select(VenueType.id).where(VenueType.code == OTHER))
            rows = [
                {
                    "ref": ref,
                    "name": ref,
                    "type_id": kind,
                    "timezone": self._timezone,
                    "created_at": self._at,
                }
                for ref in new
            ]
            bulk.add_new(connection, _VENUES, rows, key=["ref"], returning=["id"])
            self._look_up(connection, wanted, found)
        self._ids.update(found)
        return found, new

    @staticmethod
    def _look_up(connection: Connection, wanted: set[str], found: dict[str, int]) -> None:
        for some in chunks(sorted(wanted - found.keys())):
            rows = connection.execute(select(Venue.ref, Venue.id).where(Venue.ref.in_(some)))
            found.update((ref, venue) for ref, venue in rows)


def _at_hand(known: dict[str, int], wanted: set[str]) -> dict[str, int]:
    if len(known) > _AT_HAND:
        known.clear()
    return {ref: known[ref] for ref in wanted & known.keys()}
