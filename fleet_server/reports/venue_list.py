"""Venues by name, for whoever looks for one."""

from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, or_, select

from fleet_server import folding
from fleet_server.models import Venue

PAGE: Final = 100
"""Venues at a time."""


class Listed(NamedTuple):
    """A venue by what it is called."""

    ref: str
    name: str


def listed(
    connection: Connection,
    reach: ColumnElement[bool],
    *,
    text: str = "",
    offset: int = 0,
    limit: int = PAGE,
) -> list[Listed]:
    """Venues within `reach` whose name or reference holds `text`, by name."""
    statement = select(Venue.ref, Venue.name).where(reach)
    if text:
        held = (folding.holds(each, text) for each in (Venue.name, Venue.ref))
        statement = statement.where(or_(*held))
    rows = connection.execute(statement.order_by(Venue.name, Venue.ref).limit(limit).offset(offset))
    return [Listed(*row) for row in rows]
