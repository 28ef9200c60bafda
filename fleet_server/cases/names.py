"""Whose names are opened for a case: a few alone, more with a second person, or by breaking the
glass. The vault holds to the same rules whatever is asked here.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from fleet_server import database
from fleet_server.auth.permissions import Permission
from fleet_server.cases import roster
from fleet_server.cases.acting import Acting, Actor, BadWords, line
from fleet_server.cases.communes import Communes
from fleet_server.database import chunks
from fleet_server.errors import Already, NotKnown, Refused
from fleet_server.fleet import areas
from fleet_server.identity import links
from fleet_server.identity.vault_messages import MAX_PERSONS, OpenedPerson
from fleet_server.models import Case, CasePerson, NameOpening
from fleet_server.times import iso
from fleet_server.tracing.answers import Time
from wire.records import IdentityPart

ASKED: Final = "asked"
APPROVED: Final = "approved"
REFUSED: Final = "refused"
BROKEN: Final = "broken_glass"
REVIEWED: Final = "reviewed"
HOUR_MS: Final = 3_600_000


class Opener(Protocol):
    """Who opens names: the vault."""

    def open(
        self,
        persons: Sequence[str],
        *,
        case: str,
        purpose: str,
        actor: str,
        opening: int | None = None,
    ) -> list[OpenedPerson]: ...


class Named(NamedTuple):
    """A person of the case with what the vault knows of them."""

    ref: str
    part: IdentityPart
    restricted: bool
    unreadable: int


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A request to open names, and what became of it."""

    id: int
    asked_at: Time
    asked_by: str
    purpose: str
    persons: int
    state: str
    reason: str
    decided_by: str | None
    review_until: Time | None
    verdict: str


def open_names(
    engine: Engine,
    vault: Opener,
    acting: Acting,
    refs: Sequence[str],
    *,
    purpose: str,
    opening: int | None = None,
) -> list[Named]:
    """The names of these people of the case, in their order, on record before they are given.

    Learns from addresses which commune calls. Raises VaultAway, NotPermitted, NotKnown.
    """
    with engine.connect() as connection:
        wanted = roster.find_all(connection, acting.case.id, refs)
    named: list[Named] = []
    for some in chunks(wanted, MAX_PERSONS):
        opened = vault.open(
            [f"P{member.person_id}" for member in some],
            case=acting.case.ref,
            purpose=purpose,
            actor=acting.actor.name,
            opening=opening,
        )
        named += [
            Named(member.ref, each.known, each.restricted, each.unreadable)
            for member, each in zip(some, opened, strict=True)
        ]
    with engine.execution_options(**database.WRITES).begin() as connection:
        _learn_communes(connection, named, {member.ref: member.id for member in wanted})
    return named


def ask(connection: Connection, acting: Acting, refs: Collection[str], *, purpose: str) -> int:
    """Asks a second person to approve; the request's number. Raises NotKnown, BadWords."""
    return _request(connection, acting, refs, purpose, state=ASKED)


def break_glass(
    connection: Connection,
    acting: Acting,
    refs: Collection[str],
    *,
    purpose: str,
    reason: str,
    review_hours: int,
) -> int:
    """Goes ahead alone because nobody can be waited for; a second person reviews it in time."""
    reason = line("reason", reason, 500)
    if not reason:
        raise BadWords(
            "Cần nêu vì sao không đợi được / reason: expected why nobody could be waited for"
        )
    return _request(
        connection,
        acting,
        refs,
        purpose,
        state=BROKEN,
        reason=reason,
        decided_ms=acting.now_ms,
        review_until_ms=acting.now_ms + review_hours * HOUR_MS,
    )


def decide(
    connection: Connection, acting: Acting, opening: int, *, approve: bool, reason: str = ""
) -> None:
    """Approves or refuses a request. Raises NotKnown, Refused for the asker and for one decided."""
    acting.actor.must(Permission.CASES_DECIDE)
    found = _found(connection, acting, opening)
    if found.state != ASKED:
        raise Already(f"opening {opening}: đã quyết định rồi / is {found.state} already")
    if found.asked_by == acting.actor.name:
        raise Refused(
            f"opening {opening}: người hỏi không tự duyệt / who asked does not approve;"
            " a second person does"
        )
    state = APPROVED if approve else REFUSED
    connection.execute(
        update(NameOpening)
        .where(NameOpening.id == opening)
        .values(
            state=state,
            decided_ms=acting.now_ms,
            decided_by=acting.actor.name,
            reason=line("reason", reason, 500),
        )
    )
    acting.note(connection, f"names_{state}", detail={"opening": opening, "persons": found.persons})


def review(connection: Connection, acting: Acting, opening: int, verdict: str) -> None:
    """What a second person finds of a broken glass. Raises NotKnown, Refused, BadWords."""
    acting.actor.must(Permission.CASES_DECIDE)
    found = _found(connection, acting, opening)
    if found.state != BROKEN:
        raise Already(
            f"opening {opening}: không có gì để xem lại / is {found.state}, no broken glass"
        )
    if found.asked_by == acting.actor.name:
        raise Refused(
            f"opening {opening}: người phá kính không tự xem lại / who broke the glass does not"
            " review it"
        )
    verdict = line("verdict", verdict, 500)
    if not verdict:
        raise BadWords("Cần ghi kết luận / verdict: expected what the review found")
    connection.execute(
        update(NameOpening)
        .where(NameOpening.id == opening)
        .values(state=REVIEWED, decided_by=acting.actor.name, verdict=verdict)
    )
    acting.note(connection, "names_reviewed", detail={"opening": opening}, words=verdict)


def listed(connection: Connection, case_id: int) -> list[Opening]:
    """Requests of a case, oldest first."""
    rows = connection.execute(
        select(NameOpening.__table__).where(NameOpening.case_id == case_id).order_by(NameOpening.id)
    )
    return [seen(row) for row in rows]


def seen(row: Row[Any]) -> Opening:
    """A row of `name_openings` as it is said."""
    return Opening(
        id=row.id,
        asked_at=iso(row.asked_ms // 1000),
        asked_by=row.asked_by,
        purpose=row.purpose,
        persons=len(msgspec.json.decode(row.persons)),
        state=row.state,
        reason=row.reason,
        decided_by=row.decided_by,
        review_until=None if row.review_until_ms is None else iso(row.review_until_ms // 1000),
        verdict=row.verdict,
    )


class Waiting(NamedTuple):
    """A request of some case that waits for a second person."""

    case: str
    opening: Opening


def waiting(connection: Connection, actor: Actor) -> list[Waiting]:
    """Requests to decide and broken glasses to review in open cases of the actor's area, what is
    due first; not the actor's own. Raises Refused.
    """
    actor.must(Permission.CASES_DECIDE)
    query = (
        select(NameOpening.__table__, Case.ref.label("case"))
        .join(Case, Case.id == NameOpening.case_id)
        .where(
            NameOpening.state.in_((ASKED, BROKEN)),
            NameOpening.asked_by != actor.name,
            Case.closed_at.is_(None),
        )
        .order_by(func.coalesce(NameOpening.review_until_ms, NameOpening.asked_ms), NameOpening.id)
    )
    if actor.area_id is not None:
        query = query.where(Case.area_id.in_(areas.below(connection, actor.area_id)))
    return [Waiting(row.case, seen(row)) for row in connection.execute(query)]


def people_of(connection: Connection, acting: Acting, opening: int) -> list[str]:
    """Whom a request is about: the references of those who are still in the case."""
    asked = connection.scalar(
        select(NameOpening.persons).where(
            NameOpening.id == opening, NameOpening.case_id == acting.case.id
        )
    )
    if asked is None:
        raise NotKnown(f"opening {opening}: không có trong ca này / no such request in this case")
    numbers = msgspec.json.decode(asked, type=list[int])
    people = connection.scalars(select(CasePerson.person_id).where(CasePerson.id.in_(numbers)))
    # Whoever links made one with somebody who was asked for is that person.
    wanted = set(links.today(connection, people).values())
    members = roster.members(connection, acting.case.id)
    found = [member.ref for member in members if member.person_id in wanted]
    if not found:
        raise NotKnown(
            f"opening {opening}: không còn ai trong ca này / nobody it was asked for is in this"
            " case any more"
        )
    return found


def _request(
    connection: Connection,
    acting: Acting,
    refs: Collection[str],
    purpose: str,
    *,
    state: str,
    **values: object,
) -> int:
    purpose = line("purpose", purpose, 200)
    if not purpose:
        raise BadWords("Cần nêu để làm gì / purpose: expected what the names are for")
    members = roster.find_all(connection, acting.case.id, refs)
    if not members:
        raise NotKnown(
            "Hãy chọn mở tên của ai / expected whose names, by their references in the case"
        )
    made = connection.scalar(
        insert(NameOpening)
        .values(
            case_id=acting.case.id,
            asked_ms=acting.now_ms,
            asked_by=acting.actor.name,
            purpose=purpose,
            persons=msgspec.json.encode([member.id for member in members]).decode(),
            state=state,
            **values,
        )
        .returning(NameOpening.id)
    )
    acting.note(
        connection,
        f"names_{state}",
        purpose=purpose,
        detail={"opening": made, "persons": len(members)},
        words=str(values.get("reason", "")),
    )
    return int(made or 0)


def _found(connection: Connection, acting: Acting, opening: int) -> Opening:
    for each in listed(connection, acting.case.id):
        if each.id == opening:
            return each
    raise NotKnown(f"opening {opening}: không có trong ca này / no such request in this case")


def _learn_communes(connection: Connection, named: Sequence[Named], ids: dict[str, int]) -> None:
    """What people live in calls them, unless somebody said otherwise by hand."""
    communes = Communes.load(connection)
    by_area: dict[int, list[int]] = {}
    for each in named:
        area_id = communes.of(each.part.address)
        if area_id is not None:
            by_area.setdefault(area_id, []).append(ids[each.ref])
    for area_id, members in by_area.items():
        for some in chunks(members):
            connection.execute(
                update(CasePerson)
                .where(CasePerson.id.in_(some), CasePerson.area_source != "by_hand")
                .values(area_id=area_id, area_source="address")
            )
