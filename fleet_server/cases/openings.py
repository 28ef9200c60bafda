"""Requests to open names over all cases: whether each broken glass was reviewed, and in time."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, select, true

from fleet_server.cases import names
from fleet_server.cases.names import Waiting
from fleet_server.models import Case, NameOpening

OVERDUE: Final = "overdue"
"""Stands for a broken glass whose time for a review is over."""
STATES: Final = (
    OVERDUE,
    names.BROKEN,
    names.ASKED,
    names.APPROVED,
    names.REFUSED,
    names.REVIEWED,
)


def listed(
    connection: Connection,
    state: str,
    *,
    now_ms: int,
    areas: Collection[int] | None,
    limit: int,
    before: int | None = None,
) -> list[Waiting]:
    """Requests in one of STATES or, for any other word, all; the newest first, numbers below
    `before`. `areas`: ids of those the cases lie in; None: everywhere.
    """
    query = (
        select(NameOpening.__table__, Case.ref.label("case"))
        .join(Case, Case.id == NameOpening.case_id)
        .where(_inside(areas), _is(state, now_ms))
        .order_by(NameOpening.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(NameOpening.id < before)
    return [Waiting(row.case, names.seen(row)) for row in connection.execute(query)]


def counted(
    connection: Connection, *, now_ms: int, areas: Collection[int] | None
) -> dict[str, int]:
    """How many there are by state."""
    rows = connection.execute(
        select(NameOpening.state, _is(OVERDUE, now_ms).label("late"), func.count().label("many"))
        .join(Case, Case.id == NameOpening.case_id)
        .where(_inside(areas))
        .group_by(NameOpening.state, "late")
    )
    found = dict.fromkeys(STATES, 0)
    for row in rows:
        found[row.state] += row.many
        if row.late:
            found[OVERDUE] += row.many
    return found


def _is(state: str, now_ms: int) -> ColumnElement[bool]:
    if state == OVERDUE:
        late = func.coalesce(NameOpening.review_until_ms, now_ms) < now_ms
        return and_(NameOpening.state == names.BROKEN, late)
    return NameOpening.state == state if state in STATES else true()


def _inside(areas: Collection[int] | None) -> ColumnElement[bool]:
    return true() if areas is None else Case.area_id.in_(areas)
