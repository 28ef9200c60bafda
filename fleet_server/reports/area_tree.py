"""The tree of areas seen from one of them, or from above all."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from fleet_server.fleet import areas
from fleet_server.models import Area


class Unit(NamedTuple):
    """One area in one version."""

    id: int
    code: str
    name: str
    name_en: str
    level: str
    parent_id: int | None
    valid_to: int | None
    successor_id: int | None


class AreaTree:
    """All versions of all areas; `top` is what it is seen from, None: from above all."""

    def __init__(self, connection: Connection, code: str | None) -> None:
        """`code` of an area in force, or of one that went to such. Raises NotKnown."""
        self.top: int | None = None
        if code is not None:
            self.top = areas.followed(connection, code) or areas.in_force(connection, code)
        columns = (getattr(Area, name) for name in Unit._fields)
        rows = connection.execute(select(*columns).order_by(Area.code))
        self.units = {row.id: Unit(*row) for row in rows}
        there = [unit for unit in self.units.values() if unit.valid_to is None]
        self.children = [unit.id for unit in there if unit.parent_id == self.top]
        self.inside = [unit for unit in there if self.holds(unit.id)]
        """In force, the top among them."""

    def holds(self, area_id: int | None) -> bool:
        """Whether an area is the top or lies below it."""
        return self.top is None or self._below(area_id) is not None

    def child_of(self, area_id: int | None) -> int | None:
        """Which area directly below the top one lies in; the top itself for its own places."""
        return self._below(area_id)

    def ids(self) -> list[int] | None:
        """All areas, ended ones too, that lie in the top; None: no matter which."""
        if self.top is None:
            return None
        return [area_id for area_id in self.units if self.holds(area_id)]

    def as_it_was(self, area_id: int) -> list[int]:
        """An area and what it was before, as long as nothing else went into it."""
        before: dict[int, list[int]] = {}
        for unit in self.units.values():
            if unit.successor_id is not None:
                before.setdefault(unit.successor_id, []).append(unit.id)
        found = [area_id]
        while len(earlier := before.get(found[-1], [])) == 1:
            found += earlier
        return found

    def _below(self, area_id: int | None) -> int | None:
        """The last area on the way up before the top; the top for itself, None for outside."""
        while area_id is not None and area_id != self.top:
            above = self.units[area_id].parent_id
            if above == self.top:
                return area_id
            area_id = above
        return area_id
