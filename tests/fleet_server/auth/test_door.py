"""Signing in while something changes: what was true when it began is not enough."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, select

from fleet_server import database
from fleet_server.auth import accounts, door, own_account, sessions, signed_in
from fleet_server.auth.accounts import By
from fleet_server.auth.door import Door, Entered, Whence, WrongProof
from fleet_server.auth.passwords import Passwords
from fleet_server.auth.permissions import Role
from fleet_server.auth.second_factor import SecretSeal
from fleet_server.auth.sessions import Lasts
from fleet_server.models import BrowserSession
from tests.fleet_server.people import CHEAP, PASSWORD

NOW_MS = 1_767_000_000_000
BY = By("root", NOW_MS)
HERE = Whence("192.0.2.1", "", "Firefox")


class Meanwhile(Passwords):
    """Something happens while a password is being checked."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__(CHEAP)
        self._happens = happens

    def fits(self, hashed: str | None, password: str) -> bool:
        found = super().fits(hashed, password)
        self._happens()
        return found


@pytest.fixture
def way_in(engine: Engine) -> Door:
    made = Door(engine, Passwords(CHEAP), SecretSeal(b"k" * 32), Lasts(43_200, 3600))
    with engine.execution_options(**database.WRITES).begin() as connection:
        accounts.create(
            connection,
            BY,
            login="lan",
            role=Role.VISITOR_DESK,
            password_hash=made.passwords.hash(PASSWORD),
            must_change_password=False,
        )
    return made


def enter(way_in: Door) -> Entered:
    return door.by_password(way_in, "lan", PASSWORD, HERE, now_ms=NOW_MS)


def meanwhile(way_in: Door, change: Callable[[Connection], None]) -> Door:
    def happens() -> None:
        with way_in.engine.execution_options(**database.WRITES).begin() as connection:
            change(connection)

    return way_in._replace(passwords=Meanwhile(happens))


CHANGES: dict[str, Callable[[Connection], None]] = {
    "disabled": lambda connection: accounts.disable(connection, BY, "lan"),
    "reset": lambda connection: accounts.reset_password(connection, BY, "lan", "$argon2id$x"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_password_checked_while_it_is_taken_away_opens_nothing(way_in: Door, change: str) -> None:
    assert enter(way_in).open
    with pytest.raises(WrongProof):
        enter(meanwhile(way_in, CHANGES[change]))
    with way_in.engine.connect() as connection:
        assert connection.execute(select(BrowserSession.id)).all() == []


def test_a_password_changed_while_it_is_reset_stays_reset(way_in: Door) -> None:
    cookie = enter(way_in).cookie
    with way_in.engine.connect() as connection:
        me = signed_in.recognise(connection, cookie, lasts=way_in.lasts, now=NOW_MS // 1000)
    assert me is not None
    with pytest.raises(WrongProof):
        own_account.change_password(
            meanwhile(way_in, CHANGES["reset"]), me, PASSWORD, "mười hai cây cau", now_ms=NOW_MS
        )
    with way_in.engine.connect() as connection:
        (listed,) = accounts.listed(connection)
        assert listed.must_change_password
        assert sessions.find(connection, cookie, lasts=way_in.lasts, now=NOW_MS // 1000) is None
