"""Who was exposed to a case's index persons, by milestones and scans, as one snapshot has them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select

from fleet_server import database
from fleet_server.cases import milestones, register, roster
from fleet_server.cases.acting import Acting
from fleet_server.cases.states import DISMISSED
from fleet_server.errors import Refused
from fleet_server.models import CasePerson, Milestone
from fleet_server.times import BadTime, parse
from fleet_server.tracing import evidence, gaps, questions, rulebook, secondary, visitors
from fleet_server.tracing.answers import Gap, Meeting, StaySeen
from fleet_server.tracing.exposure import TIERS, Exposure, Tier
from fleet_server.tracing.handmade import Handmade
from fleet_server.tracing.questions import Asked
from fleet_server.tracing.reach import Question

F2_LIMIT: Final = 200
"""F2 kept in a case, the closest first."""
_UTC: Final = ZoneInfo("UTC")


class Exposed(NamedTuple):
    """One exposure of one contact, persons by id."""

    contact: int
    source: int
    """An index person, or an F1."""
    tier: Tier
    certain_s: int
    expected_s: int
    possible_s: int
    first: int
    places: tuple[str, ...]

    @property
    def order(self) -> tuple[int, int, int, int]:
        """The closest first."""
        return (
            TIERS.index(self.tier),
            -self.expected_s,
            -self.certain_s,
            -self.possible_s,
        )


@dataclass
class Found:
    """What one snapshot says."""

    asked: Asked
    latency_s: int
    gaps: list[Gap]
    first: list[Exposed] = field(default_factory=list)
    second: list[Exposed] = field(default_factory=list)
    second_total: int = 0
    stays: dict[int, list[StaySeen]] = field(default_factory=dict)
    met: dict[tuple[int, int], list[Meeting]] = field(default_factory=dict)
    """By index person and contact."""
    refs: dict[int, str] = field(default_factory=dict)
    """Visitor references."""

    @property
    def exposed(self) -> list[Exposed]:
        """All that counts: whoever met an index person is not listed for meeting an F1, too."""
        near = {each.contact for each in self.first}
        return [*self.first, *(each for each in self.second if each.contact not in near)]


def find(
    engine: Engine,
    acting: Acting,
    *,
    since: int | None = None,
    until: int | None = None,
    min_overlap_min: float | None = None,
    linger_min: float | None = None,
    only_first: bool = False,
) -> Found:
    """Everything a result is made of, by one snapshot of the database."""
    case = acting.case
    with database.driver_errors(), database.snapshot(engine).connect() as connection:
        index = roster.members(connection, case.id, role=roster.F0)
        if not index:
            raise Refused(
                f"case {case.ref}: chưa có F0 / has no index person yet; `fleet case find` and"
                " `fleet case add` make somebody one"
            )
        version = rulebook.in_force(connection, case.rule_version)
        if since is None or until is None:
            begun, ended = register.window(connection, case, now=acting.now)
            since, until = since or begun, until or ended
        if since >= until:
            raise BadTime("Lúc bắt đầu phải trước lúc kết thúc / from: expected a time before `to`")
        rule = version.rule(min_overlap_min=min_overlap_min, linger_min=linger_min)
        asked = Asked(Question(since, until, rule), version.terms, acting.now)
        found = Found(asked, version.terms.latency_min * 60, [])
        everyone = [member.person_id for member in index]
        venues: set[int] = set()
        stood: dict[int, list[Handmade]] = {}
        for member in index:
            by_hand = stood[member.person_id] = milestones.standing(connection, case.id, member.id)
            stays = questions.index_stays(connection, member.person_id, asked, by_hand)
            venues |= {stay.venue for stay in stays}
            met = questions.meet(connection, stays, asked, but=everyone)
            exposed = met.exposed.at(range(len(met.exposed)))
            found.first += _first(connection, asked, member.person_id, exposed)
            if only_first:
                continue
            found.stays[member.person_id] = evidence.stays(
                connection, member.person_id, asked
            ).stays
            others = [each.person for each in exposed]
            meetings = evidence.meetings(
                connection, member.person_id, others, asked, by_hand=by_hand
            )
            found.met |= {(member.person_id, other): seen for other, seen in meetings.items()}
        if not only_first:
            _second(connection, acting, found, stood)
        # Several index persons may have met the same F1, who met the same F2.
        found.second.sort(key=lambda each: each.order, reverse=True)
        found.second = list({(each.contact, each.source): each for each in found.second}.values())
        found.gaps = questions.gaps_of(connection, venues, asked)
        found.refs = visitors.refs(
            connection,
            {*everyone, *(each.contact for each in found.exposed)},
        )
    return found


def gaps_now(connection: Connection, acting: Acting) -> list[Gap]:
    """What may be missing where the index persons were by their milestones; before there are any,
    at all places. Nothing as long as the case has no window.
    """
    try:
        since, until = register.window(connection, acting.case, now=acting.now)
    except BadTime:
        return []
    rows = connection.scalars(
        select(Milestone.venue_id)
        .join(CasePerson, CasePerson.id == Milestone.index_id)
        .where(
            Milestone.case_id == acting.case.id,
            Milestone.state.in_((milestones.PROPOSED, milestones.CONFIRMED)),
            CasePerson.role == roster.F0,
        )
    )
    venues = {venue for venue in rows if venue is not None}
    return gaps.gaps(connection, venues or None, since, until, now=acting.now)


def _first(
    connection: Connection, asked: Asked, index: int, exposed: Sequence[Exposure]
) -> list[Exposed]:
    venues = asked.venues(connection, {place for each in exposed for place in each.places})
    return [
        Exposed(
            each.person,
            index,
            each.tier,
            *each.shared,
            each.first,
            tuple(sorted(venues[place].ref for place in each.places)),
        )
        for each in exposed
    ]


def _second(
    connection: Connection,
    acting: Acting,
    found: Found,
    index: Mapping[int, Sequence[Handmade]],
) -> None:
    """F2 through the F1 of each index person, with what stands for them by hand. Nobody is F2 who
    is closer to another index person, and nobody through whom that one met as F0 or who was set
    aside.
    """
    set_aside = {
        member.person_id
        for member in roster.members(connection, acting.case.id)
        if member.state == DISMISSED
    }
    closer = {*index, *(each.contact for each in found.first)}
    everybody: set[int] = set()
    resolve = cache(lambda ref: visitors.resolve(connection, ref))
    for person_id, by_hand in index.items():
        ring = secondary.ring(
            connection,
            person_id,
            found.asked,
            limit=F2_LIMIT,
            by_hand=by_hand,
            set_aside={*set_aside, *index},
            closer=closer,
        )
        everybody |= ring.persons
        found.second += [
            Exposed(
                resolve(each.visitor),
                resolve(each.through),
                each.tier,
                each.certain_s,
                each.expected_s,
                each.possible_s,
                parse(each.first, _UTC),
                tuple(each.places),
            )
            for each in ring.answer.contacts
        ]
    found.second_total = len(everybody)


def closest(exposed: Iterable[Exposed]) -> dict[int, Exposed]:
    """The closest exposure of each contact."""
    best: dict[int, Exposed] = {}
    for each in exposed:
        if each.contact not in best or each.order < best[each.contact].order:
            best[each.contact] = each
    return best
