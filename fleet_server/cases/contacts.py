"""Contacts of a case and what becomes of each: called, promoted, set aside, handed over."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, select, update

from fleet_server import database
from fleet_server.cases import freezing, persons
from fleet_server.cases.acting import Acting, BadWords, area_named, line
from fleet_server.cases.freezing import Signer
from fleet_server.cases.results import Decided, EvaluatedExposure
from fleet_server.cases.states import DISMISSED, HANDED_OVER, NEEDS_WORDS, PROMOTED, WORDS
from fleet_server.errors import NotKnown, Refused
from fleet_server.models import Area, CaseEvent, CaseExposure, CasePerson
from fleet_server.times import iso
from fleet_server.tracing.answers import Time
from fleet_server.tracing.exposure import TIERS


class CaseContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as the list shows it: nothing that names anybody."""

    ref: str
    role: str
    state: str
    reachable: bool | None
    area: str | None
    """Code of the commune that calls."""
    area_name: str
    area_source: str
    tier: str
    """Of the closest exposure; empty where the last evaluation found none."""
    certain_s: int
    expected_s: int
    possible_s: int
    first: Time | None
    places: list[str]
    exposed_to: list[str]
    """References of whom, the closest first."""
    notes: int


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a case."""

    at: Time
    by: str
    kind: str
    person: str
    """Reference in the case; empty where it is about the case itself."""
    detail: dict[str, Any]
    words: str


class Filter(NamedTuple):
    """Which contacts; None: all."""

    role: str | None = None
    state: str | None = None
    tier: str | None = None
    area: str | None = None

    def takes(self, contact: CaseContact) -> bool:
        return (
            self.role in (None, contact.role)
            and self.state in (None, contact.state)
            and self.tier in (None, contact.tier)
            and self.area in (None, contact.area)
        )


ALL: Final = Filter()


def listed(connection: Connection, case_id: int, which: Filter = ALL) -> list[CaseContact]:
    """Contacts of a case, ranked: F1 before F2, then the closest exposure first."""
    members = {
        member.id: member
        for member in persons.members(connection, case_id)
        if member.role != persons.F0
    }
    rows = connection.execute(
        select(
            CasePerson.id,
            CasePerson.reachable,
            CasePerson.area_source,
            Area.code,
            Area.name,
        )
        .outerjoin(Area, Area.id == CasePerson.area_id)
        .where(CasePerson.case_id == case_id, CasePerson.removed_at.is_(None))
    ).all()
    exposures = _exposures(connection, case_id)
    notes = _notes(connection, case_id)
    found = []
    for row in rows:
        member = members.get(row.id)
        if member is None:
            continue
        exposed = exposures.get(row.id, [])
        best = exposed[0] if exposed else None
        contact = CaseContact(
            ref=member.ref,
            role=member.role,
            state=member.state,
            reachable=row.reachable,
            area=row.code,
            area_name=row.name or "",
            area_source=row.area_source,
            tier="" if best is None else best.tier,
            certain_s=0 if best is None else best.certain_s,
            expected_s=0 if best is None else best.expected_s,
            possible_s=0 if best is None else best.possible_s,
            first=min((each.first for each in exposed), default=None),
            places=sorted({place for each in exposed for place in each.places}),
            exposed_to=[each.source for each in exposed],
            notes=notes.get(row.id, 0),
        )
        if which.takes(contact):
            found.append(contact)
    return sorted(found, key=_rank)


def one(connection: Connection, case_id: int, ref: str) -> CaseContact:
    """The contact with this reference. Raises NotKnown."""
    wanted = ref.strip().upper()
    for each in listed(connection, case_id):
        if each.ref == wanted:
            return each
    raise NotKnown(f"{ref[:32]!r}: không phải người tiếp xúc của ca này / no contact of this case")


def decide(
    engine: Engine,
    signer: Signer,
    acting: Acting,
    ref: str,
    state: str,
    *,
    words: str = "",
    area: str | None = None,
) -> int | None:
    """Puts a contact in a state; the number of the result kept with the decision.

    Setting somebody aside, promoting and handing over keep what it was decided on, signed; being
    reached keeps nothing. Raises NotKnown, Refused, BadWords.
    """
    words = line("words", words)
    if state not in WORDS:
        raise BadWords(f"state {state[:40]!r}: expected one of {', '.join(WORDS)}")
    if state in NEEDS_WORDS and not words:
        raise BadWords(f"{state}: cần lý do / expected a reason, for those who ask later")
    if state == HANDED_OVER and area is None:
        raise BadWords("handed_over: cần địa bàn nhận / expected the area it is handed over to")
    with engine.connect() as connection:
        member = _contact(connection, acting, ref)
        to_area = area_named(connection, area)
        decided = Decided(
            contact=member.ref,
            state=state,
            words=words,
            evaluation=freezing.latest(connection, acting.case.id),
            exposures=kept_exposures(connection, acting.case.id, member.ref),
        )
    sealed = None
    if state in (DISMISSED, PROMOTED, HANDED_OVER):
        sealed = freezing.sign(signer, acting, state, decided)
    with engine.execution_options(**database.WRITES).begin() as connection:
        kept = None if sealed is None else freezing.keep(connection, acting, sealed)
        values: dict[str, object] = {"state": state}
        if state == PROMOTED:
            values["role"] = persons.F1
        if to_area is not None:
            values |= {"area_id": to_area, "area_source": "by_hand"}
        connection.execute(update(CasePerson).where(CasePerson.id == member.id).values(**values))
        acting.note(
            connection,
            state,
            person_id=member.id,
            subject=f"P{member.person_id}",
            words=words,
            detail={"was": member.state, "result": kept, "area": area},
        )
    return kept


def call(
    connection: Connection, acting: Acting, ref: str, *, reachable: bool, words: str = ""
) -> None:
    """How a call went; who answered counts as reached unless more is known. Raises NotKnown."""
    member = _contact(connection, acting, ref)
    values: dict[str, object] = {"reachable": reachable}
    if reachable and member.state == "to_call":
        values["state"] = "reached"
    connection.execute(update(CasePerson).where(CasePerson.id == member.id).values(**values))
    acting.note(
        connection,
        "called",
        person_id=member.id,
        subject=f"P{member.person_id}",
        words=line("words", words),
        detail={"reachable": reachable, "was": member.state},
    )


def set_area(connection: Connection, acting: Acting, ref: str, area: str) -> None:
    """Which commune calls a contact, by hand. Raises NotKnown."""
    member = _contact(connection, acting, ref)
    connection.execute(
        update(CasePerson)
        .where(CasePerson.id == member.id)
        .values(area_id=area_named(connection, area), area_source="by_hand")
    )
    acting.note(connection, "area_set", person_id=member.id, detail={"area": area})


def say(connection: Connection, acting: Acting, words: str, *, ref: str | None = None) -> None:
    """A note, about a person of the case or about the case. Raises NotKnown, BadWords."""
    words = line("words", words)
    if not words:
        raise BadWords("Chưa có gì để ghi / words: expected what there is to note")
    member = None if ref is None else persons.find(connection, acting.case.id, ref)
    acting.note(
        connection,
        "noted",
        person_id=None if member is None else member.id,
        words=words,
    )


def events(connection: Connection, case_id: int, *, ref: str | None = None) -> list[Event]:
    """What happened in a case, or to one of its people, oldest first. Raises NotKnown."""
    refs = {
        row.id: row.ref
        for row in connection.execute(
            select(CasePerson.id, CasePerson.ref).where(CasePerson.case_id == case_id)
        )
    }
    query = select(CaseEvent.__table__).where(CaseEvent.case_id == case_id).order_by(CaseEvent.id)
    if ref is not None:
        wanted = [number for number, each in refs.items() if each == ref.strip().upper()]
        if not wanted:
            raise NotKnown(f"{ref[:32]!r}: nobody in this case has this reference")
        query = query.where(CaseEvent.person_id.in_(wanted))
    return [
        Event(
            at=iso(row.at_ms // 1000),
            by=row.made_by,
            kind=row.kind,
            person=refs.get(row.person_id, ""),
            detail=msgspec.json.decode(row.detail),
            words=row.words,
        )
        for row in connection.execute(query)
    ]


def _contact(connection: Connection, acting: Acting, ref: str) -> persons.Member:
    member = persons.find(connection, acting.case.id, ref)
    if member.role == persons.F0:
        raise Refused(f"{ref}: là F0 / is an index person, not a contact")
    return member


def kept_exposures(connection: Connection, case_id: int, ref: str) -> list[EvaluatedExposure]:
    """A contact's exposures as the last kept evaluation has them, scans included."""
    last = freezing.latest(connection, case_id)
    if last is None:
        return []
    content = freezing.load(connection, case_id, last, None).content
    for contact in content["contacts"]:
        if contact["ref"] == ref:
            return msgspec.convert(contact["exposures"], list[EvaluatedExposure])
    return []


class _Exposure(NamedTuple):
    source: str
    tier: str
    certain_s: int
    expected_s: int
    possible_s: int
    first: str
    places: list[str]


def _exposures(connection: Connection, case_id: int) -> dict[int, list[_Exposure]]:
    """By contact, the closest first."""
    index = CasePerson.__table__.alias("index_persons")
    rows = connection.execute(
        select(CaseExposure.__table__, index.c.ref)
        .join(index, index.c.id == CaseExposure.index_id)
        .where(index.c.case_id == case_id)
    )
    found: dict[int, list[_Exposure]] = defaultdict(list)
    for row in rows:
        found[row.contact_id].append(
            _Exposure(
                row.ref,
                row.tier,
                row.certain_s,
                row.expected_s,
                row.possible_s,
                iso(row.first_at),
                msgspec.json.decode(row.places, type=list[str]),
            )
        )
    for exposed in found.values():
        exposed.sort(key=lambda each: (each.tier, -each.expected_s, -each.certain_s))
    return found


def _notes(connection: Connection, case_id: int) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    rows = connection.scalars(
        select(CaseEvent.person_id).where(CaseEvent.case_id == case_id, CaseEvent.words != "")
    )
    for person in rows:
        if person is not None:
            counts[person] += 1
    return counts


def _rank(contact: CaseContact) -> tuple[object, ...]:
    tiers: Iterable[str] = (*TIERS, "")
    return (
        contact.role,
        list(tiers).index(contact.tier),
        -contact.expected_s,
        -contact.certain_s,
        -contact.possible_s,
        contact.ref,
    )
