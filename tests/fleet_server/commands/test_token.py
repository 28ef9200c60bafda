"""`fleet token …`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from fleet_server import database, settings
from fleet_server.auth import tokens
from fleet_server.commands import shared
from fleet_server.commands.token import token
from fleet_server.errors import FleetError
from fleet_server.models import AuditEntry
from fleet_server.settings import Settings
from tests.support.world import one_venue


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str) -> Settings:
    engine = database.connect(sqlite_url)
    one_venue(engine)
    engine.dispose()
    return settings.load(tmp_path, environ={"TRAM_DATABASE_URL": sqlite_url})


def call(home: Settings, *args: str) -> Result:
    return CliRunner().invoke(token, list(args), obj=home)


def make(home: Settings, *args: str) -> dict[str, str]:
    done = call(home, "create", "--name", "Mẫu", *args, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    told: dict[str, str] = json.loads(done.output)
    return told


def test_a_code_made_here_opens_and_is_shown_only_once(home: Settings) -> None:
    told = make(home, "--role", "venue_manager", "--venue", "cho-mau")
    with database.connect(home.database_url).connect() as connection:
        caller = tokens.by_code(connection, told["token"], now=0)
    assert caller is not None
    assert (caller.name, caller.role) == ("token:Mẫu", "venue_manager")
    for args in (("list",), ("list", "--json")):
        assert told["token"] not in call(home, *args).output


def test_codes_differ(home: Settings) -> None:
    codes = {make(home, "--role", "tracer")["token"] for _ in range(3)}
    assert len(codes) == 3


def test_for_people_it_says_how_to_use_it(home: Settings) -> None:
    output = call(home, "create", "--name", "Mẫu", "--role", "tracer").output
    assert "tram_" in output
    assert "Bearer" in output


def test_a_revoked_code_is_listed_as_such_and_opens_nothing(home: Settings) -> None:
    code = make(home, "--role", "tracer")["token"]
    (listed,) = json.loads(call(home, "list", "--json").output)
    assert listed["revoked_at"] is None
    assert call(home, "revoke", str(listed["id"])).exit_code == 0
    (listed,) = json.loads(call(home, "list", "--json").output)
    assert listed["revoked_at"] is not None
    with database.connect(home.database_url).connect() as connection:
        assert tokens.by_code(connection, code, now=0) is None


def test_making_and_revoking_goes_on_record_without_the_code(home: Settings) -> None:
    code = make(home, "--role", "tracer")["token"]
    call(home, "revoke", "1")
    with database.connect(home.database_url).connect() as connection:
        lines = connection.execute(
            select(AuditEntry.actor, AuditEntry.action, AuditEntry.detail).where(
                AuditEntry.action.like("token.%")
            )
        ).all()
    assert [(line.actor, line.action) for line in lines] == [
        (shared.actor(), "token.created"),
        (shared.actor(), "token.revoked"),
    ]
    assert code not in "".join(line.detail for line in lines)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("create", "--name", "x", "--role", "venue_manager"), "--venue"),
        (("create", "--name", "x", "--role", "venue_manager", "--venue", "no"), "venue 'no'"),
        (("create", "--name", "x", "--role", "tracer", "--days", "0"), "days: expected"),
        (("revoke", "9"), "token 9 is not known"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    home: Settings, args: tuple[str, ...], expected: str
) -> None:
    done = call(home, *args)
    assert isinstance(done.exception, FleetError)
    assert expected in str(done.exception)
