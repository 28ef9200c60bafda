"""Places that people of a case share, against what chance would give: the search for a source."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Engine, select

from fleet_server.cases import roster
from fleet_server.cases.acting import Acting
from fleet_server.models import Venue
from fleet_server.tracing import asking
from fleet_server.tracing.answers import Gap
from fleet_server.tracing.asking import Asker, Wanted


class Shared(NamedTuple):
    """A place, and who of the people asked about was there."""

    venue: str
    name: str
    people: list[str]
    """Their references in the case."""
    seen: int
    """Persons who were there in the window."""
    expected: float
    """Of those asked about, by chance."""
    probability: float
    """That chance alone brings this many or more there."""


class SharedPlaces(NamedTuple):
    """The least likely by chance first. Seconds UTC."""

    since: int
    until: int
    asked: int
    """Persons asked about."""
    population: int
    """Persons seen anywhere in the window."""
    gaps: list[Gap]
    places: list[Shared]


def shared_places(
    engine: Engine,
    acting: Acting,
    refs: Sequence[str],
    *,
    since: int | None = None,
    until: int | None = None,
) -> SharedPlaces:
    """Where these people of the case were, not necessarily together; on record as asked.

    Without a window, as far back as the case's rule looks for a source. Raises NotKnown, BadTime,
    BadRule for fewer than two people.
    """
    case = acting.case
    with engine.connect() as connection:
        members = roster.find_all(connection, case.id, refs)
    if since is None or until is None:
        begun, ended = asking.window(
            engine,
            since=None if case.onset_at else case.since_at,
            until=None if case.onset_at else case.until_at,
            onset=case.onset_at,
            isolated=case.isolated_at if case.onset_at else None,
            version=case.rule_version,
            now=acting.now,
            to_source=True,
        )
        since, until = since or begun, until or ended
    known = {f"P{member.person_id}": member.ref for member in members}
    asker = Asker(acting.actor.name, case.ref)
    answer = asking.Desk(engine, asker, acting.now_ms).common(
        list(known), Wanted(since, until, version=case.rule_version)
    )
    with engine.connect() as connection:
        rows = connection.execute(
            select(Venue.ref, Venue.name).where(
                Venue.ref.in_([place.venue for place in answer.places])
            )
        )
        names = {row.ref: row.name for row in rows}
    places = [
        Shared(
            place.venue,
            names[place.venue],
            [known[visitor] for visitor in place.visitors],
            place.seen,
            place.expected,
            place.probability,
        )
        for place in answer.places
    ]
    return SharedPlaces(since, until, len(members), answer.population, answer.gaps, places)
