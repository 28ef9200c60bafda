"""`fleet account …`."""

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from fleet_server import database
from fleet_server.auth.passwords import Passwords
from fleet_server.cli import main
from fleet_server.commands import shared
from fleet_server.models import Account, AuditEntry, BrowserSession
from tests.fleet_server.homes import Home
from tests.support.world import one_venue

CHEAP = "[accounts]\nhash_memory_kib = 8\nhash_passes = 1\nhash_lanes = 1\n"
CHOSEN = "bốn con trâu ra đồng"


@pytest.fixture
def fleet(home: Home) -> Home:
    (home.path / "fleet.toml").write_text(CHEAP, "utf-8")
    engine = database.connect(home.settings.database_url)
    one_venue(engine)
    one_venue(engine, ref="truong-mau", kiosk="truong-mau-1", kind="school")
    engine.dispose()
    return home


def typed(home: Home, line: str, *args: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home.path), *args], input=line)


def stored(home: Home, login: str) -> dict[str, object]:
    with database.connect(home.settings.database_url).connect() as connection:
        row = connection.execute(select(Account.__table__).where(Account.login == login)).one()
        return dict(row._mapping)


def on_record(home: Home) -> list[tuple[str, str, str, str]]:
    with database.connect(home.settings.database_url).connect() as connection:
        columns = (AuditEntry.actor, AuditEntry.action, AuditEntry.subject, AuditEntry.detail)
        query = select(*columns).where(AuditEntry.action.like("account.%"))
        return [tuple(row) for row in connection.execute(query.order_by(AuditEntry.id))]


def test_the_first_administrator_is_made_by_command_with_a_one_time_password(fleet: Home) -> None:
    told = fleet.json("account", "create", "quan-tri", "--role", "administrator")
    found = stored(fleet, "quan-tri")
    assert found["must_change_password"]
    assert told["password"] not in str(found)
    hashed = str(found["password_hash"])
    assert hashed.startswith("$argon2id$")
    assert Passwords(fleet.settings.accounts).fits(hashed, told["password"])
    for args in (("list",), ("list", "--json")):
        assert told["password"] not in fleet.ok("account", *args)


def test_one_time_passwords_differ_and_are_shown_once(fleet: Home) -> None:
    text = fleet.ok("account", "create", "lan", "--role", "tracer", "--name", "Lan Mẫu")
    first = next(line.strip() for line in text.splitlines() if line.startswith("  "))
    again = fleet.ok("account", "reset-password", "lan")
    assert first not in again
    assert len(first) == 19


def test_a_password_its_owner_chose_need_not_be_changed(fleet: Home) -> None:
    args = ("account", "create", "lan", "--role", "venue_manager", "--venue", "cho-mau")
    done = typed(fleet, CHOSEN + "\n", *args, "--password-stdin")
    assert done.exit_code == 0, done.output
    assert CHOSEN not in done.output
    found = stored(fleet, "lan")
    assert not found["must_change_password"]
    assert Passwords(fleet.settings.accounts).fits(str(found["password_hash"]), CHOSEN)


@pytest.mark.parametrize(
    ("line", "expected"),
    [("", "one line"), ("short\n", "12 to 200"), ("quan-tri quan-tri\n", "Easily guessed")],
)
def test_a_password_that_will_not_do_makes_no_account(
    fleet: Home, line: str, expected: str
) -> None:
    args = ("account", "create", "quan-tri", "--role", "administrator", "--password-stdin")
    done = typed(fleet, line, *args)
    assert done.exit_code == 1
    assert expected in done.stderr
    assert fleet.json("account", "list") == []


def test_accounts_are_listed_with_their_reach(fleet: Home) -> None:
    fleet.ok("area", "create", "01", "Tỉnh Mẫu", "--level", "province")
    both = ("--venue", "cho-mau", "--venue", "truong-mau")
    fleet.ok("account", "create", "lan", "--role", "venue_manager", *both)
    fleet.ok("account", "create", "mai", "--role", "tracer", "--area", "01")
    lan, mai = fleet.json("account", "list")
    assert (lan["login"], lan["venues"], lan["area"]) == ("lan", ["cho-mau", "truong-mau"], None)
    assert (mai["role"], mai["venues"], mai["area"]) == ("tracer", [], "01")
    assert "cho-mau, truong-mau" in fleet.ok("account", "list")


def test_every_change_goes_on_record_with_who_did_it_and_no_password(fleet: Home) -> None:
    password = fleet.json("account", "create", "lan", "--role", "tracer")["password"]
    fleet.ok("account", "set-role", "lan", "--role", "tracing_supervisor")
    fleet.ok("account", "reset-totp", "lan")
    fleet.ok("account", "reset-password", "lan")
    fleet.ok("account", "disable", "lan")
    fleet.ok("account", "enable", "lan")
    lines = on_record(fleet)
    assert [action.removeprefix("account.") for _, action, _, _ in lines] == [
        *("created", "role_changed", "second_factor_reset", "password_reset"),
        *("disabled", "enabled"),
    ]
    assert {(actor, subject) for actor, _, subject, _ in lines} == {(shared.actor(), "lan")}
    assert json.loads(lines[1][3])["from"] == "tracer"
    assert password not in str(lines)


@pytest.mark.parametrize(
    "change",
    [
        ("disable", "lan"),
        ("reset-password", "lan"),
        ("reset-totp", "lan"),
        ("set-role", "lan", "--role", "auditor"),
    ],
    ids=lambda change: change[0],
)
def test_who_loses_a_right_or_a_proof_loses_the_browsers_too(
    fleet: Home, change: tuple[str, ...]
) -> None:
    fleet.ok("account", "create", "lan", "--role", "tracer")
    engine = database.connect(fleet.settings.database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        row = {"account_id": 1, "digest": b"d" * 32, "open": True, "browser": ""}
        row |= {"created_at": 0, "seen_at": 0, "expires_at": 2**40}
        connection.execute(BrowserSession.__table__.insert(), row)  # type: ignore[attr-defined]
    fleet.ok("account", *change)
    with engine.connect() as connection:
        assert connection.execute(select(BrowserSession.id)).all() == []
    engine.dispose()


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("create", "Lan", "--role", "tracer"), "login 'Lan': expected"),
        (("create", "mai", "--role", "tracer"), "is there already"),
        (("create", "lan", "--role", "venue_manager"), "--venue"),
        (("create", "lan", "--role", "venue_manager", "--venue", "no"), "no such venue"),
        (("create", "lan", "--role", "tracer", "--venue", "cho-mau"), "leave --venue out"),
        (("create", "lan", "--role", "tracer", "--area", "99"), "no such area"),
        (
            *(("create", "lan", "--role", "venue_manager", "--venue", "cho-mau", "--area", "1"),),
            "leave --area out",
        ),
        (("disable", "lan"), "no such account"),
        (("set-role", "mai", "--role", "venue_manager"), "--venue"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    fleet: Home, args: tuple[str, ...], expected: str
) -> None:
    fleet.ok("account", "create", "mai", "--role", "tracer")
    assert expected in fleet.fails("account", *args)
