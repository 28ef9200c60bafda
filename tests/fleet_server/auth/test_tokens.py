"""Codes: random, shown once, known by digest, limited in time and place."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from fleet_server import database
from fleet_server.auth import accounts, tokens
from fleet_server.auth.accounts import By
from fleet_server.auth.caller import Caller
from fleet_server.auth.permissions import GRANTS, PERSONAL, Permission, Role
from fleet_server.auth.tokens import BadToken
from fleet_server.errors import NotKnown
from fleet_server.models import AccessToken, Account
from tests.fleet_server.people import own_code
from tests.support.world import one_venue

NOW = 1_767_000_000
DAY = 86_400


def issue(
    engine: Engine, role: Role = Role.TRACER, venue: str | None = None, **more: object
) -> str:
    asked: dict[str, object] = {"name": "Mẫu", "days": 7, "now": NOW, "secret": b"s" * 32}
    with engine.execution_options(**database.WRITES).begin() as connection:
        return tokens.create(connection, role=role, venue=venue, **(asked | more))  # type: ignore[arg-type]


def who(engine: Engine, code: str, *, now: int = NOW) -> Caller | None:
    with engine.connect() as connection:
        return tokens.by_code(connection, code, now=now)


def test_a_code_stands_for_its_holder(engine: Engine) -> None:
    place = one_venue(engine)
    caller = who(engine, issue(engine, Role.VENUE_MANAGER, "cho-mau"))
    assert caller is not None
    assert (caller.name, caller.role) == ("token:Mẫu", Role.VENUE_MANAGER)
    assert caller.venues == {place.venue_id}
    assert caller.permissions == GRANTS[Role.VENUE_MANAGER]


def test_a_code_kept_to_a_scope_may_no_more(engine: Engine) -> None:
    caller = who(engine, issue(engine, scopes=[Permission.TRACE]))
    assert caller is not None
    assert [each for each in Permission if caller.may(each)] == [Permission.TRACE]
    with engine.connect() as connection:
        assert tokens.listed(connection)[0].scopes == ["trace"]


def test_a_scope_never_gives_what_the_role_may_not(engine: Engine) -> None:
    with pytest.raises(BadToken, match=r"scope audit, fleet: the role tracer may only"):
        issue(engine, scopes=[Permission.AUDIT, Permission.FLEET])
    code = issue(engine, scopes=[Permission.TRACE])
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            AccessToken.__table__.update().values(scopes="cases.decide admin oracle trace")  # type: ignore[attr-defined]
        )
    caller = who(engine, code)
    assert caller is not None
    assert caller.permissions == {Permission.TRACE}


def test_the_database_does_not_hold_the_code(engine: Engine) -> None:
    code = issue(engine)
    with engine.connect() as connection:
        row = connection.execute(select(AccessToken.__table__)).one()
    assert code.removeprefix(tokens.PREFIX) not in repr(tuple(row))
    assert b"s" * 32 not in tuple(row)


@pytest.mark.parametrize("code", ["", "tram_", "tram_" + "A" * 43, "x" * 200, "tram_\x00", "TRAM1"])
def test_what_is_no_code_stands_for_nobody(engine: Engine, code: str) -> None:
    issue(engine)
    assert who(engine, code) is None


def test_a_code_ends_with_its_last_day(engine: Engine) -> None:
    code = issue(engine)
    assert who(engine, code, now=NOW + 7 * DAY - 1) is not None
    assert who(engine, code, now=NOW + 7 * DAY) is None


def test_a_revoked_code_stands_for_nobody_and_can_be_revoked_again(engine: Engine) -> None:
    code = issue(engine)
    for later in (1, 2):
        with engine.execution_options(**database.WRITES).begin() as connection:
            tokens.revoke(connection, 1, now=NOW + later)
    assert who(engine, code) is None
    with engine.connect() as connection:
        assert tokens.listed(connection)[0].revoked_at == NOW + 1


def test_a_role_of_a_newer_release_is_permitted_nothing(engine: Engine) -> None:
    code = issue(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(AccessToken.__table__.update().values(role="oracle"))  # type: ignore[attr-defined]
    assert who(engine, code) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"name": " "}, "name: expected"),
        ({"name": "x" * 59}, "name: expected"),
        ({"name": "a\nb"}, "name: expected"),
        ({"days": 0}, "days: expected 1 to 366, not 0"),
        ({"days": 367}, "days: expected 1 to 366, not 367"),
        ({"role": Role.VENUE_MANAGER}, "expected --venue"),
        ({"venue": "cho-mau"}, "leave --venue out"),
        ({"role": Role.TRACING_SUPERVISOR}, "expected --account"),
        ({"scopes": [Permission.CASES]}, "expected --account"),
        ({"scopes": [Permission.TRACE, Permission.CASES_DECIDE]}, "expected --account"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(
    engine: Engine, asked: dict[str, object], expected: str
) -> None:
    with pytest.raises(BadToken, match=expected):
        issue(engine, **asked)  # type: ignore[arg-type]


def test_a_token_for_an_unknown_venue_is_refused(engine: Engine) -> None:
    with pytest.raises(NotKnown, match="venue 'cho-la'"):
        issue(engine, Role.VENUE_MANAGER, "cho-la")


def test_a_program_does_nothing_that_is_done_in_a_persons_name(engine: Engine) -> None:
    code = issue(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        # As releases before this one made them.
        connection.execute(
            AccessToken.__table__.update().values(role="tracing_supervisor")  # type: ignore[attr-defined]
        )
    caller = who(engine, code)
    assert caller is not None
    assert caller.permissions == GRANTS[Role.TRACING_SUPERVISOR] - PERSONAL


def own(engine: Engine, role: Role = Role.TRACING_SUPERVISOR, **more: Any) -> str:
    with engine.execution_options(**database.WRITES).begin() as connection:
        return own_code(connection, "lan", role, secret=b"o" * 32, now=NOW, **more)


def test_somebodys_own_code_is_that_person(engine: Engine) -> None:
    place = one_venue(engine)
    caller = who(engine, own(engine, Role.VENUE_MANAGER, venues=["cho-mau"]))
    assert caller is not None
    assert (caller.name, caller.role) == ("lan", Role.VENUE_MANAGER)
    assert caller.venues == {place.venue_id}
    assert caller.permissions == GRANTS[Role.VENUE_MANAGER]
    with engine.connect() as connection:
        (listed,) = tokens.listed(connection)
    assert (listed.account, listed.role) == ("lan", "venue_manager")


def test_an_own_code_kept_to_a_scope_may_no_more(engine: Engine) -> None:
    own(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        about = {"name": "máy", "days": 1, "now": NOW, "secret": b"p" * 32}
        code = tokens.create_own(connection, "lan", scopes=[Permission.CASES], **about)  # type: ignore[arg-type]
        with pytest.raises(BadToken, match="scope admin: the role tracing_supervisor may only"):
            tokens.create_own(connection, "lan", scopes=[Permission.ADMIN], **about)  # type: ignore[arg-type]
    caller = who(engine, code)
    assert caller is not None
    assert caller.permissions == {Permission.CASES}


def test_nobodys_own_code_is_not_made(engine: Engine) -> None:
    with (
        engine.execution_options(**database.WRITES).begin() as connection,
        pytest.raises(NotKnown, match="account"),
    ):
        tokens.create_own(connection, "lan", name="máy", days=1, now=NOW, secret=b"p" * 32)


@pytest.mark.parametrize(
    "change",
    [
        lambda connection, by: accounts.set_role(connection, by, "lan", Role.AUDITOR),
        lambda connection, by: accounts.disable(connection, by, "lan"),
        lambda connection, by: accounts.reset_password(connection, by, "lan", "x"),
        lambda connection, by: accounts.reset_second_factor(connection, by, "lan"),
        lambda connection, by: accounts.end_sessions(connection, by, "lan"),
    ],
    ids=["role", "disabled", "password", "second_factor", "sessions"],
)
def test_an_own_code_ends_with_every_change_of_the_account(
    engine: Engine, change: Callable[[Connection, By], None]
) -> None:
    code, others = own(engine), issue(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        change(connection, By("quan-tri", NOW * 1000))
    assert who(engine, code) is None
    with engine.execution_options(**database.WRITES).begin() as connection:
        accounts.enable(connection, By("quan-tri", NOW * 1000), "lan")
    assert who(engine, code) is None
    assert who(engine, others) is not None


def test_whoever_is_disabled_by_other_means_opens_nothing(engine: Engine) -> None:
    code = own(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(Account.__table__.update().values(disabled_at=NOW))  # type: ignore[attr-defined]
    assert who(engine, code) is None
