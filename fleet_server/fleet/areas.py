"""Administrative areas: a tree whose units are created, and later merged, split or renamed."""

import re
from typing import Final, NamedTuple

from sqlalchemy import Connection, insert, or_, select

from fleet_server.fleet.references import Taken, Unfit, check_name, unknown
from fleet_server.identity import audit
from fleet_server.models import Area

LEVELS: Final = ("province", "district", "commune")
"""From the top down. Districts ended in July 2025; older plans and records still name them."""
_CODE: Final = re.compile(r"[0-9A-Za-z-]{1,16}")


class ListedArea(NamedTuple):
    """One area in force. Seconds UTC."""

    code: str
    level: str
    name: str
    name_en: str
    parent: str | None
    valid_from: int


def create(
    connection: Connection,
    *,
    code: str,
    name: str,
    level: str,
    parent: str | None,
    name_en: str = "",
    at_ms: int,
    actor: str,
) -> None:
    """Write down an area in force from now on. Raises Unfit, Taken, NotKnown."""
    if _CODE.fullmatch(code) is None:
        raise Unfit(f"area {code[:80]!r}: expected a code of 1 to 16 digits, such as 00001")
    if level not in LEVELS:
        raise Unfit(f"level {level[:80]!r}: expected one of {', '.join(LEVELS)}")
    if connection.scalar(select(Area.id).where(Area.code == code, Area.valid_to.is_(None))):
        raise Taken(f"area {code}: đã có / is there already")
    parent_id = None
    if parent is not None:
        parent_id = in_force(connection, parent)
        above = connection.scalar(select(Area.level).where(Area.id == parent_id)) or ""
        if above not in LEVELS[: LEVELS.index(level)]:
            raise Unfit(f"parent {parent}: a {above} is not above a {level}")
    connection.execute(
        insert(Area).values(
            code=code,
            level=level,
            name=check_name("name", name),
            name_en=check_name("English name", name_en) if name_en else "",
            parent_id=parent_id,
            valid_from=at_ms // 1000,
        )
    )
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="area.created",
        subject=code,
        detail={"level": level, "parent": parent},
    )


def in_force(connection: Connection, code: str) -> int:
    """The id of the area with this code as it is today. Raises NotKnown."""
    found = connection.scalar(select(Area.id).where(Area.code == code, Area.valid_to.is_(None)))
    if found is None:
        known = connection.scalars(select(Area.code).where(Area.valid_to.is_(None)))
        raise unknown("area", code, known)
    return found


def listed(connection: Connection, *, under: str | None = None) -> list[ListedArea]:
    """Areas in force by code; with `under`, that one and those directly below it."""
    parents = Area.__table__.alias("parents")
    query = (
        select(Area.code, Area.level, Area.name, Area.name_en, parents.c.code, Area.valid_from)
        .outerjoin(parents, parents.c.id == Area.parent_id)
        .where(Area.valid_to.is_(None))
        .order_by(Area.code)
    )
    if under is not None:
        top = in_force(connection, under)
        query = query.where(or_(Area.id == top, Area.parent_id == top))
    return [ListedArea(*row) for row in connection.execute(query)]
