"""What tracing is measured beside: the limit, numpy in memory, and the first idea, a self-join.

And what it is held to: the tests' plain Python, by each pair of stays.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, inspect, text

from bench.town import DAY_S, DAYS, FIRST_DAY, NO_EXIT, Day, Town
from fleet_server import database
from fleet_server.tracing.columns import DWELL, MEASURED, NO_ROOM, Found, Group, Integers, sure
from fleet_server.tracing.exposure import Exposures, exposures
from fleet_server.tracing.reach import Question, Reach, Stay, reach
from fleet_server.tracing.rules import CAP_S, Rule
from fleet_server.tracing.storage.memory import MemoryStays
from fleet_server.tracing.storage.port import VenueSpan
from tests.fleet_server.tracing import oracle, stays

WINDOW_DAYS: Final = 14
Case = tuple[int, Question]
"""Index person and what is asked."""


class Limit:
    """The same rules on sorted arrays in memory: nothing is fetched from anywhere."""

    def __init__(self, town: Town, days: Iterable[Day]) -> None:
        _, *columns = zip(*days, strict=True)
        person, venue, entered, left, latest = map(np.concatenate, columns)
        self.visits = len(person)
        ending = np.where(left == NO_EXIT, DWELL, MEASURED)
        self.memory = MemoryStays(venue, Found(person, entered, latest, ending))
        order = np.lexsort((entered, person))
        self._person, self._venue, self._entered = person[order], venue[order], entered[order]
        self._latest, self._ending = latest[order], ending[order]
        self._dwell_s = np.array([0, *(60 * kind.dwell_min for kind in town.venues)])

    def reach(self, case: Case) -> Reach:
        """Where and when the index person was."""
        person, question = case
        first, last = np.searchsorted(self._person, [person, person + 1])
        entered = self._entered[first:last]
        low, high = np.searchsorted(entered, [question.since - CAP_S + 1, question.until])
        rows = slice(int(first + low), int(first + high))
        columns = (
            column[rows].tolist()
            for column in (self._venue, self._entered, self._latest, self._ending)
        )
        stays = []
        for venue, start, latest, ending in zip(*columns, strict=True):
            if latest <= question.since:
                continue
            certain = latest if ending == MEASURED else start
            expected = latest
            if ending == DWELL:
                expected = min(start + int(self._dwell_s[venue]), latest)
            spans = ((start, certain), (start, expected), (start, latest))
            stays.append(Stay(venue, NO_ROOM, *spans))
        return reach(stays, question)

    def answer(self, case: Case) -> tuple[Exposures, Integers]:
        """Everybody met, and in which order they are listed."""
        reached = self.reach(case)
        counts, found = self.memory.sure_at(spans_of(reached))
        dwell = np.repeat(self._dwell_s[reached.venues], counts)
        groups = [Group(counts, sure(found, dwell))]
        exposed = exposures(reached, groups, case[1].rule, but=[case[0]])
        return exposed, exposed.ranked(refs)

    def scanned(self, case: Case) -> int:
        """Rows any search along the venue's order has to look at."""
        stretches = map(self.memory.stretch, spans_of(self.reach(case)))
        return sum(last - first for first, last in stretches)

    def plainly(self, case: Case) -> list[oracle.Found]:
        """The answer by each pair of stays, in plain Python: slow, and right."""
        person, question = case
        mine = self._stays(np.arange(*np.searchsorted(self._person, [person, person + 1])))
        # Whoever came more than a day before is gone, whatever the cap.
        near = [
            np.flatnonzero(
                (self._venue == int(stay.venue))
                & (self._entered > stay.start - DAY_S)
                & (self._entered < stay.end_latest + question.rule.linger_s)
            )
            for stay in mine
            if question.since - DAY_S < stay.start < question.until
        ]
        others = self._stays(np.unique(np.concatenate(near)))
        return oracle.by_pairs(mine, others, question)

    def _stays(self, rows: Integers) -> list[oracle.Stay]:
        columns = (self._person, self._venue, self._entered, self._latest, self._ending)
        return [
            stays.stay(
                refs([person])[0],
                entered,
                latest if how == MEASURED else None,
                venue=str(venue),
                latest=latest,
                dwell_s=int(self._dwell_s[venue]),
            )
            for person, venue, entered, latest, how in zip(
                *(column[rows].tolist() for column in columns), strict=True
            )
        ]

    def cases(self, number: int, rule: Rule, seed: int = 3) -> list[Case]:
        """Persons with 20 to 40 stays in a fortnight, at least one of them at a market."""
        rng = np.random.default_rng(seed)
        counts = np.bincount(self._person)
        busy = np.flatnonzero(counts >= 20)
        out: list[Case] = []
        for _ in range(1000 * number):
            person = int(rng.choice(busy))
            since = (FIRST_DAY + int(rng.integers(0, DAYS - WINDOW_DAYS + 1))) * DAY_S
            question = Question(since, since + WINDOW_DAYS * DAY_S, rule)
            first, last = np.searchsorted(self._person, [person, person + 1])
            entered = self._entered[first:last]
            within = (entered >= since) & (entered < question.until)
            # Markets are the first venues there are.
            at_market = self._venue[first:last][within] <= self._markets
            if 20 <= within.sum() <= 40 and at_market.any():
                out.append((person, question))
                if len(out) == number:
                    return out
        raise SystemExit(f"the town is too small for {number} cases")

    @property
    def _markets(self) -> int:
        return int(np.count_nonzero(self._dwell_s == 3600))


def refs(persons: Sequence[int]) -> list[str]:
    return [f"P{person}" for person in persons]


def spans_of(reached: Reach) -> list[VenueSpan]:
    return [VenueSpan(v, *span) for v, span in zip(reached.venues, reached.spans, strict=True)]


class SelfJoin:
    """The self-join one would write first: one table, an index on each column that is asked for."""

    _MAKE: Final = (
        "CREATE TABLE first_idea (visitor BIGINT, venue BIGINT, entered BIGINT, gone BIGINT)"
    )
    _INDEXED: Final = ("visitor", "venue", "entered", "gone")
    _ASK: Final = """SELECT b.visitor, sum({least}(a.gone, b.gone) - {most}(a.entered, b.entered)) s
        FROM first_idea a JOIN first_idea b
          ON a.venue = b.venue AND a.entered < b.gone AND b.entered < a.gone
       WHERE a.visitor = :person AND a.entered < :until AND a.gone > :since AND b.visitor <> :person
       GROUP BY b.visitor ORDER BY s DESC"""

    def __init__(self, engine: Engine, town: Town, days: Iterable[Day]) -> None:
        """Fills a database of its own, unless it is filled already."""
        self._connection = engine.execution_options(**database.WRITES).connect()
        self._sqlite = database.is_sqlite(engine)
        self._dwell_s = np.array([0, *(60 * kind.dwell_min for kind in town.venues)])
        words = ("min", "max") if self._sqlite else ("least", "greatest")
        self._ask = text(self._ASK.format(least=words[0], most=words[1]))
        if not inspect(self._connection).has_table("first_idea"):
            self._connection.execute(text(self._MAKE))
            for day in days:
                self._load(day)
            for column in self._INDEXED:
                self._connection.execute(
                    text(f"CREATE INDEX first_{column} ON first_idea ({column})")
                )
            self._connection.execute(text("ANALYZE first_idea"))
        self._connection.commit()

    def _load(self, day: Day) -> None:
        """One day's rows as they arrive, with the expected end where no exit was seen."""
        expected = np.minimum(day.entered + self._dwell_s[day.venue], day.latest)
        gone = np.where(day.left == NO_EXIT, expected, day.left)
        order = np.argsort(day.entered, kind="stable")
        columns = (day.person, day.venue, day.entered, gone)
        rows = zip(*(column[order].tolist() for column in columns), strict=True)
        raw: Any = self._connection.connection.driver_connection
        if self._sqlite:
            raw.executemany("INSERT INTO first_idea VALUES (?, ?, ?, ?)", rows)
            return
        with raw.cursor() as cursor, cursor.copy("COPY first_idea FROM STDIN") as copying:
            for row in rows:
                copying.write_row(row)

    def close(self) -> None:
        """Leaves the table where it is."""
        self._connection.close()

    def answer(self, case: Case) -> int:
        """How many it lists."""
        person, question = case
        given = {"person": person, "since": question.since, "until": question.until}
        return len(self._connection.execute(self._ask, given).all())
