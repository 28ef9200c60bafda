"""What the tables of a day are called."""

import datetime as dt
from functools import lru_cache

_EPOCH = dt.date(1970, 1, 1)


@lru_cache(maxsize=4096)
def _stamp(day: int) -> str:
    return (_EPOCH + dt.timedelta(days=day)).strftime("%Y%m%d")


def by_venue(day: int) -> str:
    """SQLite: the day's stays in the order of venue and entry."""
    return f"stays_by_venue_{_stamp(day)}"


def by_person(day: int) -> str:
    """SQLite: the day's whole visits in the order of person and entry."""
    return f"stays_by_person_{_stamp(day)}"


def history(day: int) -> str:
    """SQLite and PostgreSQL: what the day's visits were before they changed."""
    return f"stay_history_{_stamp(day)}"


def partition(day: int) -> str:
    """PostgreSQL: the day's partition of `visits`."""
    return f"visits_{_stamp(day)}"


def whole(dialect: str, day: int) -> str:
    """The table of the day's whole visits on this engine."""
    return by_person(day) if dialect == "sqlite" else partition(day)


def is_of_a_day(table: str) -> bool:
    """Whether a table, or an index of one, is made as days come, and so in no model."""
    starts = ("stays_by_venue_", "stays_by_person_", "stay_history", "visits_")
    return table == "visits" or table.startswith(starts)
