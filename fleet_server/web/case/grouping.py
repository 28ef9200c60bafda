"""A case's spread as a drawing can hold it: people alone, or grouped by place or tier. Pure."""

from collections import Counter, defaultdict
from typing import Final, NamedTuple

from fleet_server.cases.spread import Passing, Spread

PERSON: Final = "person"
PLACE: Final = "place"
TIER: Final = "tier"
SEVERAL: Final = "+"
"""Stands for the places of whoever met at more than one."""
REST: Final = "…"
"""Stands for those there is no room for."""


class Group(NamedTuple):
    """What one node stands for."""

    ring: int
    """0 for F0, 1 for F1, 2 for F2."""
    name: str
    """Reference, place, tier, SEVERAL or REST."""
    people: int

    @property
    def key(self) -> str:
        return f"{self.ring}:{self.name}"


class Between(NamedTuple):
    """What passed from one group to another."""

    source: Group
    target: Group
    people: int
    """Of the target who were exposed to somebody of the source."""
    tier: str
    """Of the closest."""
    expected_s: int
    """The longest."""


class Grouped(NamedTuple):
    rings: list[list[Group]]
    between: list[Between]
    """The closest first."""
    people: int
    """Contacts that are drawn, alone or in a group."""


def grouped(spread: Spread, by: str, *, most: int, place: str = "", tier: str = "") -> Grouped:
    """Up to `most` nodes a ring, the closest first, the rest in one. `place`, `tier`: F1 by these
    only, with whom they met.
    """
    ring = {ref: 0 for ref, role in spread.roles.items() if role == "F0"}
    first = [
        each
        for each in spread.passings
        if each.source in ring
        and each.contact not in ring
        and place in ("", *each.places)
        and tier in ("", each.tier)
    ]
    f1 = {each.contact for each in spread.passings if each.source in ring} - ring.keys()
    kept = {each.contact for each in first}
    second = [
        each
        for each in spread.passings
        if each.source in kept and each.contact not in ring and each.contact not in f1
    ]
    ring |= dict.fromkeys((each.contact for each in first), 1)
    ring |= dict.fromkeys((each.contact for each in second), 2)
    name = _names(ring, first + second, by, most)
    people: dict[tuple[int, str], int] = defaultdict(int)
    for ref, number in ring.items():
        people[number, name[ref]] += 1
    of = {ref: Group(number, name[ref], people[number, name[ref]]) for ref, number in ring.items()}
    between = _between(of, first + second)
    return Grouped(_ordered(of, between), between, len(ring) - len(_in(ring, 0)))


def _in(ring: dict[str, int], number: int) -> list[str]:
    return [ref for ref, its in ring.items() if its == number]


def _names(ring: dict[str, int], passings: list[Passing], by: str, most: int) -> dict[str, str]:
    """What each person's node is called. `passings`: by ring, the closest first."""
    closest: dict[str, Passing] = {}
    for each in passings:
        closest.setdefault(each.contact, each)

    def of(ref: str) -> str:
        if by == PERSON or ref not in closest:
            return ref
        if by == TIER:
            return closest[ref].tier
        places = closest[ref].places
        return places[0] if len(places) == 1 else SEVERAL

    names: dict[str, str] = {}
    for number in range(3):
        sizes = Counter(of(ref) for ref in _in(ring, number))
        order = list(sizes) if by == PERSON else sorted(sizes, key=lambda name: -sizes[name])
        room = set(order if len(order) <= most else order[: most - 1])
        for ref in _in(ring, number):
            names[ref] = of(ref) if of(ref) in room else REST
    return names


def _between(of: dict[str, Group], passings: list[Passing]) -> list[Between]:
    found: dict[tuple[Group, Group], list[Passing]] = defaultdict(list)
    for each in passings:
        found[of[each.source], of[each.contact]].append(each)
    between = [
        Between(
            source,
            target,
            len({each.contact for each in some}),
            min(each.tier for each in some),
            max(each.expected_s for each in some),
        )
        for (source, target), some in found.items()
    ]
    return sorted(between, key=lambda each: (each.target.ring, each.tier, -each.expected_s))


def _ordered(of: dict[str, Group], between: list[Between]) -> list[list[Group]]:
    """Each ring's groups, so that few lines cross: by where what leads to them stands."""
    rings: list[list[Group]] = []
    for number in range(3):
        groups = list(dict.fromkeys(group for group in of.values() if group.ring == number))
        if rings:
            above = {group: index for index, group in enumerate(rings[-1])}
            before: dict[Group, list[int]] = defaultdict(list)
            for each in between:
                if each.target.ring == number:
                    before[each.target].append(above[each.source])
            groups.sort(key=lambda group: sum(before[group]) / max(1, len(before[group])))
        groups.sort(key=lambda group: group.name == REST)
        if groups:
            rings.append(groups)
    return rings
