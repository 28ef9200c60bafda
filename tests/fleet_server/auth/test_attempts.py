"""What may be tried only so often: counted in the database, ended by itself, nobody shut out."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select

from fleet_server import database
from fleet_server.auth import attempts
from fleet_server.auth.attempts import Limit, TooMany
from fleet_server.models import Attempt

THREE = Limit(3, 600)


def take(engine: Engine, *keys: str, now: int, limit: Limit = THREE) -> list[int]:
    with engine.execution_options(**database.WRITES).begin() as connection:
        return attempts.take(connection, [(key, limit) for key in keys], now=now)


def test_after_too_many_a_key_must_wait_and_others_need_not(engine: Engine) -> None:
    for second in range(3):
        take(engine, "login:a", now=second)
    with pytest.raises(TooMany, match="598 s") as caught:
        take(engine, "login:a", now=2)
    assert caught.value.wait_s == 598
    take(engine, "login:b", now=2)


def test_the_wait_ends_by_itself_however_often_it_is_tried(engine: Engine) -> None:
    for _ in range(3):
        take(engine, "login:a", now=0)
    for second in range(1, 600, 7):
        with pytest.raises(TooMany):
            take(engine, "login:a", now=second)
    take(engine, "login:a", now=600)


def test_one_key_without_tries_left_counts_none_of_the_others(engine: Engine) -> None:
    for _ in range(3):
        take(engine, "address:a", now=0)
    with pytest.raises(TooMany):
        take(engine, "login:x", "address:a", now=1)
    with engine.connect() as connection:
        assert attempts.count(connection, "login:x", now=1) == 0


def test_what_succeeded_is_not_counted(engine: Engine) -> None:
    ids = take(engine, "login:a", "address:a", now=0)
    with engine.execution_options(**database.WRITES).begin() as connection:
        attempts.forgive(connection, ids)
        assert attempts.count(connection, "login:a", now=0) == 0
        assert attempts.count(connection, "address:a", now=0) == 0


def test_what_counts_no_more_is_deleted(engine: Engine) -> None:
    take(engine, "login:a", now=0)
    take(engine, "login:b", now=600)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Attempt)) == 1


def test_other_workers_see_what_was_counted(engine: Engine) -> None:
    for _ in range(3):
        take(engine, "login:a", now=0)
    another = database.connect(engine.url.render_as_string(hide_password=False))
    with pytest.raises(TooMany):
        take(another, "login:a", now=0)
    another.dispose()


def test_many_at_once_have_no_more_tries_than_one(engine: Engine) -> None:
    def refused(_number: int) -> bool:
        try:
            take(engine, "login:a", now=0)
        except TooMany:
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(refused, range(16))) == [False] * 3 + [True] * 13


def test_all_addresses_one_stranger_has_are_counted_as_one() -> None:
    assert attempts.address("192.0.2.7") == "address:192.0.2.7"
    assert attempts.address("2001:db8::1") == attempts.address("2001:db8::ffff:2")
    assert attempts.address("2001:db8::1") != attempts.address("2001:db8:0:1::1")
    # As a server that listens on IPv6 sees readers who come by IPv4.
    assert attempts.address("::ffff:192.0.2.7") == "address:192.0.2.7"
    assert attempts.address(None) == attempts.address("x") == "address:?"
