"""Stays for tests: made by hand, drawn at random, or read from rows with an entry and an exit."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from hypothesis import strategies as st

from fleet_server.tracing.columns import Found as Columns
from fleet_server.tracing.columns import Group, Stays, sure
from fleet_server.tracing.exposure import Exposures, Shared, exposures
from fleet_server.tracing.reach import Question, Reach, reach
from fleet_server.tracing.reach import Stay as IndexStay
from fleet_server.tracing.rules import CAP_S, Rule
from fleet_server.tracing.spans import Span
from fleet_server.tracing.storage.memory import MemoryStays
from fleet_server.tracing.storage.port import VenueSpan
from tests.fleet_server.tracing.oracle import Found, Stay

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
    return Rule(version="test", min_overlap_s=min_overlap_s, linger_s=linger_s, dwell_s=dwell_s)


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
    return exposed(mine, everyone, question)


def exposed(mine: Iterable[Stay], others: Iterable[Stay], question: Question) -> list[Found]:
    """The server's answer, in the oracle's words: through its columns and its kernel."""
    return [each for each, _ in _exposed(list(mine), list(others), question)]


def with_rooms(
    mine: Iterable[Stay], others: Iterable[Stay], question: Question
) -> list[tuple[str, dict[str, Shared]]]:
    """Each contact and the seconds shared in each room."""
    return [(each.visitor, rooms) for each, rooms in _exposed(list(mine), list(others), question)]


def _exposed(
    mine: list[Stay], others: list[Stay], question: Question
) -> list[tuple[Found, dict[str, Shared]]]:
    everyone = [*mine, *others]
    names = sorted({s.visitor for s in everyone})
    venues = sorted({s.venue for s in everyone})
    rooms = [None, *sorted({s.room for s in everyone if s.room})]
    index = [
        IndexStay(venues.index(s.venue), rooms.index(s.room), *bounds(s, question.rule.dwell_s))
        for s in mine
    ]
    rows = [(names.index(s.visitor), venues.index(s.venue), rooms.index(s.room), s) for s in others]
    but = [names.index(s.visitor) for s in mine[:1]]

    def met(*, by_room: bool) -> Exposures:
        reached = reach(index, question, rooms=by_room)
        groups = [_plain(rows, reached, question), _unsure(rows, reached, question)]
        return exposures(reached, groups, question.rule, but=but, rooms=by_room)

    by_venue, shared = met(by_room=False), met(by_room=True).shared()
    order = by_venue.ranked(lambda persons: [names[person] for person in persons])
    out = []
    for each in by_venue.at(order.tolist()):
        found = Found(
            visitor=names[each.person],
            tier=each.tier,
            certain_s=each.shared.certain_s,
            expected_s=each.shared.expected_s,
            possible_s=each.shared.possible_s,
            first=each.first,
            places=tuple(sorted(venues[place] for place in each.places)),
        )
        there = {str(rooms[room]): s for room, s in shared.get(each.person, {}).items()}
        out.append((found, there))
    return out


_Row = tuple[int, int, int, Stay]


def bounds(s: Stay, dwell_s: int | None) -> tuple[Span, Span, Span]:
    """A stay by certain, expected and possible bounds, cut at the cap as stored stays are."""
    latest = min(s.end_latest, s.start + CAP_S)
    dwell = s.dwell_s if dwell_s is None else dwell_s
    expected = min(s.start + dwell if s.end is None else s.end, latest)
    return (
        (s.start_latest, min(s.end_earliest, latest)),
        (s.start, expected),
        (s.start_earliest, latest),
    )


def _is_plain(s: Stay) -> bool:
    return s.start_earliest == s.start == s.start_latest and (
        s.end_earliest == (s.start if s.end is None else s.end) and s.end in (None, s.end_latest)
    )


def _plain(rows: list[_Row], reached: Reach, question: Question) -> Group:
    """Those that four numbers say all of, as the stores would find them."""
    plain = [row for row in rows if _is_plain(row[3])]
    table = np.array(
        [
            (who, at, room, s.start, min(s.end_latest, s.start + CAP_S), s.end is not None)
            for who, at, room, s in plain
        ],
        np.int64,
    ).reshape(-1, 6)
    who, at, room, entered, latest, how = table.T
    memory = MemoryStays(at, Columns(who, entered, latest, how, room))
    spans = [VenueSpan(v, *span) for v, span in zip(reached.venues, reached.spans, strict=True)]
    counts, found = memory.sure_at(spans)
    dwell = {(who, at, s.start): s.dwell_s for who, at, _, s in plain}
    venue = np.repeat(np.array(reached.venues, np.int64), counts).tolist()
    keys = zip(found.person.tolist(), venue, found.entered.tolist(), strict=True)
    dwells = np.array([dwell[key] for key in keys], np.int64)
    if question.rule.dwell_s is not None:
        dwells[:] = question.rule.dwell_s
    return Group(counts, sure(found, dwells))


def _unsure(rows: list[_Row], reached: Reach, question: Question) -> Group:
    by_span = [
        [row for row in rows if row[1] == venue and not _is_plain(row[3])]
        for venue in reached.venues
    ]
    flat = [
        (who, room, *(at for span in bounds(s, question.rule.dwell_s) for at in span))
        for found in by_span
        for who, _, room, s in found
    ]
    columns = np.array(flat, np.int64).reshape(-1, 8).T
    starts = (columns[2], columns[4], columns[6])
    ends = (columns[3], columns[5], columns[7])
    measured = np.zeros(len(flat), bool)
    stays = Stays(columns[0], columns[1], starts, ends, measured)
    return Group(np.array([len(found) for found in by_span], np.int64), stays)


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
