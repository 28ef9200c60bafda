"""What venues' managers tell tracers, and what became of it. On the audit log without its words."""

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from fleet_server.errors import Already, NotKnown
from fleet_server.fleet.references import Unfit
from fleet_server.identity import audit
from fleet_server.models import Venue, VenueReport
from fleet_server.reports.venue_log import LoggedVenue

MAX_WORDS: Final = 500
MAX_SPAN_S: Final = 3 * 86_400
SHOWN: Final = 20
"""Of a venue's own, the newest."""


class Told(NamedTuple):
    """One report. Seconds UTC, but `told_ms` and `seen_ms`."""

    id: int
    venue: str
    venue_name: str
    since: int
    until: int
    words: str
    told_ms: int
    told_by: str
    seen_ms: int | None
    seen_by: str | None
    answer: str


def tell(
    connection: Connection,
    where: LoggedVenue,
    *,
    since: int,
    until: int,
    words: str,
    at_ms: int,
    actor: str,
) -> int:
    """Writes down what happened in [since, until]; the report's number. Raises Unfit."""
    words = _line(words)
    if not words:
        raise Unfit("Hãy viết chuyện gì đã xảy ra / expected what happened, in a few words")
    if not 0 < until - since <= MAX_SPAN_S:
        raise Unfit(
            "Cần giờ kết thúc sau giờ bắt đầu, trong 3 ngày / expected an end after the"
            " beginning, within 3 days"
        )
    if since > at_ms // 1000:
        raise Unfit("Giờ bắt đầu chưa tới / the beginning has not been yet")
    made = connection.scalar(
        insert(VenueReport)
        .values(
            venue_id=where.id,
            since=since,
            until=until,
            words=words,
            told_ms=at_ms,
            told_by=actor,
        )
        .returning(VenueReport.id)
    )
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="venue.told",
        subject=where.ref,
        detail={"report": made},
    )
    return int(made or 0)


def of_venue(connection: Connection, where: LoggedVenue) -> list[Told]:
    """The venue's own, the newest first."""
    return _listed(connection, VenueReport.venue_id == where.id, limit=SHOWN)


def told(
    connection: Connection,
    reach: ColumnElement[bool],
    *,
    offset: int = 0,
    limit: int,
) -> list[Told]:
    """Those of venues within `reach` (of `Venue`): unanswered first, then the newest."""
    return _listed(connection, reach, offset=offset, limit=limit, open_first=True)


def waiting(connection: Connection, reach: ColumnElement[bool]) -> int:
    """How many nobody has answered."""
    query = select(func.count()).select_from(VenueReport).join(Venue).where(reach)
    return connection.scalar(query.where(VenueReport.seen_ms.is_(None))) or 0


def answer(
    connection: Connection,
    reach: ColumnElement[bool],
    number: int,
    words: str,
    *,
    at_ms: int,
    actor: str,
) -> None:
    """What a tracer made of it. Raises NotKnown outside `reach`, Already, Unfit."""
    row = connection.execute(
        select(VenueReport.seen_ms, Venue.ref)
        .join(Venue)
        .where(VenueReport.id == number, reach)
        .with_for_update(of=VenueReport)
    ).one_or_none()
    if row is None:
        raise NotKnown(f"report {number}: không có / no such report")
    if row.seen_ms is not None:
        raise Already(f"report {number}: đã có người trả lời / is answered already")
    words = _line(words)
    if not words:
        raise Unfit("Hãy viết đã làm gì / expected what became of it")
    connection.execute(
        update(VenueReport)
        .where(VenueReport.id == number)
        .values(seen_ms=at_ms, seen_by=actor, answer=words)
    )
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="venue.answered",
        subject=row.ref,
        detail={"report": number},
    )


def _listed(
    connection: Connection,
    which: ColumnElement[bool],
    *,
    limit: int,
    offset: int = 0,
    open_first: bool = False,
) -> list[Told]:
    order: list[ColumnElement[Any]] = [VenueReport.told_ms.desc(), VenueReport.id.desc()]
    if open_first:
        order.insert(0, VenueReport.seen_ms.is_not(None))
    rows = connection.execute(
        select(VenueReport.__table__, Venue.ref, Venue.name)
        .join(Venue, Venue.id == VenueReport.venue_id)
        .where(which)
        .order_by(*order)
        .offset(offset)
        .limit(limit)
    )
    return [_told(row) for row in rows]


def _told(row: Row[Any]) -> Told:
    return Told(
        row.id,
        row.ref,
        row.name,
        row.since,
        row.until,
        row.words,
        row.told_ms,
        row.told_by,
        row.seen_ms,
        row.seen_by,
        row.answer,
    )


def _line(words: str) -> str:
    words = " ".join(words.split())
    if len(words) > MAX_WORDS or not words.isprintable():
        raise Unfit(f"Nhiều nhất {MAX_WORDS} chữ cái / expected up to {MAX_WORDS} letters")
    return words
