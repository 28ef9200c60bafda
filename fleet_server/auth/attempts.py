"""How often something may be tried: counted in the database, for all workers and restarts.

What is counted ends by itself. Nobody can keep another out for good: a browser that signed in
before is counted apart from strangers (`login:…:…`), and a valid token is never turned away.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, text

from fleet_server.errors import FleetError
from fleet_server.models import Attempt

_LOCK: Final = 0x747279  # any number, the same in all processes


class Limit(NamedTuple):
    """So many within so many seconds."""

    most: int
    window_s: int


PER_LOGIN: Final = Limit(10, 600)
PER_BROWSER: Final = Limit(10, 600)
"""A browser that signed in to this account before."""
PER_ADDRESS: Final = Limit(20, 600)
"""An office behind one address mistypes more than one person does."""
PER_SECOND_FACTOR: Final = Limit(5, 600)
"""Codes have six digits, and who tries has the password."""


class TooMany(FleetError):
    """It was tried too often."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(
            f"Thử quá nhiều lần, xin đợi {wait_s} giây / Too many attempts, please wait {wait_s} s"
        )
        self.wait_s = wait_s


def take(connection: Connection, counted: Sequence[tuple[str, Limit]], *, now: int) -> list[int]:
    """Counts an attempt for each key, before it is made; ids to `forgive` what was none.

    Raises TooMany, and counts nothing, where one key has none left. The transaction must write.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(delete(Attempt).where(Attempt.counts_until <= now))
    wait_s = max((_wait_s(connection, key, limit, now) for key, limit in counted), default=0)
    if wait_s:
        raise TooMany(wait_s)
    rows = [{"key": key, "at": now, "counts_until": now + limit.window_s} for key, limit in counted]
    return list(connection.scalars(insert(Attempt).returning(Attempt.id), rows))


def forgive(connection: Connection, ids: Iterable[int]) -> None:
    """Uncounts attempts that succeeded."""
    connection.execute(delete(Attempt).where(Attempt.id.in_(list(ids))))


def forget(connection: Connection, key: str) -> None:
    """Uncounts all of a key's, and of those that go on from it with a colon."""
    connection.execute(delete(Attempt).where(_of(key)))


def count(connection: Connection, key: str, *, now: int) -> int:
    """How many of a key's, and of those that go on from it with a colon, count now."""
    statement = select(func.count()).where(_of(key), Attempt.counts_until > now)
    return connection.scalar(statement) or 0


def address(text: str | None) -> str:
    """The key of an address; of IPv6 its /64, all of which one stranger has.

    A server that listens on both sees IPv4 as `::ffff:192.0.2.1`: that /64 would be everybody.
    """
    try:
        found = ipaddress.ip_address(text or "")
    except ValueError:
        return "address:?"
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.version == 6:
        return f"address:{ipaddress.ip_network((found, 64), strict=False).network_address}"
    return f"address:{found}"


def _of(key: str) -> ColumnElement[bool]:
    return or_(Attempt.key == key, Attempt.key.startswith(f"{key}:", autoescape=True))


def _wait_s(connection: Connection, key: str, limit: Limit, now: int) -> int:
    """Seconds until one more may be tried; 0 where it may be now."""
    newest = connection.scalars(
        select(Attempt.at)
        .where(Attempt.key == key, Attempt.at > now - limit.window_s)
        .order_by(Attempt.at.desc())
        .limit(limit.most)
    ).all()
    return newest[-1] + limit.window_s - now if len(newest) >= limit.most else 0
