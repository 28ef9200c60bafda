"""Where the parts of a chart go. Pure: across in percent of the width, down in pixels.

Percent keeps a chart readable on a phone and on a wide screen without a script: only text and
heights have a size.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

HEIGHT: Final = 160
"""Of the plot, without its labels."""


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


class Strip(NamedTuple):
    """A day from left to right, with the times marked in it."""

    label: str
    parts: list[tuple[float, float]]
    """Where each begins and how wide it is."""
    ends: float
    """Where the day has come to: 100 for one that is over."""


def strip(
    label: str, day: tuple[int, int], marked: Sequence[tuple[int, int]], *, until: int
) -> Strip:
    """A day [start, end) with the times [since, until) in it, all in seconds UTC."""
    start, end = day

    def across(at: int) -> float:
        return round(100 * (at - start) / (end - start), 3)

    inside = [(max(since, start), min(to, end, until)) for since, to in marked]
    parts = [
        (across(since), round(across(to) - across(since), 3)) for since, to in inside if since < to
    ]
    return Strip(label, parts, across(min(end, max(start, until))))


def nice_top(most: float) -> float:
    """The round number a scale ends at: 1, 2 or 5 times a power of ten, from 4 up."""
    if most <= 4:
        return 4
    power: float = 10 ** math.floor(math.log10(most))
    return next(factor * power for factor in (1, 2, 5, 10) if most <= factor * power)
