"""Administrative areas: a tree whose units are created, and later merged, split or renamed."""

from typing import NamedTuple

from sqlalchemy import Connection, func, insert, or_, select

from fleet_server import folding
from fleet_server.errors import NotKnown
from fleet_server.fleet.references import Taken, Unfit, check_name, unknown
from fleet_server.fleet.units import LEVELS, is_code
from fleet_server.identity import audit
from fleet_server.models import Area, Venue


class ListedArea(NamedTuple):
    """One area in force. Seconds UTC."""

    code: str
    level: str
    name: str
    name_en: str
    parent: str | None
    valid_from: int


class Version(NamedTuple):
    """One version of an area. Seconds UTC."""

    name: str
    name_en: str
    level: str
    parent: str | None
    valid_from: int
    valid_to: int | None
    successor: str | None
    """Code of the one that took it in, or that it goes on as."""


class ShownArea(NamedTuple):
    """An area under one code: all its versions, latest first, and what lies in it today."""

    code: str
    versions: tuple[Version, ...]
    below: int
    venues: int


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
    if not is_code(code):
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
        if (after := followed(connection, code)) is not None:
            row = connection.execute(select(Area.code, Area.name).where(Area.id == after)).one()
            raise NotKnown(f"area {code}: đã nhập vào / is now part of {row.code} {row.name}")
        known = connection.scalars(select(Area.code).where(Area.valid_to.is_(None)))
        raise unknown("area", code, known)
    return found


def followed(connection: Connection, code: str) -> int | None:
    """The id of the area in force that an area of this code is, or went to; None: there is none."""
    last = select(Area.id, Area.valid_to, Area.successor_id)
    row = connection.execute(
        last.where(Area.code == code).order_by(Area.valid_from.desc()).limit(1)
    ).one_or_none()
    while row is not None and row.valid_to is not None:
        row = connection.execute(last.where(Area.id == row.successor_id)).one_or_none()
    return None if row is None else row.id


def shown(connection: Connection, code: str) -> ShownArea:
    """All that is known of an area, also of one that ended. Raises NotKnown."""
    parents, after = Area.__table__.alias("parents"), Area.__table__.alias("after")
    rows = connection.execute(
        select(
            *(Area.name, Area.name_en, Area.level, parents.c.code),
            *(Area.valid_from, Area.valid_to, after.c.code),
        )
        .outerjoin(parents, parents.c.id == Area.parent_id)
        .outerjoin(after, after.c.id == Area.successor_id)
        .where(Area.code == code)
        .order_by(Area.valid_from.desc())
    ).all()
    if not rows:
        raise unknown("area", code, connection.scalars(select(Area.code).distinct()))
    mine = select(Area.id).where(Area.code == code)
    below = select(func.count()).where(Area.parent_id.in_(mine), Area.valid_to.is_(None))
    venues = select(func.count()).where(Venue.area_id.in_(mine), Venue.closed_at.is_(None))
    return ShownArea(
        code,
        tuple(Version(*row) for row in rows),
        connection.scalar(below) or 0,
        connection.scalar(venues) or 0,
    )


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


class Child(NamedTuple):
    """An area in force and how many lie directly in it."""

    code: str
    level: str
    name: str
    name_en: str
    below: int


class Hit(NamedTuple):
    """A version of an area that a search found. Seconds UTC."""

    code: str
    level: str
    name: str
    name_en: str
    parent: str
    """The name of the one it lies in; empty on top."""
    valid_to: int | None


def children(connection: Connection, parent: str | None) -> list[Child]:
    """What lies directly in an area under this code today; None: what lies in none."""
    inside = Area.__table__.alias("inside")
    below = (
        select(inside.c.parent_id, func.count().label("count"))
        .where(inside.c.valid_to.is_(None))
        .group_by(inside.c.parent_id)
        .subquery()
    )
    there = Area.parent_id.is_(None)
    if parent is not None:
        there = Area.parent_id.in_(select(inside.c.id).where(inside.c.code == parent))
    rows = connection.execute(
        select(Area.code, Area.level, Area.name, Area.name_en, func.coalesce(below.c.count, 0))
        .outerjoin(below, below.c.parent_id == Area.id)
        .where(there, Area.valid_to.is_(None))
        .order_by(Area.code)
    )
    return [Child(*row) for row in rows]


def search(connection: Connection, text: str, *, limit: int) -> list[Hit]:
    """Areas, in force or ended, by code or a part of their name; those in force first."""
    parents = Area.__table__.alias("parents")
    fits = or_(
        Area.code == text,
        folding.holds(Area.name, text),
        folding.holds(Area.name_en, text),
    )
    rows = connection.execute(
        select(
            *(Area.code, Area.level, Area.name, Area.name_en),
            func.coalesce(parents.c.name, ""),
            Area.valid_to,
        )
        .outerjoin(parents, parents.c.id == Area.parent_id)
        .where(fits)
        .order_by(Area.valid_to.is_not(None), Area.code, Area.valid_from.desc())
        .limit(limit)
    )
    return [Hit(*row) for row in rows]


def within(connection: Connection, area_id: int | None, top: int | None) -> bool:
    """Whether an area is `top` or lies below it; `top` None: everywhere."""
    if top is None:
        return True
    while area_id is not None:
        if area_id == top:
            return True
        area_id = connection.scalar(select(Area.parent_id).where(Area.id == area_id))
    return False


def below(connection: Connection, top: int) -> set[int]:
    """An area and all below it."""
    found, frontier = {top}, {top}
    while frontier:
        frontier = set(connection.scalars(select(Area.id).where(Area.parent_id.in_(frontier))))
        frontier -= found
        found |= frontier
    return found
