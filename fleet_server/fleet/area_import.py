"""A list of units becomes the tree in force; what it replaces stays, with who came after it.

All or nothing, and the same list twice changes nothing. Venues and cases follow to the unit that
took theirs in. An access code follows a unit that goes on under its code, but not into another
one's: nobody comes to see more by a merger unasked.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from fleet_server.fleet.units import LEVELS, BadUnits, Unit, Wrong
from fleet_server.identity import audit
from fleet_server.models import AccessToken, Account, Area, Case, CasePerson, RightsRequest, Venue
from fleet_server.times import iso

FOLLOW: Final = (
    Venue.__table__,
    Case.__table__,
    CasePerson.__table__,
    RightsRequest.__table__,
)
"""Whose `area_id` goes on to the unit that took the old one in."""
_AREA: Final = Area.__table__.c


class Imported(NamedTuple):
    """What a list changed."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    """Under their code since with another name, level, parent or extent."""
    ended: tuple[str, ...]
    unchanged: int
    not_in_list: int
    """In force without standing in the list, and left so."""
    venues_without: tuple[str, ...]
    """Venues in units that ended and that nobody took in."""
    codes_ended: int
    """Access codes for units that are no more."""
    accounts_ended: int
    """Accounts of people whose unit is no more."""


def take(
    connection: Connection,
    units: dict[str, Unit],
    *,
    since: int,
    complete: bool = False,
    at_ms: int,
    actor: str,
) -> Imported:
    """Writes the units down as in force from `since`, seconds UTC. Raises BadUnits.

    `complete`: the list is all there is: what it does not name ends.
    """
    job = _Import(connection, units, since)
    job.check()
    for level in LEVELS:
        for unit in units.values():
            if unit.level == level:
                job.put(unit)
    for unit in units.values():
        job.merge(unit)
    rest = job.in_force.keys() - units.keys()
    if complete:
        for code in sorted(rest):
            job.end(code, None)
        rest = set()
    job.check_parents()
    homeless = connection.scalars(
        select(Venue.ref)
        .join(Area, Area.id == Venue.area_id)
        .where(Area.valid_to.is_not(None))
        .order_by(Venue.ref)
    )
    for_ended = (
        select(func.count())
        .select_from(table)
        .join(Area, Area.id == table.area_id)
        .where(Area.valid_to.is_not(None))
        for table in (AccessToken, Account)
    )
    codes, accounts = (connection.scalar(each) or 0 for each in for_ended)
    done = Imported(
        new=tuple(job.new),
        changed=tuple(job.changed),
        ended=tuple(job.ended),
        unchanged=len(units) - len(job.new) - len(job.changed),
        not_in_list=len(rest),
        venues_without=tuple(homeless),
        codes_ended=codes,
        accounts_ended=accounts,
    )
    if job.new or job.changed or job.ended:
        detail = {
            "since": iso(since),
            "new": len(job.new),
            "changed": job.changed,
            "ended": job.ended,
        }
        audit.append(connection, at_ms=at_ms, actor=actor, action="areas.imported", detail=detail)
    return done


class _Import:
    """One list on its way in."""

    def __init__(self, connection: Connection, units: dict[str, Unit], since: int) -> None:
        self.connection = connection
        self.units = units
        self.since = since
        rows = connection.execute(select(Area.__table__).order_by(Area.id)).mappings().all()
        self.by_id: dict[int, RowMapping] = {row["id"]: row for row in rows}
        self.last = {row["code"]: row["id"] for row in rows}
        """The last version of each code."""
        self.in_force = {row["code"]: row["id"] for row in rows if row["valid_to"] is None}
        self.new: list[str] = []
        self.changed: list[str] = []
        self.ended: list[str] = []

    def check(self) -> None:
        """Raises BadUnits for all that does not fit together."""
        wrong = [
            Wrong(unit.line, words) for unit in self.units.values() for words in self._wrong(unit)
        ]
        taken: dict[str, Unit] = {}
        for unit in self.units.values():
            for code in unit.replaces:
                other = taken.setdefault(code, unit)
                if other is not unit:
                    wrong.append(Wrong(unit.line, f"replaces {code}: so does line {other.line}"))
        if wrong:
            raise BadUnits(wrong)

    def put(self, unit: Unit) -> None:
        """One unit as it is from now on."""
        parent_id = self.in_force[unit.parent] if unit.parent else None
        before = self.in_force.get(unit.code)
        values: dict[str, Any] = {
            "level": unit.level,
            "name": unit.name,
            "name_en": unit.name_en,
            "parent_id": parent_id,
        }
        if before is None:
            self.in_force[unit.code] = self._insert(unit.code, values)
            self.new.append(unit.code)
            return
        row = self.by_id[before]
        same = all(row[key] == value for key, value in values.items() if key != "parent_id")
        same = same and self._parent_code(row) == unit.parent
        if same and not any(code in self.in_force for code in unit.replaces):
            if row["parent_id"] != parent_id:
                # Its parent goes on in another version under the same code.
                self._update(before, parent_id=parent_id)
            return
        self.changed.append(unit.code)
        if row["valid_from"] == self.since:
            self._update(before, **values)  # a correction, on the day it came into force
            return
        after = self._insert(unit.code, values)
        self.in_force[unit.code] = after
        self._close(before, after)
        for table in (AccessToken.__table__, Account.__table__):
            self._move(table, before, after)
        self.connection.execute(
            update(Area)
            .where(Area.parent_id == before, Area.valid_to.is_(None))
            .values(parent_id=after)
        )

    def merge(self, unit: Unit) -> None:
        """Ends those that merged into a unit."""
        for code in unit.replaces:
            if code in self.in_force:
                self.end(code, self.in_force[unit.code])
            elif self.by_id[self.last[code]]["successor_id"] is None:
                self._close(self.last[code], self.in_force[unit.code])

    def end(self, code: str, successor: int | None) -> None:
        """A unit is no more."""
        self._close(self.in_force.pop(code), successor)
        self.ended.append(code)

    def check_parents(self) -> None:
        """Raises BadUnits where something in force would lie in what is no more."""
        parents = Area.__table__.alias("parents")
        rows = self.connection.execute(
            select(Area.code, Area.name, parents.c.code)
            .join(parents, parents.c.id == Area.parent_id)
            .where(Area.valid_to.is_(None), parents.c.valid_to.is_not(None))
            .order_by(Area.code)
        )
        wrong = [
            Wrong(0, f"{code} {name} lies in {parent}, which ends; give it another parent")
            for code, name, parent in rows
        ]
        if wrong:
            raise BadUnits(wrong)

    def _wrong(self, unit: Unit) -> list[str]:
        out = []
        if unit.parent:
            above = self._level(unit.parent)
            if above is None:
                out.append(f"parent {unit.parent}: no such area, in the file or in force")
            elif above not in LEVELS[: LEVELS.index(unit.level)]:
                out.append(f"parent {unit.parent}: a {above} is not above a {unit.level}")
        for code in unit.replaces:
            if code in self.units:
                out.append(f"replaces {code}: which line {self.units[code].line} keeps in force")
            elif code not in self.last:
                out.append(f"replaces {code}: no such area was ever written down")
            elif code not in self.in_force and not self._came_to(code, unit.code):
                after = self.by_id[self._followed(self.last[code])]["code"]
                out.append(f"replaces {code}: it went to {after} before")
        before = self.last.get(unit.code)
        if before is not None:
            begun, ended = self.by_id[before]["valid_from"], self.by_id[before]["valid_to"]
            if (begun if ended is None else max(begun + 1, ended)) > self.since:
                out.append(
                    f"{unit.code}: written down from {iso(begun)} on; this list must be of a later"
                    " date (--from)"
                )
        return out

    def _came_to(self, code: str, to: str) -> bool:
        """Whether an ended unit went to this one, or to nobody yet."""
        last = self.last[code]
        if self.by_id[last]["successor_id"] is None:
            return True
        return bool(self.by_id[self._followed(last)]["code"] == to)

    def _followed(self, area_id: int) -> int:
        while (after := self.by_id[area_id]["successor_id"]) is not None:
            area_id = after
        return area_id

    def _level(self, code: str) -> str | None:
        if code in self.units:
            return self.units[code].level
        found = self.in_force.get(code)
        return None if found is None else str(self.by_id[found]["level"])

    def _parent_code(self, row: RowMapping) -> str:
        return "" if row["parent_id"] is None else str(self.by_id[row["parent_id"]]["code"])

    def _insert(self, code: str, values: dict[str, Any]) -> int:
        key = self.connection.execute(
            insert(Area).values(code=code, valid_from=self.since, **values)
        ).inserted_primary_key
        return int(key[0])  # type: ignore[index]  # always there after an INSERT of one row

    def _close(self, before: int, after: int | None) -> None:
        row = self.by_id[before]
        ended = self.since if row["valid_to"] is None else row["valid_to"]
        self._update(before, valid_to=ended, successor_id=after)
        if after is not None:
            for table in FOLLOW:
                self._move(table, before, after)

    def _move(self, table: Any, before: int, after: int) -> None:
        self.connection.execute(
            update(table).where(table.c.area_id == before).values(area_id=after)
        )

    def _update(self, area_id: int, **values: Any) -> None:
        self.connection.execute(update(Area).where(Area.id == area_id).values(**values))
