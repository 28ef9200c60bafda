"""The weekly report on coverage, for a commune, a province or all: who is silent comes first.

Read from the figures that were kept (`reports.tallies`), so that it is quick and stays the same
when the scans are gone. No person, no code and no time of anybody's is in it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, case, func, select

from fleet_server.errors import NotKnown
from fleet_server.models import AreaWeek, CountedWeek, Kiosk, PlaceWeek, Venue, VenueType
from fleet_server.reports import shares, silences, tallies, weeks
from fleet_server.reports.area_tree import AreaTree
from fleet_server.reports.coverage_lines import (
    EVERYWHERE,
    MANY_BY_ONE,
    OWN,
    AreaLine,
    Coverage,
    Named,
    Place,
    Point,
)
from fleet_server.reports.shares import ALL, MOST, Figures, Sum
from fleet_server.reports.weeks import Week
from fleet_server.times import iso

TREND_WEEKS: Final = 8
FULL_TYPES: Final = ("office", "school")
"""Venue types of which all are to be active: agencies, companies and schools."""
COMMUNE: Final = "commune"


class NotCounted(NotKnown):
    """A week that was never counted."""


def report(
    connection: Connection,
    week: Week,
    *,
    area: str | None = None,
    zone: ZoneInfo,
    full_types: Collection[str] = FULL_TYPES,
) -> Coverage:
    """The week's report of an area (None: all). Raises NotCounted, NotKnown.

    `area`: the code of one in force, or of one that went to such. `full_types`: venue types of
    which all are to be active.
    """
    counted_ms = connection.scalar(
        select(CountedWeek.counted_ms).where(CountedWeek.week == week.number)
    )
    if counted_ms is None:
        raise NotCounted(
            f"week {week.name}: chưa được đếm / was not counted; `fleet report coverage --week"
            f" {week.name}` counts it while its scans are there"
        )
    tree = AreaTree(connection, area)
    places = _places(connection, week, tree, zone)
    whole = Sum()
    lines: dict[int | None, Sum] = {each: Sum() for each in tree.children}
    by_area: dict[int | None, Sum] = defaultdict(Sum)
    for area_id, place in places:
        figures, percent = _figures(place), ALL if place.type in full_types else MOST
        whole.add(figures, percent=percent)
        by_area[area_id].add(figures, percent=percent)
        if tree.children:
            lines.setdefault(tree.child_of(area_id), Sum()).add(figures, percent=percent)
    people = _people(connection, [week], tree, [tree.top, *lines])
    ordered = [place for _, place in places]
    return Coverage(
        week=week.name,
        monday=week.monday,
        sunday=week.sunday,
        due=week.due,
        as_of=iso(counted_ms // 1000),
        whole=counted_ms >= week.bounds(zone)[1] * 1000,
        silent=sorted((place for place in ordered if place.silence), key=_worst_first),
        communes_without=_without(tree, by_area),
        area=_line(tree, tree.top, whole, people.get((week, tree.top)), EVERYWHERE),
        areas=[
            _line(tree, tree.top, found, None, OWN)
            if each == tree.top
            else _line(tree, each, found, people.get((week, each)))
            for each, found in lines.items()
        ],
        repeaters=sorted(
            (place for place in ordered if place.most_by_one >= MANY_BY_ONE),
            key=lambda place: (-place.most_by_one, place.ref),
        ),
        trend=_trend(connection, week, tree, zone, full_types),
        places=ordered,
    )


def _places(
    connection: Connection, week: Week, tree: AreaTree, zone: ZoneInfo
) -> list[tuple[int | None, Place]]:
    """The week's places with the area each lies in today, by area and reference."""
    rows = connection.execute(
        _within(
            select(
                *(Venue.area_id, Venue.ref, Venue.name, VenueType.code, Kiosk.ref.label("kiosk")),
                *(PlaceWeek.scans, PlaceWeek.people, PlaceWeek.repeated, PlaceWeek.most_by_one),
                *(PlaceWeek.stays, PlaceWeek.exits, PlaceWeek.silence, PlaceWeek.since),
                PlaceWeek.last_day,
            )
            .join(Venue, Venue.id == PlaceWeek.venue_id)
            .join(VenueType, VenueType.id == Venue.type_id)
            .outerjoin(Kiosk, Kiosk.id == PlaceWeek.kiosk_id)
            .where(PlaceWeek.week == week.number),
            tree,
        )
    )
    found = [(row.area_id, _place(row, tree, zone)) for row in rows]
    return sorted(found, key=lambda each: (each[1].area or "", each[1].ref))


def _place(row: Row[Any], tree: AreaTree, zone: ZoneInfo) -> Place:
    area = None if row.area_id is None else tree.units[row.area_id]
    last_day = None if row.last_day is None else weeks.date(row.last_day)
    vi = en = ""
    if row.silence:
        vi, en = silences.words(
            row.silence, since=row.since, kiosk=row.kiosk, last=last_day, zone=zone
        )
    return Place(
        ref=row.ref,
        name=row.name,
        type=row.code,
        area=None if area is None else area.code,
        area_name="" if area is None else area.name,
        scans=row.scans,
        people=row.people,
        repeated=row.repeated,
        most_by_one=row.most_by_one,
        stays=row.stays,
        exits=row.exits,
        silence=row.silence,
        since=None if row.since is None else iso(row.since),
        kiosk=row.kiosk,
        last_day=last_day,
        vi=vi,
        en=en,
    )


def _figures(place: Place) -> Figures:
    return Figures(
        registered=1,
        active=int(place.scans > 0),
        silent=int(place.silence in silences.NOT_HEARD),
        scans=place.scans,
        repeated=place.repeated,
        stays=place.stays,
        exits=place.exits,
    )


def _trend(
    connection: Connection,
    last: Week,
    tree: AreaTree,
    zone: ZoneInfo,
    full_types: Collection[str],
) -> list[Point]:
    """The weeks up to `last` that were counted, of the places that lie there today."""
    wanted = [last.before(n) for n in reversed(range(TREND_WEEKS))]
    among = PlaceWeek.week.in_([week.number for week in wanted])
    sums: dict[int, Sum] = defaultdict(Sum)
    for number, kind, *numbers in connection.execute(
        _within(
            select(
                *(PlaceWeek.week, VenueType.code, func.count()),
                func.sum(case((PlaceWeek.scans > 0, 1), else_=0)),
                func.sum(case((PlaceWeek.silence.in_(silences.NOT_HEARD), 1), else_=0)),
                *(func.sum(PlaceWeek.scans), func.sum(PlaceWeek.repeated)),
                *(func.sum(PlaceWeek.stays), func.sum(PlaceWeek.exits)),
            )
            .join(Venue, Venue.id == PlaceWeek.venue_id)
            .join(VenueType, VenueType.id == Venue.type_id)
            .where(among)
            .group_by(PlaceWeek.week, VenueType.code),
            tree,
        )
    ):
        figures = Figures(*map(int, numbers))
        sums[number].add(figures, percent=ALL if kind in full_types else MOST)
    counted = tallies.counted(connection)
    people = _people(connection, wanted, tree, [tree.top])
    return [
        Point(
            week=week.name,
            monday=week.monday,
            sunday=week.sunday,
            whole=counted[week] >= week.bounds(zone)[1] * 1000,
            figures=sums[week.number].figures,
            shares=shares.of(sums[week.number].figures),
            people=people.get((week, tree.top)),
            targets=sums[week.number].targets(),
        )
        for week in wanted
        if week in counted
    ]


def _people(
    connection: Connection, wanted: Sequence[Week], tree: AreaTree, of: Iterable[int | None]
) -> dict[tuple[Week, int | None], int]:
    """Distinct people by week and area, None: at all places. What was not counted is left out."""
    among = [week.number for week in wanted]
    everywhere = select(CountedWeek.week, CountedWeek.people).where(CountedWeek.week.in_(among))
    out: dict[tuple[Week, int | None], int] = {
        (Week(week), None): people for week, people in connection.execute(everywhere)
    }
    found: dict[tuple[int, int], int] = {}
    for week, area_id, people in connection.execute(
        select(AreaWeek.week, AreaWeek.area_id, AreaWeek.people).where(AreaWeek.week.in_(among))
    ):
        found[week, area_id] = people
    for area_id in {each for each in of if each is not None}:
        was = tree.as_it_was(area_id)
        for number in among:
            if known := [found[number, each] for each in was if (number, each) in found]:
                out[Week(number), area_id] = known[0]
    return out


def _without(tree: AreaTree, by_area: Mapping[int | None, Sum]) -> list[Named]:
    """Communes in which nobody scanned, those with places first."""
    found = []
    for unit in tree.inside:
        figures = by_area[unit.id].figures if unit.id in by_area else Figures()
        if unit.level == COMMUNE and not figures.active:
            above = None if unit.parent_id is None else tree.units[unit.parent_id]
            found.append(
                Named(
                    code=unit.code,
                    name=unit.name,
                    name_en=unit.name_en,
                    within="" if above is None else above.name,
                    registered=figures.registered,
                )
            )
    return sorted(found, key=lambda each: (not each.registered, each.code))


def _line(
    tree: AreaTree, area_id: int | None, found: Sum, people: int | None, kind: str = ""
) -> AreaLine:
    unit = None if area_id is None else tree.units[area_id]
    return AreaLine(
        code=None if unit is None else unit.code,
        name="" if unit is None else unit.name,
        name_en="" if unit is None else unit.name_en,
        level=kind if unit is None or kind == OWN else unit.level,
        figures=found.figures,
        shares=shares.of(found.figures),
        people=people,
        targets=found.targets(),
    )


def _within(statement: Select[*tuple[Any, ...]], tree: AreaTree) -> Select[*tuple[Any, ...]]:
    ids = tree.ids()
    return statement if ids is None else statement.where(Venue.area_id.in_(ids))


def _worst_first(place: Place) -> tuple[int, str, str]:
    known = silences.REASONS
    rank = known.index(place.silence) if place.silence in known else len(known)
    return rank, place.since or "", place.ref
