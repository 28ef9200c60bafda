"""Where the parts of a chart go. Pure: across in percent of the width, down in pixels.

Percent keeps a chart readable on a phone and on a wide screen without a script: only text and
heights have a size.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

HEIGHT: Final = 160
"""Of the plot, without its labels."""
ROW: Final = 34
"""Of one row of a timeline."""
LANE: Final = 46
"""Between two nodes of a graph."""


class Bar(NamedTuple):
    """A bar from `low` (below it everything is sure) to `high`."""

    x: float
    width: float
    y: float
    height: float
    soft_y: float
    soft_height: float
    label: str
    minor: bool
    """Whether its label goes where there is little room."""
    middle: float
    low: float
    high: float


class Line(NamedTuple):
    y: float
    value: float


class Bars(NamedTuple):
    bars: list[Bar]
    lines: list[Line]
    limit: Line | None
    height: int


class Stretch(NamedTuple):
    """One stretch of a timeline."""

    x: float
    width: float
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
    x: float
    y: int
    label: str
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


def bars(
    values: Sequence[tuple[str, float, float]], *, limit: float | None = None, labels: int = 6
) -> Bars:
    """Bars of (label, low, high) from left to right; `labels`: about how many stay on a phone.

    A plain count is low = high. `limit` is a line of its own, such as a capacity.
    """
    top = nice_top(max([high for _, _, high in values] + [limit or 0]))
    step = 100 / max(len(values), 1)
    every = max(1, round(len(values) / labels))

    def down(value: float) -> float:
        return round(HEIGHT * (1 - value / top), 1)

    made = []
    for index, (label, low, high) in enumerate(values):
        made.append(
            Bar(
                x=round(index * step + step * 0.12, 3),
                width=round(step * 0.76, 3),
                y=down(low),
                height=round(HEIGHT - down(low), 1),
                soft_y=down(high),
                soft_height=round(down(low) - down(high), 1),
                label=label,
                minor=index % every != 0,
                middle=round((index + 0.5) * step, 3),
                low=low,
                high=high,
            )
        )
    lines = [Line(down(top * part / 2), top * part / 2) for part in (1, 2)]
    return Bars(made, lines, None if limit is None else Line(down(limit), limit), HEIGHT)


def nice_top(most: float) -> float:
    """The round number a scale ends at: 1, 2 or 5 times a power of ten, from 4 up."""
    if most <= 4:
        return 4
    power: float = 10 ** math.floor(math.log10(most))
    return next(factor * power for factor in (1, 2, 5, 10) if most <= factor * power)


def timeline(
    rows: Iterable[tuple[str, Iterable[tuple[int, int, str, str]]]],
    *,
    since: int,
    until: int,
    ticks: Sequence[tuple[int, str]],
    labels: int = 4,
) -> Timeline:
    """Rows of (label, stretches); a stretch is (start, end, kind, text), all in seconds.

    What lies outside is cut; what is too short to be seen gets a width all the same.
    """
    length = max(until - since, 1)

    def across(at: int) -> float:
        return round(100 * (min(max(at, since), until) - since) / length, 3)

    made = []
    for index, (label, stretches) in enumerate(rows):
        drawn = [
            Stretch(across(start), max(across(end) - across(start), 0.4), kind, text)
            for start, end, kind, text in stretches
            if end >= since and start <= until
        ]
        made.append(Row(label, index * ROW, drawn))
    every = max(1, round(len(ticks) / labels))
    marks = [Tick(across(at), label, index % every != 0) for index, (at, label) in enumerate(ticks)]
    return Timeline(made, marks, len(made) * ROW)


def graph(columns: Sequence[Sequence[str]], edges: Iterable[tuple[str, str, str, str]]) -> Graph:
    """Nodes in columns from left to right, edges as (from, to, kind, text) between their names."""
    tallest = max((len(column) for column in columns), default=0)
    height = max(tallest, 1) * LANE
    places: dict[str, Node] = {}
    for number, column in enumerate(columns):
        x = round(100 * (number + 0.5) / len(columns), 3)
        for index, name in enumerate(column):
            y = round(height * (index + 0.5) / len(column))
            places[name] = Node(x, y, name, number)
    drawn = [_edge(places, *edge) for edge in edges]
    return Graph(list(places.values()), drawn, height)


def _edge(places: Mapping[str, Node], start: str, end: str, kind: str, text: str) -> Edge:
    one, other = places[start], places[end]
    return Edge(one.x, one.y, other.x, other.y, kind, text)
