"""Browsers signed in: known by digest, ended by time, by disuse, or by hand."""

import pytest
from sqlalchemy import Engine, func, select

from fleet_server import database
from fleet_server.auth import accounts, sessions
from fleet_server.auth.accounts import By
from fleet_server.auth.permissions import Role
from fleet_server.auth.sessions import Lasts, Session
from fleet_server.models import BrowserSession

LASTS = Lasts(at_most_s=43_200, idle_s=3600)
NOW = 1_767_000_000


@pytest.fixture
def lan(engine: Engine) -> int:
    with engine.execution_options(**database.WRITES).begin() as connection:
        accounts.create(connection, By("t", 1), login="lan", role=Role.TRACER, password_hash="x")
        return accounts.find(connection, "lan")


def begin(
    engine: Engine, account_id: int, mark: int = 1, *, now: int = NOW, open_: bool = True
) -> str:
    with engine.execution_options(**database.WRITES).begin() as connection:
        return sessions.begin(
            connection,
            account_id,
            secret=bytes([mark]) * sessions.ID_BYTES,
            open_=open_,
            browser="Firefox, Android",
            lasts=LASTS,
            now=now,
        )


def find(engine: Engine, cookie: str, *, now: int = NOW) -> Session | None:
    with engine.connect() as connection:
        return sessions.find(connection, cookie, lasts=LASTS, now=now)


def seen(engine: Engine, cookie: str, *, now: int) -> None:
    found = find(engine, cookie, now=now)
    assert found is not None
    with engine.execution_options(**database.WRITES).begin() as connection:
        sessions.seen(connection, found.id, now=now)


def test_the_database_does_not_hold_what_the_cookie_holds(engine: Engine, lan: int) -> None:
    cookie = begin(engine, lan)
    with engine.connect() as connection:
        row = connection.execute(select(BrowserSession.__table__)).one()
    assert cookie not in repr(tuple(row))
    assert bytes.fromhex(cookie) not in tuple(row)
    assert find(engine, cookie) is not None
    for wrong in ("", cookie[:-1], cookie[2:] + "02", "0" * 64):
        assert find(engine, wrong) is None


def test_it_ends_without_use_and_lasts_with_it(engine: Engine, lan: int) -> None:
    cookie = begin(engine, lan)
    assert find(engine, cookie, now=NOW + 3599) is not None
    assert find(engine, cookie, now=NOW + 3600) is None
    seen(engine, cookie, now=NOW + 3000)
    assert find(engine, cookie, now=NOW + 6599) is not None


def test_it_ends_after_twelve_hours_however_busy(engine: Engine, lan: int) -> None:
    cookie = begin(engine, lan)
    for half_hour in range(24):
        seen(engine, cookie, now=NOW + half_hour * 1800 + 1790)
    assert find(engine, cookie, now=NOW + 43_199) is not None
    assert find(engine, cookie, now=NOW + 43_200) is None


def test_one_that_waits_for_a_code_waits_five_minutes_and_is_not_listed(
    engine: Engine, lan: int
) -> None:
    cookie = begin(engine, lan, open_=False)
    assert find(engine, cookie, now=NOW + sessions.WAITING_S - 1) is not None
    assert find(engine, cookie, now=NOW + sessions.WAITING_S) is None
    with engine.connect() as connection:
        assert sessions.listed(connection, lan, lasts=LASTS, now=NOW) == []


def test_those_that_ended_are_deleted_when_the_next_begins(engine: Engine, lan: int) -> None:
    begin(engine, lan)
    begin(engine, lan, 2, now=NOW + 3600)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(BrowserSession)) == 1


def test_one_is_ended_by_its_owner_only_and_all_others_at_once(engine: Engine, lan: int) -> None:
    cookies = [begin(engine, lan, mark) for mark in (1, 2, 3)]
    first, second, _ = (find(engine, cookie) for cookie in cookies)
    assert first is not None
    assert second is not None
    with engine.execution_options(**database.WRITES).begin() as connection:
        assert not sessions.end(connection, lan + 1, first.id)
        assert sessions.end(connection, lan, first.id)
        assert not sessions.end(connection, lan, first.id)
        assert sessions.end_all(connection, lan, but=second.id) == 1
        assert sessions.listed(connection, lan, lasts=LASTS, now=NOW) == [second]
