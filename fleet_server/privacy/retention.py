"""Lets go of everything whose time is over, in steps that may be cut off anywhere, and proves it.

Nobody's data stays longer for an open case: what a case decided by is frozen in it, and goes with
the case.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Connection, Engine, delete, exists, or_, select, update

from fleet_server.database import chunks
from fleet_server.fleet import card_jobs
from fleet_server.identity import audit
from fleet_server.models import (
    Base,
    Outage,
    RefusedRecord,
    RestrictedPerson,
    RightsRequest,
    VenueReport,
)
from fleet_server.privacy import days, erasure, unneeded, wiping
from fleet_server.privacy.days import DAY_MS, DAY_S
from fleet_server.tracing import derivation

BATCH: Final = 5_000
"""Rows in one transaction at most, so that scans never wait long for it."""
_TABLES: Final = Base.metadata.tables


class Watcher(Protocol):
    """Is told how far a run is."""

    def step(self, stage: str, done: int, of: int) -> None:
        """So many of so many at this stage."""


class Silent:
    """Nobody looks."""

    def step(self, stage: str, done: int, of: int) -> None:
        """Says nothing."""


class Limit(NamedTuple):
    """What is kept."""

    first_day: int
    """The first day that is kept, days since 1970 UTC."""

    @property
    def at(self) -> int:
        """Its first second, UTC."""
        return self.first_day * DAY_S


@dataclass(slots=True)
class Ran:
    """What a run did."""

    first_day: int
    """The first day that is kept."""
    days: list[int] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    persons: int = 0
    swept: bool = True
    """Whether SQLite's write-ahead log is empty: a reader may still have needed it."""


def limit(now_ms: int, keep_days: int) -> Limit:
    """Days that ended `keep_days` days ago or earlier are not kept."""
    return Limit(now_ms // DAY_MS - keep_days)


def run(
    engine: Engine,
    *,
    keep_days: int,
    now_ms: int,
    actor: str,
    watcher: Watcher | None = None,
    batch: int = BATCH,
) -> Ran:
    """Lets go of everything older than the limit. Goes on where another run was cut off."""
    seen = watcher or Silent()
    kept = limit(now_ms, keep_days)
    ran = Ran(kept.first_day)
    # A day's stays say what scans of the next day were: all of them must be known.
    derivation.drain(engine, now_ms=now_ms)
    with wiping.connected(engine) as connection:
        with connection.begin():
            wanted = days.with_anything_left(connection, kept.first_day)
        for number, day in enumerate(wanted, 1):
            name = f"{days.date(day):%Y-%m-%d} ({number}/{len(wanted)})"
            ran.rows += days.let_go(
                connection,
                day,
                now_ms=now_ms,
                actor=actor,
                batch=batch,
                seen=lambda done, of, name=name: seen.step(name, done, of),  # type: ignore[misc]
            )
            ran.days.append(day)
        _refused(connection, kept, ran, batch)
        _cases(connection, kept, ran, seen)
        _requests(connection, kept)
        _told(connection, kept, ran)
        _outages(connection, kept)
        with connection.begin():
            gone = card_jobs.forget_old(connection, now=now_ms // 1000)
        ran.rows["card_batches"] += gone
        _people(connection, kept, ran, now_ms=now_ms, batch=batch, seen=seen)
        with connection.begin():
            _report(connection, ran, now_ms=now_ms, actor=actor)
        ran.swept = wiping.sweep(connection)
    return ran


def old_cases(connection: Connection, kept: Limit) -> list[int]:
    """Cases closed before the limit that are not empty shells yet."""
    cases = _TABLES["cases"].c
    inside = or_(
        *(
            exists().where(_TABLES[table].c[column] == cases.id)
            for table, column, _ in erasure.REFERENCES["cases"]
        ),
        cases.lab_ref != "",
        cases.onset_at.is_not(None),
        cases.isolated_at.is_not(None),
        cases.since_at.is_not(None),
        cases.until_at.is_not(None),
    )
    return list(connection.scalars(select(cases.id).where(cases.closed_at < kept.at, inside)))


def unneeded_people(connection: Connection, kept: Limit) -> list[unneeded.Group]:
    """Persons on whom nothing stands, but for SQLite's blank row that keeps the last number."""
    last = erasure.blank_last(connection)
    found = unneeded.groups(connection, cutoff=kept.at)
    return [group for group in found if last not in group.persons]


def _refused(connection: Connection, kept: Limit, ran: Ran, batch: int) -> None:
    some = select(RefusedRecord.id).where(RefusedRecord.received_ms < kept.at * 1000).limit(batch)
    while True:
        with connection.begin():
            gone = connection.execute(delete(RefusedRecord).where(RefusedRecord.id.in_(some)))
        ran.rows["refused_records"] += gone.rowcount
        if gone.rowcount < batch:
            return


def _cases(connection: Connection, kept: Limit, ran: Ran, seen: Watcher) -> None:
    with connection.begin():
        wanted = old_cases(connection, kept)
    for number, case_id in enumerate(wanted, 1):
        with connection.begin():
            ran.rows += erasure.case(connection, case_id)
        ran.cases += 1
        seen.step("ca bệnh / cases", number, len(wanted))


def _requests(connection: Connection, kept: Limit) -> None:
    """Requests closed before the limit say no more whom they were about, and in what words."""
    with connection.begin():
        connection.execute(
            update(RightsRequest)
            .where(RightsRequest.done_at < kept.at)
            .values(person_id=None, words="")
        )
        connection.execute(
            delete(RestrictedPerson).where(RestrictedPerson.lifted_ms < kept.at * 1000)
        )


def _outages(connection: Connection, kept: Limit) -> None:
    """When kiosks were away is of use as long as there are scans of these days."""
    with connection.begin():
        connection.execute(delete(Outage).where(Outage.until_ms < kept.at * 1000))


def _told(connection: Connection, kept: Limit, ran: Ran) -> None:
    """What managers told tracers goes with the days it was about."""
    with connection.begin():
        gone = connection.execute(delete(VenueReport).where(VenueReport.told_ms < kept.at * 1000))
    ran.rows["venue_reports"] += gone.rowcount


def _people(
    connection: Connection, kept: Limit, ran: Ran, *, now_ms: int, batch: int, seen: Watcher
) -> None:
    with connection.begin():
        wanted = unneeded_people(connection, kept)
    done = 0
    for some in chunks(wanted, max(1, batch // 4)):
        with connection.begin():
            free = unneeded.still(connection, some, cutoff=kept.at)
            persons = {person for group in free for person in group.persons}
            pseudonyms = {number for group in free for number in group.pseudonyms}
            ran.rows += erasure.people(connection, persons, pseudonyms, at_ms=now_ms)
        ran.persons += len(persons)
        done += len(some)
        seen.step("người / people", done, len(wanted))


def _report(connection: Connection, ran: Ran, *, now_ms: int, actor: str) -> None:
    audit.append(
        connection,
        at_ms=now_ms,
        actor=actor,
        action="retention.run",
        detail={
            "first_day_kept": f"{days.date(ran.first_day):%Y-%m-%d}",
            "days": len(ran.days),
            "cases": ran.cases,
            "persons": ran.persons,
            "rows": {name: count for name, count in sorted(ran.rows.items()) if count},
        },
    )
