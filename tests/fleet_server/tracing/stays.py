"""Stays for tests: made by hand, drawn at random, or read from rows with an entry and an exit."""

from collections import defaultdict
from collections.abc import Iterable

from hypothesis import strategies as st

from fleet_server.tracing.exposure import Exposure, Question, Stay, exposures
from fleet_server.tracing.rules import CAP_S, CURRENT, Rule
from tests.fleet_server.tracing.oracle import Found

MINUTE = 60
INDEX = "P1"


def stay(
    visitor: str,
    start: int,
    end: int | None,
    *,
    venue: str = "cho",
    room: str | None = None,
    latest: int | None = None,
    dwell_s: int = 30 * MINUTE,
    starts: tuple[int, int] | None = None,
) -> Stay:
    """A stay; `latest` bounds an unknown exit, `starts` an uncertain start."""
    earliest_start, latest_start = starts or (start, start)
    if end is None:
        end_earliest, end_latest = start, start + CAP_S if latest is None else latest
    else:
        end_earliest, end_latest = end, end
    return Stay(
        visitor=visitor,
        venue=venue,
        room=room,
        start_earliest=earliest_start,
        start=start,
        start_latest=latest_start,
        end_earliest=end_earliest,
        end=end,
        end_latest=end_latest,
        dwell_s=dwell_s,
    )


def rule(min_overlap_s: int = 900, linger_s: int = 0, dwell_s: int | None = None) -> Rule:
    return Rule(
        version=CURRENT.version, min_overlap_s=min_overlap_s, linger_s=linger_s, dwell_s=dwell_s
    )


def ask(
    stays: Iterable[Stay],
    *,
    since: int = 0,
    until: int = 10**6,
    min_overlap_s: int = 900,
    linger_s: int = 0,
    dwell_s: int | None = None,
) -> list[Found]:
    """The server's answer for `INDEX` among `stays`, in the oracle's words."""
    everyone = list(stays)
    question = Question(since, until, rule(min_overlap_s, linger_s, dwell_s))
    mine = [s for s in everyone if s.visitor == INDEX]
    return [found(e) for e in exposures(mine, everyone, question)]


def found(exposure: Exposure) -> Found:
    return Found(
        visitor=exposure.visitor,
        tier=exposure.tier,
        certain_s=exposure.shared.certain_s,
        expected_s=exposure.shared.expected_s,
        possible_s=exposure.shared.possible_s,
        first=exposure.first,
        places=tuple(exposure.places),
    )


def from_rows(
    rows: Iterable[tuple[str, str, int, int | None]], *, dwell_s: int = 30 * MINUTE
) -> list[Stay]:
    """Stays of rows (visitor, venue, entered, left), one per visitor, venue and entry."""
    best: dict[tuple[str, str, int], int | None] = {}
    entries: dict[str, set[int]] = defaultdict(set)
    for visitor, venue, entered, left in rows:
        key = (visitor, venue, entered)
        known = [at for at in (best.get(key), left) if at is not None]
        best[key] = max(known, default=None)
        entries[visitor].add(entered)
    out = []
    for (visitor, venue, entered), left in best.items():
        later = min((at for at in entries[visitor] if at > entered), default=entered + CAP_S)
        latest = min(later, entered + CAP_S)
        out.append(stay(visitor, entered, left, venue=venue, latest=latest, dwell_s=dwell_s))
    return out


@st.composite
def worlds(
    draw: st.DrawFn, *, unit: int = 1, horizon: int = 40, known: bool = False, certain: bool = False
) -> list[Stay]:
    """Some people's stays at a few venues; all times multiples of `unit` up to `horizon` units.

    `known`: all exits measured. `certain`: all starts, too.
    """
    times = st.integers(0, horizon)
    out = []
    for _ in range(draw(st.integers(1, 12))):
        start = draw(times)
        length = draw(st.integers(1, horizon))
        measured = known or draw(st.booleans())
        early, late = (0, 0) if certain else draw(st.tuples(st.integers(0, 4), st.integers(0, 4)))
        out.append(
            stay(
                draw(st.sampled_from([INDEX, "P2", "P3", "P10"])),
                start * unit,
                (start + length) * unit if measured else None,
                venue=draw(st.sampled_from(["cho", "truong"])),
                room=draw(st.sampled_from([None, "a", "b"])),
                latest=(start + length) * unit,
                dwell_s=draw(st.integers(0, horizon)) * unit,
                starts=((start - early) * unit, (start + late) * unit),
            )
        )
    return out


@st.composite
def questions(draw: st.DrawFn, *, unit: int = 1, horizon: int = 40) -> Question:
    since = draw(st.integers(-2, horizon))
    until = draw(st.integers(since, 2 * horizon + 2))
    return Question(
        since * unit,
        until * unit,
        Rule(
            version="test",
            min_overlap_s=max(1, draw(st.integers(0, 12)) * unit),
            linger_s=draw(st.integers(0, 8)) * unit,
            dwell_s=draw(st.none() | st.integers(0, horizon).map(lambda n: n * unit)),
        ),
    )
