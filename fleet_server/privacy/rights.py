"""Requests of people about their own data, from the desk to the answer. Reference: `right:<id>`.

A request is about the one person somebody found by a number read from a document at a desk. A code
proves nothing about its holder and finds nobody here.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from fleet_server.errors import NotKnown, Refused
from fleet_server.identity import audit, links
from fleet_server.models import RestrictedPerson, RightsRequest
from fleet_server.privacy.clocks import Due

PREFIX: Final = "right:"
KINDS: Final = ("view", "copy", "correct", "restrict", "delete")
DONE: Final = "done"
NOT_FOUND: Final = "not_found"
REFUSED: Final = "refused"
OUTCOMES: Final = (DONE, NOT_FOUND, REFUSED)
MAX_WORDS: Final = 500
_REQUESTS: Final = RightsRequest.__table__.c


class Request(NamedTuple):
    """One request as it stands."""

    id: int
    ref: str
    person: str
    """`P<id>` of today; empty where nobody is found, or any more."""
    kind: str
    asked_ms: int
    asked_by: str
    words: str
    acknowledge_by: int
    due_by: int
    acknowledged_at: int | None
    done_at: int | None
    done_by: str | None
    outcome: str


def ask(
    connection: Connection,
    kind: str,
    *,
    words: str,
    due: Due,
    area_id: int | None = None,
    at_ms: int,
    actor: str,
) -> str:
    """Writes a request down, of nobody yet; its reference. Raises Refused for an unknown kind.

    `area_id`: where the desk is; None: of no area.
    """
    if kind not in KINDS:
        raise Refused(f"{kind[:40]!r}: expected one of {', '.join(KINDS)}")
    if len(words) > MAX_WORDS or any(ord(each) < 32 for each in words):
        raise Refused(
            f"lời: tối đa {MAX_WORDS} chữ, trên một dòng / --words: expected at most {MAX_WORDS}"
            " characters on one line"
        )
    made = connection.scalar(
        insert(RightsRequest)
        .values(kind=kind, asked_ms=at_ms, asked_by=actor, words=words, **due._asdict())
        .values(outcome="", detail="", area_id=area_id)
        .returning(RightsRequest.id)
    )
    ref = f"{PREFIX}{made}"
    _log(connection, "asked", ref, at_ms=at_ms, actor=actor, detail={"kind": kind})
    return ref


def found(connection: Connection, ref: str, visitor: str, *, at_ms: int, actor: str) -> str:
    """Notes whom an open request is about; that person's reference today.

    Under the reference given, which says whom it is about after a link is undone, too.
    """
    request = _open(connection, ref)
    if request.person_id is not None:
        raise Refused(f"{ref}: đã biết là ai / is about somebody already")
    subject = f"P{links.resolve(connection, visitor)}"
    _set(connection, request.id, person_id=links.number_of(visitor))
    _log(connection, "found", ref, at_ms=at_ms, actor=actor, subject=subject)
    return subject


def acknowledge(connection: Connection, ref: str, *, at_ms: int, actor: str) -> None:
    """Notes that the person was told their request is being worked on."""
    request = _open(connection, ref)
    if request.acknowledged_at is not None:
        raise Refused(f"{ref}: đã báo nhận / is acknowledged already")
    _set(connection, request.id, acknowledged_at=at_ms // 1000)
    _log(connection, "acknowledged", ref, at_ms=at_ms, actor=actor)


def finish(
    connection: Connection,
    ref: str,
    *,
    outcome: str,
    at_ms: int,
    actor: str,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Closes an open request. It counts as acknowledged by then.

    `subject`: whom it was about, where that cannot be told from the request any more.
    """
    if outcome not in OUTCOMES:
        raise Refused(f"{outcome!r}: expected one of {', '.join(OUTCOMES)}")
    request = _open(connection, ref)
    at = at_ms // 1000
    if request.person_id is not None:
        subject = f"P{request.person_id}"
    _set(
        connection,
        request.id,
        acknowledged_at=at if request.acknowledged_at is None else request.acknowledged_at,
        done_at=at,
        done_by=actor,
        outcome=outcome,
        detail=json.dumps(detail or {}, sort_keys=True),
    )
    told = {"outcome": outcome, **(detail or {})}
    _log(connection, outcome, ref, at_ms=at_ms, actor=actor, subject=subject, detail=told)


def person_of(connection: Connection, ref: str) -> int | None:
    """The person of an open request as links make it today; None where not found yet.

    Raises NotKnown for a request that is not there, Refused for one that is closed.
    """
    person: int | None = _open(connection, ref).person_id
    return None if person is None else links.today(connection, [person])[person]


def as_found(connection: Connection, ref: str) -> int | None:
    """As `person_of`, as they were found: by the id that no link changes."""
    found: int | None = _open(connection, ref).person_id
    return found


def the_person(connection: Connection, ref: str, *kinds: str) -> int:
    """As `person_of`, for requests of these kinds; Refused where nobody was found yet."""
    request = _open(connection, ref)
    if kinds and request.kind not in kinds:
        raise Refused(
            f"{ref}: yêu cầu là {request.kind} / was asked as {request.kind}, not as"
            f" {' or '.join(kinds)}; `fleet person ask` writes down another"
        )
    person = person_of(connection, ref)
    if person is None:
        raise Refused(
            f"{ref}: chưa tìm được ai / nobody was found yet; `fleet person identify {ref}` finds"
        )
    return person


def get(connection: Connection, ref: str) -> Request:
    """One request, open or closed. Raises NotKnown."""
    (request,) = _requests(connection, [_row(connection, ref)])
    return request


def all_open(
    connection: Connection,
    *,
    overdue_at: int | None = None,
    where: ColumnElement[bool] | None = None,
) -> list[Request]:
    """Open requests, the most urgent first; of those only the overdue where a time is given.

    `where`: a condition on the desk they were asked at (`asked_at`).
    """
    query = select(*_REQUESTS).where(_REQUESTS.done_at.is_(None))
    rows = connection.execute(query if where is None else query.where(where)).all()
    requests = sorted(_requests(connection, rows), key=urgent)
    if overdue_at is None:
        return requests
    return [each for each in requests if next_by(each) <= overdue_at]


def closed(
    connection: Connection, *, limit: int, where: ColumnElement[bool] | None = None
) -> list[Request]:
    """Requests that were closed, the latest first."""
    query = select(*_REQUESTS).where(_REQUESTS.done_at.is_not(None))
    query = query.order_by(_REQUESTS.done_at.desc(), _REQUESTS.id.desc()).limit(limit)
    rows = connection.execute(query if where is None else query.where(where)).all()
    return _requests(connection, rows)


def asked_at(area_ids: Collection[int]) -> ColumnElement[bool]:
    """The requests that were asked at desks of these areas, whoever works there now."""
    return _REQUESTS.area_id.in_(area_ids)


def next_by(request: Request) -> int:
    """The next date that must not pass: the acknowledgement's until it is given."""
    if request.acknowledged_at is None:
        return min(request.acknowledge_by, request.due_by)
    return request.due_by


def urgent(request: Request) -> tuple[int, int]:
    """What requests are sorted by."""
    return next_by(request), request.id


def restrict(connection: Connection, ref: str, *, at_ms: int, actor: str) -> str:
    """From now on this person's data is kept and not used; their reference."""
    person = the_person(connection, ref, "restrict")
    if restricted(connection, [person]):
        raise Refused(f"{ref}: P{person} đã hạn chế / is restricted already")
    connection.execute(
        insert(RestrictedPerson).values(
            person_id=as_found(connection, ref), since_ms=at_ms, request_id=_number(ref)
        )
    )
    finish(connection, ref, outcome=DONE, at_ms=at_ms, actor=actor, detail={"restricted": True})
    return f"P{person}"


def lift(connection: Connection, ref: str, *, at_ms: int, actor: str) -> None:
    """Ends the restriction that a request made. Raises NotKnown, Refused where none is in force."""
    request = _row(connection, ref)
    lifted = connection.execute(
        update(RestrictedPerson)
        .where(RestrictedPerson.request_id == request.id, RestrictedPerson.lifted_ms.is_(None))
        .values(lifted_ms=at_ms)
        .returning(RestrictedPerson.person_id)
    ).all()
    if not lifted:
        raise Refused(f"{ref}: không có hạn chế / no restriction in force was made by it")
    subject = f"P{lifted[0].person_id}"
    _log(connection, "lifted", ref, at_ms=at_ms, actor=actor, subject=subject)


def restricted(connection: Connection, person_ids: Collection[int]) -> set[int]:
    """Those of `person_ids` whose data must not be used, under whatever id it was asked for."""
    resting = connection.scalars(
        select(RestrictedPerson.person_id).where(RestrictedPerson.lifted_ms.is_(None))
    ).all()
    if not resting or not person_ids:
        return set()
    ends = set(links.today(connection, resting).values())
    leads = links.today(connection, person_ids)
    return {person for person in person_ids if leads.get(person) in ends}


def _open(connection: Connection, ref: str) -> Row[Any]:
    row = _row(connection, ref)
    if row.done_at is not None:
        raise Refused(f"{ref}: đã xong / is closed ({row.outcome})")
    return row


def _row(connection: Connection, ref: str) -> Row[Any]:
    row = connection.execute(select(*_REQUESTS).where(_REQUESTS.id == _number(ref))).one_or_none()
    if row is None:
        raise NotKnown(f"{ref}: không có yêu cầu này / no such request")
    return row


def _number(ref: str) -> int:
    number = ref.removeprefix(PREFIX)
    if number == ref or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise NotKnown(f"{ref!r}: expected the reference of a request such as right:12")
    return int(number)


def _requests(connection: Connection, rows: Sequence[Row[Any]]) -> list[Request]:
    leads = links.today(connection, {row.person_id for row in rows if row.person_id is not None})
    kept = [name for name in Request._fields if name not in ("ref", "person")]
    return [
        Request(
            ref=f"{PREFIX}{row.id}",
            person=f"P{leads[row.person_id]}" if row.person_id in leads else "",
            **{name: getattr(row, name) for name in kept},
        )
        for row in rows
    ]


def _set(connection: Connection, request_id: int, **values: object) -> None:
    connection.execute(update(RightsRequest).where(RightsRequest.id == request_id).values(**values))


def _log(
    connection: Connection,
    what: str,
    ref: str,
    *,
    at_ms: int,
    actor: str,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action=f"right.{what}",
        case_ref=ref,
        subject=subject,
        detail=detail,
    )


note: Final = _log
"""One line in the audit log about a request."""
