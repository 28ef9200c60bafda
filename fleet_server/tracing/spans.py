"""Half-open intervals of whole seconds, and what can be done with lists of them."""

from collections.abc import Iterable, Sequence

Span = tuple[int, int]
"""[start, end)."""


def union(spans: Iterable[Span]) -> list[Span]:
    """Ascending; spans that intersect or touch are one; empty ones are gone."""
    out: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if out and start <= out[-1][1]:
            if end > out[-1][1]:
                out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def overlaps(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """The parts of `spans` inside [start, end), none of them empty."""
    return [
        (max(first, start), min(last, end))
        for first, last in spans
        if max(first, start) < min(last, end)
    ]


def total(spans: Iterable[Span]) -> int:
    """Seconds in all of them."""
    return sum(end - start for start, end in spans)
