"""Evaluates a case: who was exposed to its index persons, by milestones and scans as they stand.

Found in one snapshot, written down in one transaction, then signed and kept. Late scans change the
next evaluation; what the last one said stays as it was kept.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update

from fleet_server import database
from fleet_server.cases import finding, freezing, milestones, persons, roster
from fleet_server.cases.acting import Acting, hold
from fleet_server.cases.finding import Exposed, Found
from fleet_server.cases.freezing import Signer
from fleet_server.cases.milestones import KnownMilestone
from fleet_server.cases.results import (
    EvaluatedContact,
    EvaluatedExposure,
    EvaluatedIndex,
    Evaluation,
    MilestoneSeen,
)
from fleet_server.cases.roster import Member
from fleet_server.cases.states import PROMOTED, TO_CALL
from fleet_server.database import chunks
from fleet_server.errors import Refused
from fleet_server.models import CaseExposure, CasePerson, Venue
from fleet_server.times import iso
from fleet_server.tracing import (
    derivation,
    gaps,
    questions,
)

_UTC: Final = ZoneInfo("UTC")


def evaluate(engine: Engine, signer: Signer, acting: Acting) -> tuple[int, Evaluation]:
    """Evaluates, writes down and keeps; the number of the kept result, and the result.

    Where nothing is different from the last one kept, that one stands. Raises Refused without an
    index person, BadTime without a window, VaultAway (evaluated, but not kept: again keeps it).
    """
    derivation.drain(engine, now_ms=acting.now_ms)
    found = finding.find(engine, acting)
    _still_there(engine, acting, found)
    with engine.execution_options(**database.WRITES).begin() as connection:
        hold(connection, acting.case.ref)
        for member in roster.members(connection, acting.case.id, role=roster.F0):
            milestones.propose(connection, acting, member, found.asked)
        members = _write(connection, acting, found)
        evaluation = _evaluation(
            acting, found, members, milestones.listed(connection, acting.case.id)
        )
        last = _standing(connection, acting, evaluation)
    if last is not None:
        return last, evaluation
    sealed = freezing.sign(signer, acting, freezing.EVALUATED, evaluation)
    with engine.execution_options(**database.WRITES).begin() as connection:
        hold(connection, acting.case.ref)
        # Somebody else may have evaluated at the same time.
        last = _standing(connection, acting, evaluation)
        if last is not None:
            return last, evaluation
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


def _still_there(engine: Engine, acting: Acting, found: Found) -> None:
    """Raises Refused where days were let go since the last result: it knows more than this one."""
    with engine.connect() as connection:
        last = freezing.latest(connection, acting.case.id)
        if last is None:
            return
        kept = freezing.load(connection, acting.case.id, last, None, part=msgspec.Raw)
        since, until = found.asked.question.since, found.asked.question.until
        gone = gaps.gone_until(connection, since, until, after_ms=kept.at_ms)
    if gone is not None:
        day = iso(gone - 1)[:10]
        raise Refused(
            f"case {acting.case.ref}: lượt quét đến hết {day} đã xóa sau kết quả {last}; kết quả đó"
            " giữ nguyên, tính lại sẽ mất người. Hãy đóng ca, hoặc đặt khoảng thời gian bắt đầu sau"
            f" ngày đó / scans up to {day} are gone since result {last}, which stands: evaluated"
            " again, people would be missing. Close the case, or let its window begin after that"
            " day"
        )


def _standing(connection: Connection, acting: Acting, evaluation: Evaluation) -> int | None:
    """The number of the last kept result, if this one says nothing else."""
    last = freezing.latest(connection, acting.case.id)
    if last is None:
        return None
    before = freezing.load(connection, acting.case.id, last, None).content
    return last if _same(before, evaluation) else None


def _write(connection: Connection, acting: Acting, found: Found) -> dict[int, Member]:
    """The case's people and exposures as found; everybody there is or was, by person."""
    known = roster.by_person(connection, acting.case.id)
    first = {each.contact for each in found.first}
    closest = finding.closest(found.exposed)
    areas = _areas(connection, closest.values())
    for role, people in (
        (roster.F1, [person for person in closest if person in first]),
        (roster.F2, [person for person in closest if person not in first]),
    ):
        new = [person for person in people if person not in known]
        for member in persons.add(
            connection, acting, new, role=role, state=TO_CALL, area_ids=areas
        ):
            known[member.person_id] = member
    _come_and_go(connection, acting, known, first, closest.keys())
    everybody = select(CasePerson.id).where(CasePerson.case_id == acting.case.id)
    connection.execute(delete(CaseExposure).where(CaseExposure.contact_id.in_(everybody)))
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
        for each in found.exposed
        if each.source in known
    ]
    if rows:
        connection.execute(insert(CaseExposure), rows)
    return known


def _come_and_go(
    connection: Connection,
    acting: Acting,
    known: dict[int, Member],
    first: Collection[int],
    exposed: Collection[int],
) -> None:
    """Contacts no longer exposed leave, unless somebody has worked on them; others come back.

    Who met an index person is F1, and whom somebody made one; others who are exposed are F2.
    """
    gone, back = [], []
    roles: dict[str, list[int]] = {roster.F1: [], roster.F2: []}
    for person, member in known.items():
        if member.role == roster.F0:
            continue
        if person in exposed:
            back.append(member.id)
            near = person in first or member.state == PROMOTED
            role = roster.F1 if near else roster.F2
            if member.role != role:
                roles[role].append(member.id)
                known[person] = member._replace(role=role)
        else:
            gone.append(member.id)
    # Somebody links made one of leaves under all their references, or would be back under another.
    twice = roster.doubles(connection, [acting.case.id])
    left = set(gone)
    gone += [
        number
        for number, lead in roster.members_of(connection, acting.case.id, twice).items()
        if lead.id in left
    ]
    present, here = CasePerson.removed_at.is_(None), CasePerson.state == TO_CALL
    changes: list[tuple[list[int], ColumnElement[bool], dict[str, object]]] = [
        (gone, present & here, {"removed_at": acting.now}),
        (back, ~present, {"removed_at": None}),
        (roles[roster.F1], present, {"role": roster.F1}),
        (roles[roster.F2], present, {"role": roster.F2}),
    ]
    for ids, which, values in changes:
        for some in chunks(ids):
            statement = update(CasePerson).where(CasePerson.id.in_(some), which)
            connection.execute(statement.values(**values))


def _areas(connection: Connection, exposed: Iterable[Exposed]) -> dict[int, int]:
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
    found: Found,
    members: Mapping[int, Member],
    listed: Iterable[KnownMilestone],
) -> Evaluation:
    question = found.asked.question
    grouped: dict[int, list[Exposed]] = defaultdict(list)
    for each in found.exposed:
        if members[each.contact].role != roster.F0 and each.source in members:
            grouped[each.contact].append(each)
    for group in grouped.values():
        group.sort(key=lambda each: each.order)
    ranked = sorted(
        grouped,
        key=lambda person: (
            members[person].role,
            grouped[person][0].order,
            found.refs[person],
        ),
    )
    contacts = [
        EvaluatedContact(
            ref=members[person].ref,
            visitor=found.refs[person],
            role=members[person].role,
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


def _said(each: Exposed, found: Found, members: Mapping[int, Member]) -> EvaluatedExposure:
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
