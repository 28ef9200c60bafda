"""Where the parts of a case's drawings go. Pure: across in percent of the width, down in pixels."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

ROW: Final = 40
"""Of a timeline: its label and its bar."""
LANE: Final = 52
"""Between two nodes of a graph: the shape and its label."""
SHORTEST: Final = 0.4
"""Percent of the width: what is shorter is drawn as long all the same."""


class Stay(NamedTuple):
    """Somewhere for a while; seconds UTC. Certain is inside possible, or empty."""

    label: str
    possible: tuple[int, int]
    certain: tuple[int, int]
    kind: str
    """`confirmed`, `proposed` or `rejected`."""


class Stretch(NamedTuple):
    """A bar: its possible part, and in it the certain one (width 0: none)."""

    x: float
    width: float
    sure_x: float
    sure_width: float
    kind: str
    text: str


class Row(NamedTuple):
    label: str
    y: int
    stretches: list[Stretch]


class Tick(NamedTuple):
    x: float
    label: str
    minor: bool


class Timeline(NamedTuple):
    rows: list[Row]
    ticks: list[Tick]
    height: int


class Node(NamedTuple):
    """A person or a group of them."""

    key: str
    x: float
    y: int
    column: int


class Edge(NamedTuple):
    x1: float
    y1: int
    x2: float
    y2: int
    kind: str
    text: str


class Graph(NamedTuple):
    nodes: list[Node]
    edges: list[Edge]
    height: int


def graph(columns: Sequence[Sequence[str]], edges: Iterable[tuple[str, str, str, str]]) -> Graph:
    """Nodes in columns from left to right; edges as (from, to, kind, text) between their keys."""
    height = max((len(column) for column in columns), default=0) * LANE
    places = {
        key: Node(
            key,
            round(100 * (number + 0.5) / len(columns), 3),
            round(height * (index + 0.5) / len(column)),
            number,
        )
        for number, column in enumerate(columns)
        for index, key in enumerate(column)
    }
    drawn = [
        Edge(places[one].x, places[one].y, places[other].x, places[other].y, kind, text)
        for one, other, kind, text in edges
    ]
    return Graph(list(places.values()), drawn, height)


def timeline(
    rows: Iterable[tuple[str, Iterable[Stay]]],
    *,
    since: int,
    until: int,
    ticks: Sequence[tuple[int, str]],
    labels: int = 5,
) -> Timeline:
    """A row for each place; what lies outside [since, until] is cut off."""
    length = max(until - since, 1)

    def across(at: int) -> float:
        return round(100 * (min(max(at, since), until) - since) / length, 3)

    def seen(stay: Stay) -> bool:
        return stay.possible[1] >= since and stay.possible[0] <= until

    def drawn(stay: Stay) -> Stretch:
        x, end = (across(at) for at in stay.possible)
        sure_x, sure_end = (across(at) for at in stay.certain)
        width = max(end - x, SHORTEST)
        sure = max(sure_end - sure_x, 0)
        return Stretch(x, round(width, 3), sure_x, round(sure, 3), stay.kind, stay.label)

    made = [
        Row(
            label,
            index * ROW,
            [
                drawn(stay)
                for stay in stays
                if stay.possible[1] >= since and stay.possible[0] <= until
            ],
        )
        for index, (label, stays) in enumerate(rows)
    ]
    every = max(1, round(len(ticks) / labels))
    marks = [Tick(across(at), label, index % every != 0) for index, (at, label) in enumerate(ticks)]
    return Timeline(made, marks, len(made) * ROW)
