"""How many visitors a few known visits single out: what the stays say of people without names.

Somebody is known to have been at k places at certain times, as a neighbour or an employer would
know. Whoever shares all k of these in the database is in the crowd that visitor hides in; a crowd
of one is singled out (de Montjoye et al., Unique in the Crowd, 2013). Known visits are drawn once
from the whole window and looked for at every resolution and in what every retention keeps, so
that the figures may be compared. Of fewer visits than k all are known; a visit that is no longer
kept cannot be looked for, and where none is kept nobody is singled out.

Ten million visits of a million persons take about half a minute and one GB. Never answers with a
person, a place or a time of anybody's.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from sqlalchemy import Connection, select

from fleet_server.models import Area, Venue
from fleet_server.times import iso, local
from fleet_server.tracing import storage
from fleet_server.tracing.columns import Integers
from fleet_server.tracing.storage import naming
from fleet_server.tracing.storage.rows import DAY_S, days_of

KNOWN: Final = 3
"""Visits known at the most."""
SMALL: Final = 5
"""A crowd of fewer is a small one."""
LEAST: Final = 50
"""Of fewer visitors no share is told."""
TIMES: Final = {"15min": 15 * 60, "1h": 3600, "1day": DAY_S}
"""How well an entry is known, seconds: each a multiple of the one before."""
VENUE: Final = "venue"
COMMUNE: Final = "commune"
RETENTIONS: Final = (30, 14, 7)
"""Days of visits kept, beside the whole window."""
_AT_ONCE: Final = 1 << 20
_FIRST_LOOK: Final = 256
_Z: Final = 1.959964
"""Two-sided 95 % of the normal distribution."""

Step = Callable[[str, int, int], None]
"""Told what is done: the stage, how much of it, of how much."""


class Visits(NamedTuple):
    """One row a visit; persons and venues numbered 0, 1, 2, … without gaps."""

    person: Integers
    venue: Integers
    at: Integers
    """When it began, seconds after the first midnight of the window."""


class Held(NamedTuple):
    """The visits of a window, and what is known of their places."""

    visits: Visits
    communes: Integers | None
    """For each venue the area it lies in, or itself where none is known; None: known of none."""
    located: int
    """Venues whose area is known."""
    newest: int
    """Entry of the newest visit, seconds UTC."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a retention would keep of the window."""

    retention_days: int
    visitors: int
    visits: int


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Whom so many known visits single out. Shares of the sample, 0 to 1."""

    known_visits: int
    time_resolution: str
    place_resolution: str
    retention_days: int
    unique_share: float
    unique_low: float
    """Wilson's interval, 95 %."""
    unique_high: float
    in_small_group_share: float
    """Those who share their known visits with fewer than `SMALL`, themselves included."""
    with_fewer_visits: int
    """Persons of the sample who have fewer visits; of them all were known."""


class SinglingOut(msgspec.Struct, frozen=True, kw_only=True):
    """The answer; without figures where there are fewer than `LEAST` visitors."""

    as_of: str | None
    """Entry of the newest visit, where the window ends; None where there is no visit."""
    days: int
    days_with_visits: int
    visitors: int
    visits: int
    venues: int
    venues_in_communes: int
    sample: int
    """Persons whose known visits were looked for, among all visitors."""
    seed: int
    too_few: bool
    kept: list[Kept]
    rows: list[Figure]


def draw(visits: Visits, sample: int, seed: int) -> Integers:
    """`KNOWN` visits of each of `sample` persons at random: row numbers, −1 where there are fewer.

    The same for the same visits and seed, in whatever order they come.
    """
    rng = np.random.default_rng(seed)
    persons = int(visits.person.max()) + 1
    chosen = np.zeros(persons, bool)
    chosen[rng.choice(persons, size=min(sample, persons), replace=False)] = True
    rows = np.flatnonzero(chosen[visits.person])
    rows = rows[np.lexsort((visits.venue[rows], visits.at[rows], visits.person[rows]))]
    rows = rows[np.lexsort((rng.random(len(rows)), visits.person[rows]))]
    _, first, count = np.unique(visits.person[rows], return_index=True, return_counts=True)
    known = np.full((len(first), KNOWN), -1, np.int64)
    for k in range(KNOWN):
        enough = count > k
        known[enough, k] = rows[first[enough] + k]
    return known


def crowds(
    visits: Visits, known: Integers, places: Integers, seconds: int, cuts: Sequence[int]
) -> Integers:
    """How many persons share the known visits, counted to `SMALL`: [person, cut, known visits].

    `places[venue]` is the place a venue counts as; entries count as the same within `seconds`.
    What began before a cut, a multiple of `seconds`, is not kept.
    """
    spans = int(visits.at.max()) // seconds + 1
    drawn = known >= 0
    wanted, which = np.unique(
        _keys(visits, known[drawn], places, seconds, spans), return_inverse=True
    )
    key = np.full(known.shape, -1, np.int64)
    key[drawn] = which
    began = np.where(drawn, visits.at[known], -1)
    there = _there(visits, wanted, lambda rows: _keys(visits, rows, places, seconds, spans))
    counted: dict[frozenset[int], int] = {frozenset(): SMALL}
    out = np.empty((len(known), len(cuts), known.shape[1]), np.int64)
    for i in range(len(known)):
        points = list(zip(key[i], began[i], strict=True))
        for c, cut in enumerate(cuts):
            kept: frozenset[int] = frozenset()
            for k, (each, at) in enumerate(points):
                if each >= 0 and at >= cut:
                    kept |= {int(each)}
                if kept not in counted:
                    counted[kept] = _in_all([there[place] for place in kept])
                out[i, c, k] = counted[kept]
    return out


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The interval a share lies in, 95 %, where `hits` of `of` were counted."""
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def measure(
    connection: Connection,
    *,
    days: int,
    sample: int,
    seed: int,
    zone: ZoneInfo,
    now: int,
    step: Step = lambda _stage, _done, _of: None,
) -> SinglingOut:
    """The figures of the last `days` days of `zone` up to the newest visit not after `now`."""
    found = held(connection, days=days, zone=zone, now=now, step=step)
    visits = Visits(*[np.empty(0, np.int64)] * 3) if found is None else found.visits
    visitors = int(visits.person.max(initial=-1)) + 1
    retentions = [days, *(each for each in RETENTIONS if each < days)]
    too_few = visitors < LEAST
    rows: list[Figure] = []
    if found is not None and not too_few:
        rows = _figures(found, draw(visits, sample, seed), days, retentions, step)
    return SinglingOut(
        as_of=None if found is None else iso(found.newest),
        days=days,
        days_with_visits=len(np.unique(visits.at // DAY_S)),
        visitors=visitors,
        visits=len(visits.at),
        venues=int(visits.venue.max(initial=-1)) + 1,
        venues_in_communes=0 if found is None else found.located,
        sample=0 if too_few else min(sample, visitors),
        seed=seed,
        too_few=too_few,
        kept=[_kept(visits, days, each) for each in retentions],
        rows=rows,
    )


def held(connection: Connection, *, days: int, zone: ZoneInfo, now: int, step: Step) -> Held | None:
    """All visits of the window, three columns of them, read day by day; None where there are none.

    Days are those of `zone` with the offset of its last: they begin at a midnight, as hours and
    days of a known visit do.
    """
    newest = _newest(connection, now)
    if newest is None:
        return None
    shift = local(newest, zone).utcoffset()
    offset = 0 if shift is None else int(shift.total_seconds())
    first = ((newest + offset) // DAY_S - days + 1) * DAY_S - offset
    stored = set(storage.of(connection).days(connection)) & set(days_of(first, newest + 1))
    parts = []
    for done, day in enumerate(sorted(stored)):
        step("đọc / reading", done, len(stored))
        since, until = max(first, day * DAY_S), min(newest + 1, (day + 1) * DAY_S)
        parts.append(_columns(connection, day, since, until, first))
    step("đọc / reading", len(stored), len(stored))
    person, venue, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    _, person = np.unique(person, return_inverse=True)
    venues, venue = np.unique(venue, return_inverse=True)
    known = connection.execute(select(Venue.id, Area.code).join(Area, Venue.area_id == Area.id))
    codes = {venue_id: code for venue_id, code in known}  # noqa: C416  rows, not pairs
    named = [codes.get(each) for each in venues.tolist()]
    located = sum(code is not None for code in named)
    # A venue whose area is not known stays a place of its own: it is never made coarser than it is.
    labels = [("at", n) if code is None else ("in", code) for n, code in enumerate(named)]
    numbers = {label: n for n, label in enumerate(dict.fromkeys(labels))}
    communes = np.array([numbers[label] for label in labels], np.int64) if located else None
    return Held(Visits(person, venue, at), communes, located, newest)


def _figures(
    found: Held, known: Integers, days: int, retentions: Sequence[int], step: Step
) -> list[Figure]:
    venues = np.arange(int(found.visits.venue.max()) + 1, dtype=np.int64)
    places = {VENUE: venues} | ({} if found.communes is None else {COMMUNE: found.communes})
    resolutions = [(place, time) for place in places for time in TIMES]
    cuts = [(days - each) * DAY_S for each in retentions]
    persons = len(known)
    out = []
    for done, (place, time) in enumerate(resolutions):
        step("so khớp / matching", done, len(resolutions))
        sizes = crowds(found.visits, known, places[place], TIMES[time], cuts)
        for c, retention in enumerate(retentions):
            for k in range(KNOWN):
                unique = int((sizes[:, c, k] == 1).sum())
                small = int((sizes[:, c, k] < SMALL).sum())
                low, high = wilson(unique, persons)
                out.append(
                    Figure(
                        known_visits=k + 1,
                        time_resolution=time,
                        place_resolution=place,
                        retention_days=retention,
                        unique_share=round(unique / persons, 4),
                        unique_low=round(low, 4),
                        unique_high=round(high, 4),
                        in_small_group_share=round(small / persons, 4),
                        with_fewer_visits=int((known[:, k] < 0).sum()),
                    )
                )
    step("so khớp / matching", len(resolutions), len(resolutions))
    return out


def _keys(
    visits: Visits, rows: Integers | slice, places: Integers, seconds: int, spans: int
) -> Integers:
    """One number for each place and time bucket."""
    keys: Integers = places[visits.venue[rows]] * spans + visits.at[rows] // seconds
    return keys


def _there(visits: Visits, wanted: Integers, keys: Callable[[slice], Integers]) -> list[Integers]:
    """The persons of each of these keys, ascending, each once; `wanted` ascends."""
    persons = int(visits.person.max()) + 1
    found = []
    for begin in range(0, len(visits.at), _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        key = keys(rows)
        at = np.minimum(np.searchsorted(wanted, key), len(wanted) - 1)
        hit = wanted[at] == key
        found.append(np.unique(at[hit] * persons + visits.person[rows][hit]))
    pairs = np.unique(np.concatenate(found))
    bounds = np.searchsorted(pairs, np.arange(1, len(wanted)) * persons)
    return np.split(pairs % persons, bounds)


def _in_all(groups: list[Integers]) -> int:
    """How many persons are in all of these, counted to `SMALL`."""
    first, *others = sorted(groups, key=len)
    # Large groups mostly share many: a look at some of them is enough.
    begin, look, count = 0, _FIRST_LOOK, 0
    while begin < len(first) and count < SMALL:
        some = first[begin : begin + look]
        for other in others:
            at = np.minimum(np.searchsorted(other, some), len(other) - 1)
            some = some[other[at] == some]
        count += len(some)
        begin, look = begin + look, look * 4
    return min(count, SMALL)


def _kept(visits: Visits, days: int, retention: int) -> Kept:
    still = visits.person[visits.at >= (days - retention) * DAY_S]
    visitors = int(np.count_nonzero(np.bincount(still)))
    return Kept(retention_days=retention, visitors=visitors, visits=len(still))


def _newest(connection: Connection, now: int) -> int | None:
    """Entry of the newest visit; one of a clock that was ahead is none yet."""
    for day in reversed(storage.of(connection).days(connection)):
        if day * DAY_S <= now:
            found = connection.exec_driver_sql(
                f"SELECT max(entered_at) FROM {_table(connection, day)}"  # noqa: S608  our own name
                f" WHERE entered_at >= {day * DAY_S} AND entered_at < {(day + 1) * DAY_S}"
                f" AND entered_at <= {now:d}"
            ).scalar()
            if found is not None:
                return int(found)
    return None


def _columns(
    connection: Connection, day: int, since: int, until: int, first: int
) -> tuple[Integers, ...]:
    """Person, venue and seconds after `first` of the visits that began in [since, until)."""
    names = ("person_id", "venue_id", f"entered_at - {first:d}")
    # As text, a column at a time: a Python object for each number would take twice as long.
    if connection.dialect.name == "sqlite":
        wanted = ", ".join(f"group_concat({name})" for name in names)
    else:
        wanted = ", ".join(f"string_agg(({name})::text, ',')" for name in names)
    row: Sequence[Any] = connection.exec_driver_sql(
        f"SELECT {wanted} FROM {_table(connection, day)}"  # noqa: S608  numbers and our own names
        f" WHERE entered_at >= {since:d} AND entered_at < {until:d}"
    ).one()
    return tuple(
        np.empty(0, np.int64) if text is None else np.fromstring(text, np.int64, sep=",")
        for text in row
    )


def _table(connection: Connection, day: int) -> str:
    """Where a day's whole visits are; in PostgreSQL the times asked for leave one partition."""
    return naming.by_person(day) if connection.dialect.name == "sqlite" else "visits"
