"""What becomes of a case's contacts: called, promoted, set aside, handed over; and its record."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, bindparam, func, select, update

from fleet_server import database
from fleet_server.cases import freezing, roster
from fleet_server.cases.acting import Acting, BadWords, area_named, hold, line
from fleet_server.cases.freezing import Signer
from fleet_server.cases.results import Decided, EvaluatedExposure
from fleet_server.cases.states import DISMISSED, HANDED_OVER, NEEDS_WORDS, PROMOTED, WORDS
from fleet_server.errors import NotKnown, Refused
from fleet_server.models import CaseEvent, CasePerson
from fleet_server.times import iso
from fleet_server.tracing.answers import Time


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a case."""

    at: Time
    by: str
    kind: str
    person: str
    """Reference in the case; empty where it is about the case itself."""
    detail: dict[str, Any]
    words: str


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
        hold(connection, acting.case.ref)
        kept = None if sealed is None else freezing.keep(connection, acting, sealed)
        values: dict[str, object] = {"state": state}
        if state == PROMOTED:
            values["role"] = roster.F1
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
    member = None if ref is None else roster.find(connection, acting.case.id, ref)
    acting.note(
        connection,
        "noted",
        person_id=None if member is None else member.id,
        words=words,
    )


def events(connection: Connection, case_id: int, *, ref: str | None = None) -> list[Event]:
    """What happened in a case, or to one of its people, oldest first. Raises NotKnown."""
    query = _EVENTS.order_by(CaseEvent.id)
    if ref is not None:
        wanted = [each.id for each in roster.standing_for(connection, case_id, ref)]
        if not wanted:
            raise NotKnown(
                f"{ref[:32]!r}: không có trong ca này / nobody in this case has this reference"
            )
        query = query.where(CaseEvent.person_id.in_(wanted))
    return [_event(row) for row in connection.execute(query, {"case": case_id})]


def latest_events(connection: Connection, case_id: int, count: int) -> tuple[list[Event], int]:
    """The last so many things that happened in a case, newest first; and how many are older."""
    rows = connection.execute(_NEWEST, {"case": case_id, "count": count}).all()
    return [_event(row) for row in rows], rows[0].total - len(rows) if rows else 0


# Asked with pages of a case: built once.
_EVENTS: Final[Select[*tuple[Any, ...]]] = (
    select(CaseEvent.__table__, CasePerson.ref)
    .outerjoin(CasePerson, CasePerson.id == CaseEvent.person_id)
    .where(CaseEvent.case_id == bindparam("case"))
)
_NEWEST: Final = (
    _EVENTS.add_columns(func.count().over().label("total"))
    .order_by(CaseEvent.id.desc())
    .limit(bindparam("count"))
)


def _event(row: Row[Any]) -> Event:
    return Event(
        at=iso(row.at_ms // 1000),
        by=row.made_by,
        kind=row.kind,
        person=row.ref or "",
        detail=msgspec.json.decode(row.detail),
        words=row.words,
    )


def _contact(connection: Connection, acting: Acting, ref: str) -> roster.Member:
    member = roster.find(connection, acting.case.id, ref)
    if member.role == roster.F0:
        raise Refused(f"{ref}: là F0 / is an index person, not a contact")
    return member


def kept_exposures(connection: Connection, case_id: int, ref: str) -> list[EvaluatedExposure]:
    """A contact's exposures as the last kept evaluation has them, scans included."""
    last = freezing.latest(connection, case_id)
    if last is None:
        return []
    kept: _Kept = freezing.load(connection, case_id, last, None, part=_Kept).content
    for contact in kept.contacts:
        if contact.ref == ref:
            return msgspec.json.decode(contact.exposures, type=list[EvaluatedExposure])
    return []


class _KeptContact(msgspec.Struct, frozen=True):
    ref: str
    exposures: msgspec.Raw
    """Not read before it is known whose they are."""


class _Kept(msgspec.Struct, frozen=True):
    contacts: list[_KeptContact]
