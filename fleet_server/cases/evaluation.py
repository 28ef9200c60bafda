"""Evaluates a case: who was exposed to its index persons, by milestones and scans as they stand.

Found in one snapshot, written down in one transaction, then signed and kept. Late scans change the
next evaluation; what the last one said stays as it was kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select, update

from fleet_server import database
from fleet_server.cases import freezing, milestones, persons, register
from fleet_server.cases.acting import Acting
from fleet_server.cases.freezing import Signer
from fleet_server.cases.milestones import KnownMilestone
from fleet_server.cases.persons import Member
from fleet_server.cases.results import (
    BlurredCounts,
    EvaluatedContact,
    EvaluatedExposure,
    EvaluatedIndex,
    Evaluation,
    MilestoneSeen,
    Preview,
)
from fleet_server.cases.states import TO_CALL
from fleet_server.database import chunks
from fleet_server.errors import Refused
from fleet_server.models import CaseExposure, CasePerson, Venue
from fleet_server.times import iso, parse
from fleet_server.tracing import (
    derivation,
    evidence,
    questions,
    rulebook,
    secondary,
    visitors,
)
from fleet_server.tracing.answers import Gap, Meeting, StaySeen
from fleet_server.tracing.exposure import TIERS, Exposure, Tier
from fleet_server.tracing.handmade import Handmade
from fleet_server.tracing.questions import Asked
from fleet_server.tracing.reach import Question

SMALL: Final = 5
"""Counts below it are not said."""
_UTC: Final = ZoneInfo("UTC")
F2_LIMIT: Final = 200
"""F2 kept in a case, the closest first."""


class _Exposed(NamedTuple):
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
class _Found:
    """What one snapshot says."""

    asked: Asked
    latency_s: int
    gaps: list[Gap]
    first: list[_Exposed] = field(default_factory=list)
    second: list[_Exposed] = field(default_factory=list)
    second_total: int = 0
    stays: dict[int, list[StaySeen]] = field(default_factory=dict)
    met: dict[tuple[int, int], list[Meeting]] = field(default_factory=dict)
    """By index person and contact."""
    refs: dict[int, str] = field(default_factory=dict)
    """Visitor references."""


def evaluate(engine: Engine, signer: Signer, acting: Acting) -> tuple[int, Evaluation]:
    """Evaluates, writes down and keeps; the number of the kept result, and the result.

    Where nothing is different from the last one kept, that one stands. Raises Refused without an
    index person, BadTime without a window, VaultAway (evaluated, but not kept: again keeps it).
    """
    derivation.drain(engine, now_ms=acting.now_ms)
    found = _find(engine, acting)
    with engine.execution_options(**database.WRITES).begin() as connection:
        for member in persons.members(connection, acting.case.id, role=persons.F0):
            milestones.propose(connection, acting, member, found.asked)
        members = _write(connection, acting, found)
        evaluation = _evaluation(
            acting, found, members, milestones.listed(connection, acting.case.id)
        )
        last = freezing.latest(connection, acting.case.id)
        before = (
            None if last is None else freezing.load(connection, acting.case.id, last, None).content
        )
        if last is not None and _same(before, evaluation):
            return last, evaluation
    sealed = freezing.sign(signer, acting, freezing.EVALUATED, evaluation)
    with engine.execution_options(**database.WRITES).begin() as connection:
        number = freezing.keep(connection, acting, sealed)
        acting.note(
            connection,
            freezing.EVALUATED,
            detail={
                "result": number,
                "contacts": len(evaluation.contacts),
                "gaps": len(evaluation.gaps),
            },
        )
    return number, evaluation


def preview(
    engine: Engine,
    acting: Acting,
    *,
    since: int | None = None,
    until: int | None = None,
    min_overlap_min: float | None = None,
    linger_min: float | None = None,
) -> Preview:
    """How many contacts there would be, before any is listed; on record."""
    derivation.drain(engine, now_ms=acting.now_ms)
    found = _find(
        engine,
        acting,
        since=since,
        until=until,
        min_overlap_min=min_overlap_min,
        linger_min=linger_min,
        only_first=True,
    )
    best = _closest(found.first)
    counts = {tier: sum(each.tier == tier for each in best.values()) for tier in TIERS}
    alike: dict[tuple[int, int, int, int], int] = defaultdict(int)
    for each in best.values():
        alike[each.order] += 1
    question = found.asked.question
    with engine.execution_options(**database.WRITES).begin() as connection:
        acting.note(
            connection,
            "previewed",
            detail={"from": iso(question.since), "to": iso(question.until)},
        )
    return Preview(
        case=acting.case.ref,
        since=iso(question.since),
        until=iso(question.until),
        rule=question.rule,
        as_of=questions.as_of(found.asked),
        gaps=found.gaps,
        counts=BlurredCounts(**{tier: blurred(count) for tier, count in counts.items()}),
        alike=blurred(max(alike.values(), default=0)),
    )


def blurred(count: int) -> int | None:
    """A count that tells nothing of any one person: in fives, None below the first."""
    return None if count < SMALL else count - count % SMALL


def _find(
    engine: Engine,
    acting: Acting,
    *,
    since: int | None = None,
    until: int | None = None,
    min_overlap_min: float | None = None,
    linger_min: float | None = None,
    only_first: bool = False,
) -> _Found:
    """Everything a result is made of, by one snapshot of the database."""
    case = acting.case
    with database.driver_errors(), database.snapshot(engine).connect() as connection:
        index = persons.members(connection, case.id, role=persons.F0)
        if not index:
            raise Refused(
                f"case {case.ref}: chưa có F0 / has no index person yet; `fleet case find` and"
                " `fleet case add` make somebody one"
            )
        version = rulebook.in_force(connection, case.rule_version)
        if since is None or until is None:
            begun, ended = register.window(connection, case, now=acting.now)
            since, until = since or begun, until or ended
        rule = version.rule(min_overlap_min=min_overlap_min, linger_min=linger_min)
        asked = Asked(Question(since, until, rule), version.terms, acting.now)
        found = _Found(asked, version.terms.latency_min * 60, [])
        everyone = [member.person_id for member in index]
        venues: set[int] = set()
        for member in index:
            by_hand = milestones.standing(connection, case.id, member.id)
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
            _second(connection, found, member, by_hand, everyone)
        found.gaps = questions.gaps_of(connection, venues, asked)
        found.refs = visitors.refs(
            connection,
            {*everyone, *(each.contact for each in (*found.first, *found.second))},
        )
    return found


def _first(
    connection: Connection, asked: Asked, index: int, exposed: Sequence[Exposure]
) -> list[_Exposed]:
    venues = asked.venues(connection, {place for each in exposed for place in each.places})
    return [
        _Exposed(
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
    found: _Found,
    member: Member,
    by_hand: Sequence[Handmade],
    everyone: Sequence[int],
) -> None:
    answer = secondary.secondary(
        connection, member.person_id, found.asked, limit=F2_LIMIT, by_hand=by_hand
    )
    found.second_total += answer.total
    known: dict[str, int] = {}
    for each in answer.contacts:
        contact, through = (
            known.setdefault(ref, visitors.resolve(connection, ref))
            for ref in (each.visitor, each.through)
        )
        if contact not in everyone:
            found.second.append(
                _Exposed(
                    contact,
                    through,
                    each.tier,
                    each.certain_s,
                    each.expected_s,
                    each.possible_s,
                    parse(each.first, _UTC),
                    tuple(each.places),
                )
            )


def _closest(exposed: Iterable[_Exposed]) -> dict[int, _Exposed]:
    """The closest exposure of each contact."""
    best: dict[int, _Exposed] = {}
    for each in exposed:
        if each.contact not in best or each.order < best[each.contact].order:
            best[each.contact] = each
    return best


def _write(connection: Connection, acting: Acting, found: _Found) -> dict[int, Member]:
    """The case's people and exposures as found; everybody there is or was, by person."""
    known = persons.by_person(connection, acting.case.id)
    index = {person for person, member in known.items() if member.role == persons.F0}
    first = _closest(found.first)
    second = {
        person: each
        for person, each in _closest(found.second).items()
        if person not in first and person not in index
    }
    areas = _areas(connection, [*first.values(), *second.values()])
    for role, people in ((persons.F1, first), (persons.F2, second)):
        new = [person for person in people if person not in known]
        for member in persons.add(
            connection, acting, new, role=role, state=TO_CALL, area_ids=areas
        ):
            known[member.person_id] = member
    _come_and_go(connection, acting, known, first.keys(), second.keys())
    ids = [member.id for member in known.values()]
    for some in chunks(ids):
        connection.execute(delete(CaseExposure).where(CaseExposure.contact_id.in_(some)))
    rows = [
        {
            "contact_id": known[each.contact].id,
            "index_id": known[each.source].id,
            "tier": each.tier,
            "certain_s": each.certain_s,
            "expected_s": each.expected_s,
            "possible_s": each.possible_s,
            "first_at": each.first,
            "places": msgspec.json.encode(each.places).decode(),
        }
        for each in (*found.first, *(e for e in found.second if e.contact in second))
        if each.source in known
    ]
    if rows:
        connection.execute(insert(CaseExposure), rows)
    return known


def _come_and_go(
    connection: Connection,
    acting: Acting,
    known: dict[int, Member],
    first: Iterable[int],
    second: Iterable[int],
) -> None:
    """Contacts no longer exposed leave, unless somebody has worked on them; others come back."""
    first, second = set(first), set(second)
    gone, back, closer = [], [], []
    for person, member in known.items():
        if member.role == persons.F0:
            continue
        if person in first or person in second:
            back.append(member.id)
            if member.role == persons.F2 and person in first:
                closer.append(member.id)
                known[person] = member._replace(role=persons.F1)
        elif member.state == TO_CALL:
            gone.append(member.id)
    present = CasePerson.removed_at.is_(None)
    for ids, which, values in (
        (gone, present, {"removed_at": acting.now}),
        (back, ~present, {"removed_at": None}),
        (closer, present, {"role": persons.F1}),
    ):
        for some in chunks(ids):
            statement = update(CasePerson).where(CasePerson.id.in_(some), which)
            connection.execute(statement.values(values))


def _areas(connection: Connection, exposed: Iterable[_Exposed]) -> dict[int, int]:
    """The area of the first place each contact was exposed at, where it is known."""
    place = {each.contact: each.places[0] for each in exposed if each.places}
    found: dict[str, int] = {}
    for some in chunks(set(place.values())):
        rows = connection.execute(
            select(Venue.ref, Venue.area_id).where(Venue.ref.in_(some), Venue.area_id.is_not(None))
        )
        found |= {row.ref: row.area_id for row in rows}
    return {person: found[ref] for person, ref in place.items() if ref in found}


def _evaluation(
    acting: Acting,
    found: _Found,
    members: Mapping[int, Member],
    listed: Iterable[KnownMilestone],
) -> Evaluation:
    question = found.asked.question
    contacts = []
    for role, exposed in ((persons.F1, found.first), (persons.F2, found.second)):
        grouped: dict[int, list[_Exposed]] = defaultdict(list)
        for each in exposed:
            if members[each.contact].role == role and each.source in members:
                grouped[each.contact].append(each)
        for group in grouped.values():
            group.sort(key=lambda each: each.order)
        ranked = sorted(grouped, key=lambda person: (grouped[person][0].order, found.refs[person]))
        contacts += [
            EvaluatedContact(
                ref=members[person].ref,
                visitor=found.refs[person],
                role=role,
                exposures=[_said(each, found, members) for each in grouped[person]],
            )
            for person in ranked
        ]
    return Evaluation(
        case=acting.case.ref,
        lab_ref=acting.case.lab_ref,
        since=iso(question.since),
        until=iso(question.until),
        rule=question.rule,
        latency_s=found.latency_s,
        as_of=questions.as_of(found.asked),
        gaps=found.gaps,
        index=[
            EvaluatedIndex(
                ref=members[person].ref, visitor=found.refs[person], stays=found.stays[person]
            )
            for person in sorted(found.stays)
        ],
        milestones=[seen(each) for each in listed],
        contacts=contacts,
        secondary_total=found.second_total,
    )


def _said(each: _Exposed, found: _Found, members: Mapping[int, Member]) -> EvaluatedExposure:
    return EvaluatedExposure(
        index=members[each.source].ref,
        tier=each.tier,
        certain_s=each.certain_s,
        expected_s=each.expected_s,
        possible_s=each.possible_s,
        first=iso(each.first),
        places=list(each.places),
        meetings=found.met.get((each.source, each.contact), []),
    )


def seen(milestone: KnownMilestone) -> MilestoneSeen:
    """A milestone as it is said."""
    return MilestoneSeen(
        id=milestone.id,
        person=milestone.person,
        venue=milestone.venue,
        place=milestone.place,
        start=iso(milestone.start[1]),
        start_earliest=iso(milestone.start[0]),
        start_latest=iso(milestone.start[2]),
        end=iso(milestone.end[1]),
        end_earliest=iso(milestone.end[0]),
        end_latest=iso(milestone.end[2]),
        source=milestone.source,
        state=milestone.state,
        note=milestone.note,
        decided_by=milestone.decided_by,
    )


def _same(before: object, now: Evaluation) -> bool:
    """Whether two results say the same but for when they were made.

    As long as an index person may still be somewhere, what is only possible grows by the minute.
    """
    return isinstance(before, dict) and _steady(before) == _steady(msgspec.to_builtins(now))


def _steady(content: dict[str, Any]) -> dict[str, Any]:
    contacts = {
        contact["ref"]: {
            **contact,
            "exposures": [
                {**exposure, "possible_s": 0, "meetings": []} for exposure in contact["exposures"]
            ],
        }
        for contact in content["contacts"]
    }
    return {**content, "as_of": "", "to": "", "contacts": contacts}
