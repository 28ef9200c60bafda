"""Browsers that are signed in. The cookie holds a random id; the database only its digest."""

import hashlib
from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from fleet_server.models import BrowserSession

ID_BYTES: Final = 32
WAITING_S: Final = 300
"""How long a second factor is waited for after the password was given."""
SEEN_EVERY_S: Final = 60
"""How often at most it is written down that a browser was seen."""


class Lasts(NamedTuple):
    """How long a browser stays signed in, seconds."""

    at_most_s: int
    idle_s: int


class Session(NamedTuple):
    """One browser's; seconds UTC."""

    id: int
    account_id: int
    open: bool
    """False while the second factor is waited for."""
    browser: str
    created_at: int
    seen_at: int
    expires_at: int
    new_secret: bytes | None


COLUMNS: Final = tuple(getattr(BrowserSession, name) for name in Session._fields)
"""What a session is read from."""
LIVING: Final = and_(
    BrowserSession.digest == bindparam("digest"),
    BrowserSession.expires_at > bindparam("now"),
    BrowserSession.seen_at > bindparam("idle_since"),
)
"""The one session of `of_cookie`, as long as it lasts."""
_FIND: Final = select(*COLUMNS).where(LIVING)


def begin(
    connection: Connection,
    account_id: int,
    *,
    secret: bytes,
    open_: bool,
    browser: str,
    lasts: Lasts,
    now: int,
) -> str:
    """Signs a browser in, and returns the id for its cookie. `secret`: ID_BYTES of randomness."""
    if len(secret) != ID_BYTES:
        raise ValueError(f"a session's id is {ID_BYTES} bytes")
    connection.execute(delete(BrowserSession).where(~_lives(lasts, now)))
    connection.execute(
        insert(BrowserSession).values(
            account_id=account_id,
            digest=_digest(secret.hex()),
            open=open_,
            browser=browser,
            created_at=now,
            seen_at=now,
            expires_at=now + (lasts.at_most_s if open_ else WAITING_S),
        )
    )
    return secret.hex()


def find(connection: Connection, cookie: str, *, lasts: Lasts, now: int) -> Session | None:
    """The session of a cookie; None once it ended."""
    row = connection.execute(_FIND, of_cookie(cookie, lasts=lasts, now=now)).one_or_none()
    return None if row is None else Session(*row)


def of_cookie(cookie: str, *, lasts: Lasts, now: int) -> dict[str, object]:
    """The parameters of `LIVING`."""
    return {"digest": _digest(cookie), "now": now, "idle_since": now - lasts.idle_s}


def listed(connection: Connection, account_id: int, *, lasts: Lasts, now: int) -> list[Session]:
    """The browsers somebody is signed in with, the last seen first."""
    rows = connection.execute(
        select(*COLUMNS)
        .where(BrowserSession.account_id == account_id, BrowserSession.open, _lives(lasts, now))
        .order_by(BrowserSession.seen_at.desc(), BrowserSession.id.desc())
    )
    return [Session(*row) for row in rows]


def count(connection: Connection, account_id: int, *, now: int) -> int:
    """How many browsers somebody is signed in with, used of late or not."""
    mine = (BrowserSession.account_id == account_id, BrowserSession.open)
    query = select(func.count()).where(*mine, BrowserSession.expires_at > now)
    return connection.scalar(query) or 0


def seen(connection: Connection, session_id: int, *, now: int) -> None:
    """A browser was used."""
    _set(connection, session_id, seen_at=now)


def keep_secret(connection: Connection, session_id: int, sealed: bytes) -> None:
    """Keeps a second factor's secret that was shown, until it is confirmed."""
    _set(connection, session_id, new_secret=sealed)


def end(connection: Connection, account_id: int, session_id: int) -> bool:
    """Signs one of somebody's browsers out; whether there was one."""
    done = connection.execute(
        delete(BrowserSession).where(
            BrowserSession.id == session_id, BrowserSession.account_id == account_id
        )
    )
    return done.rowcount > 0


def end_all(connection: Connection, account_id: int, *, but: int | None = None) -> int:
    """Signs all of somebody's browsers out, `but` one; how many."""
    statement = delete(BrowserSession).where(BrowserSession.account_id == account_id)
    if but is not None:
        statement = statement.where(BrowserSession.id != but)
    return connection.execute(statement).rowcount


def _lives(lasts: Lasts, now: int) -> ColumnElement[bool]:
    return and_(BrowserSession.expires_at > now, BrowserSession.seen_at > now - lasts.idle_s)


def _set(connection: Connection, session_id: int, **values: object) -> None:
    connection.execute(
        update(BrowserSession).where(BrowserSession.id == session_id).values(**values)
    )


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
