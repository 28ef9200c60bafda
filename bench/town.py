"""A made-up town's visits, seeded: markets of very different size, offices with the same people,
shops, restaurants, a hospital and pagodas. A day at a time, so that fifty million fit.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from fleet_server.tracing.columns import Integers
from fleet_server.tracing.rules import CAP_S

DAYS: Final = 28
VISITS_EACH: Final = 14
"""In all days, on average: half a visit a day."""
FIRST_DAY: Final = 20_454
"""2026-01-01, days since 1970."""
DAY_S: Final = 86_400
ZONE_S: Final = 7 * 3600
WITHOUT_EXIT: Final = 0.1
DOUBLED: Final = 0.02
NO_EXIT: Final = -1


class Kind(NamedTuple):
    """A kind of venue: how much it is visited, by how many, when, and how long they stay."""

    code: str
    share: float
    people_each: int
    opens_h: float
    closes_h: float
    stay_min: float
    spread: float
    dwell_min: int


KINDS: Final = (
    Kind("market", 0.40, 2000, 5, 17, 40, 0.7, 60),
    Kind("office", 0.25, 60, 7, 8.5, 500, 0.1, 540),
    Kind("shop", 0.20, 150, 7, 21, 12, 0.7, 30),
    Kind("restaurant", 0.09, 200, 10, 20, 50, 0.5, 90),
    Kind("hospital", 0.03, 8000, 6, 16, 90, 0.8, 120),
    Kind("worship", 0.03, 3000, 6, 18, 60, 0.5, 120),
)


class Day(NamedTuple):
    """One day's visits, unique by venue, entry and person, in that order. Seconds UTC."""

    day: int
    person: Integers
    venue: Integers
    entered: Integers
    left: Integers
    """`NO_EXIT` where nobody saw it."""
    latest: Integers
    """The exit; else that person's next entry or the cap."""


class Town:
    """`visits` visits of 28 days; the same for the same seed."""

    def __init__(self, visits: int, seed: int = 7) -> None:
        self.visits = visits
        self.people = max(60, visits // VISITS_EACH)
        self._seed = seed
        rng = np.random.default_rng(seed)
        self.venues: list[Kind] = []
        self._of_kind: list[Integers] = []
        self._weights: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
        for kind in KINDS:
            number = max(2, self.people // kind.people_each)
            first = len(self.venues) + 1
            self._of_kind.append(np.arange(first, first + number))
            self.venues += [kind] * number
            # A few large ones, many small ones.
            weights = 1 / np.arange(1, number + 1) ** 0.8
            self._weights.append(weights / weights.sum())
        # How often somebody goes out, and where to most of the time.
        self._activity = rng.gamma(2.5, 1.0, self.people)
        self._activity /= self._activity.sum()
        self._usual = [
            rng.choice(venues, (self.people, 1 if kind.code == "office" else 3), p=weights)
            for kind, venues, weights in zip(KINDS, self._of_kind, self._weights, strict=True)
        ]

    def days(self) -> Iterator[Day]:
        """All days in order."""
        before = self._day(0)
        for number in range(1, DAYS + 1):
            after = self._day(number) if number < DAYS else None
            yield _bounded(before, after)
            if after is not None:
                before = after

    def _day(self, number: int) -> Day:
        rng = np.random.default_rng([self._seed, number])
        base = (FIRST_DAY + number) * DAY_S - ZONE_S
        wanted = round(self.visits / DAYS / (1 + DOUBLED))
        who = np.searchsorted(np.cumsum(self._activity), rng.random(wanted))
        who = np.minimum(who, self.people - 1)
        kinds = np.searchsorted(np.cumsum([kind.share for kind in KINDS]), rng.random(wanted))
        kinds = np.minimum(kinds, len(KINDS) - 1)
        venue, entered, length = (np.zeros(wanted, np.int64) for _ in range(3))
        for k, kind in enumerate(KINDS):
            at = np.flatnonzero(kinds == k)
            usual = self._usual[k]
            venue[at] = usual[who[at], rng.integers(0, usual.shape[1], len(at))]
            if kind.code != "office":
                strays = at[rng.random(len(at)) < 0.2]
                venue[strays] = rng.choice(self._of_kind[k], len(strays), p=self._weights[k])
            entered[at] = base + 3600 * rng.uniform(kind.opens_h, kind.closes_h, len(at))
            minutes = kind.stay_min * np.exp(rng.normal(0, kind.spread, len(at)))
            length[at] = np.clip(60 * minutes, 60, CAP_S)
        left = np.where(rng.random(wanted) < WITHOUT_EXIT, NO_EXIT, entered + length)
        twice = np.flatnonzero(rng.random(wanted) < DOUBLED)
        later = entered[twice] + rng.integers(1, 120, len(twice))
        still = (left[twice] == NO_EXIT) | (left[twice] > later)
        person = np.concatenate([who, who[twice][still]]) + 1
        columns = (
            person,
            np.concatenate([venue, venue[twice][still]]),
            np.concatenate([entered, later[still]]),
            np.concatenate([left, left[twice][still]]),
        )
        order = np.lexsort((person, columns[2], columns[1]))
        person, venue, entered, left = (column[order] for column in columns)
        fresh = np.ones(len(person), bool)
        fresh[1:] = (
            (venue[1:] != venue[:-1]) | (entered[1:] != entered[:-1]) | (person[1:] != person[:-1])
        )
        person, venue, entered, left = (each[fresh] for each in (person, venue, entered, left))
        return Day(FIRST_DAY + number, person, venue, entered, left, latest=left)


def _bounded(day: Day, after: Day | None) -> Day:
    """With the latest end of each stay: unseen exits end at the next entry, or at the cap."""
    days = [day] if after is None else [day, after]
    person = np.concatenate([each.person for each in days])
    entered = np.concatenate([each.entered for each in days])
    order = np.lexsort((entered, person))
    person, entered = person[order], entered[order]
    # Person and entry in one number, so that the next entry is found by one search.
    key = person * 2**33 + entered
    at = np.searchsorted(key, day.person * 2**33 + day.entered, "right")
    found = np.minimum(at, len(key) - 1)
    same = (at < len(key)) & (person[found] == day.person)
    following = np.where(same, entered[found], 2**40)
    latest = np.where(day.left == NO_EXIT, np.minimum(following, day.entered + CAP_S), day.left)
    return day._replace(latest=latest)
