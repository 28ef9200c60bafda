"""What a store of visits can do; the same on every engine, with the same answers."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Connection

from fleet_server.tracing.columns import Found, Integers
from fleet_server.tracing.storage.rows import StoredVisit, Superseded
from fleet_server.tracing.visits import DerivedVisit

ANY_UNSURE: Final = "SELECT EXISTS (SELECT 1 FROM unsure_stays)"


class VenueSpan(NamedTuple):
    """One venue during [start, end), seconds UTC."""

    venue_id: int
    start: int
    end: int


class VisitKey(NamedTuple):
    """What no two visits share."""

    person_id: int
    entered_at: int
    venue_id: int


class FoundAt(NamedTuple):
    """Stays in the order of the spans they were searched by, `counts[k]` for span k."""

    counts: Integers
    found: Found


class VisitStore(Protocol):
    """Visits, kept by day and in two orders: by venue and by person.

    All within the caller's transaction; where a driver is used directly it raises its own errors
    (`database.driver_errors`). "Sure" stays are those of which nothing but an unseen exit
    is uncertain; the others are found by `unsure`.
    """

    def any_unsure(self, connection: Connection) -> bool:
        """Whether there are any stays that `unsure` must be asked for."""

    def days(self, connection: Connection) -> list[int]:
        """The days there are tables for, ascending."""

    def sure_at(
        self,
        connection: Connection,
        spans: Sequence[VenueSpan],
        *,
        rooms: bool = False,
        known_ms: int | None = None,
    ) -> FoundAt:
        """Sure stays that reach into each span by latest ends; known by `known_ms` where given."""

    def seen(
        self, connection: Connection, persons: Sequence[int], since: int, until: int
    ) -> set[int]:
        """Those of `persons` who have a visit that began in [since, until)."""

    def of_persons(
        self, connection: Connection, persons: Sequence[int], since: int, until: int
    ) -> list[StoredVisit]:
        """Whole visits expected to begin in [since, until), by person, entry and venue."""

    def whole(self, connection: Connection, keys: Sequence[VisitKey]) -> list[StoredVisit]:
        """The visits of these keys, in their order; those that are not there are left out."""

    def superseded_at(
        self, connection: Connection, spans: Sequence[VenueSpan], known_ms: int
    ) -> list[list[StoredVisit]]:
        """For each span the versions of visits that were what was known at `known_ms`."""

    def superseded_of(
        self, connection: Connection, persons: Sequence[int], since: int, until: int
    ) -> list[Superseded]:
        """Earlier versions of these persons' visits, oldest first."""

    def make_room(self, connection: Connection, days: Iterable[int]) -> None:
        """Makes the tables of these days, where they are not there yet."""

    def add(self, connection: Connection, visits: Sequence[StoredVisit]) -> None:
        """Adds visits whose (venue, entry, person) is not there."""

    def remove(self, connection: Connection, visits: Sequence[StoredVisit], *, at_ms: int) -> None:
        """Takes visits away; keeps what they were, where it was known before `at_ms`."""

    def open_imported(
        self, connection: Connection, day: int
    ) -> list[tuple[StoredVisit, int | None]]:
        """A day's imported visits without exit, each with that person's next later entry.

        An entry beyond the cap may be left out: it bounds nothing.
        """

    def drop_day(self, connection: Connection, day: int) -> None:
        """Drops a day's visits and their history, in one statement for each table."""

    def count(self, connection: Connection) -> int:
        """How many visits there are. Reads them all."""


def reaches(visit: DerivedVisit, span: VenueSpan) -> bool:
    """Whether a visit may have overlapped a span of its venue."""
    return visit.entered_earliest < span.end and visit.end_latest > span.start


def spread(
    spans: Sequence[VenueSpan], at_venue: Callable[[int, int, int], Iterable[StoredVisit]]
) -> list[list[StoredVisit]]:
    """For each span the visits that reach into it; each venue asked once, from first to last."""
    by_venue: dict[int, list[int]] = defaultdict(list)
    for k, span in enumerate(spans):
        by_venue[span.venue_id].append(k)
    out: list[list[StoredVisit]] = [[] for _ in spans]
    for venue_id, which in by_venue.items():
        start = min(spans[k].start for k in which)
        end = max(spans[k].end for k in which)
        for stored in at_venue(venue_id, start, end):
            for k in which:
                if reaches(stored.visit, spans[k]):
                    out[k].append(stored)
    return out
