"""`fleet rule` and `fleet venue staff`, as they are called."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleet_server import database, settings
from fleet_server.commands.rule import rule
from fleet_server.commands.trace import trace
from fleet_server.commands.venue import venue
from fleet_server.errors import FleetError, NotKnown
from fleet_server.identity import audit
from fleet_server.settings import Settings
from fleet_server.times import BadTime
from fleet_server.tracing.rules import BadRule
from tests.fleet_server.tracing.test_derivation import Town


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str) -> Settings:
    """A home where somebody came to the market at noon and was not seen leaving."""
    engine = database.connect(sqlite_url)
    town = Town(engine)
    town.scan(0, 0, "in")
    town.drain()
    engine.dispose()
    return settings.load(tmp_path, environ={"TRAM_DATABASE_URL": sqlite_url})


def call(home: Settings, *args: str) -> Result:
    return CliRunner().invoke(rule, list(args), obj=home)


def test_a_version_starts_from_the_one_in_force(home: Settings) -> None:
    done = call(home, "create", "2027-1", "--linger", "30", "--dwell", "market=45")
    assert done.exit_code == 0, done.output
    found = json.loads(call(home, "show", "--json").output)
    assert found["version"] == "2027-1"
    assert (found["terms"]["linger_min"], found["terms"]["min_overlap_min"]) == (30, 15)
    assert (found["terms"]["dwell_min"]["market"], found["terms"]["dwell_min"]["shop"]) == (45, 30)
    first = json.loads(call(home, "show", "2026-1", "--json").output)
    assert first["terms"]["linger_min"] == 0
    assert [each["version"] for each in json.loads(call(home, "list", "--json").output)] == [
        "2026-1",
        "2027-1",
    ]
    assert "2027-1" in call(home, "list").output
    assert "market" in call(home, "show").output


def test_every_term_can_be_set(home: Settings) -> None:
    terms = {"--days-before": 2, "--days-after": 10, "--min-overlap": 5, "--linger": 6}
    terms |= {"--latency": 2880, "--look-back": 21}
    given = [part for option, value in terms.items() for part in (option, str(value))]
    dwell = ("--dwell", "shop=10", "--dwell", "office=600")
    assert call(home, "create", "2027-1", *given, *dwell).exit_code == 0
    found = json.loads(call(home, "show", "2027-1", "--json").output)["terms"]
    assert (found["dwell_min"].pop("shop"), found["dwell_min"].pop("office")) == (10, 600)
    assert [found[name] for name in ("days_before", "days_after", "min_overlap_min")] == [2, 10, 5]
    assert [found[name] for name in ("linger_min", "latency_min", "look_back_days")] == [
        6,
        2880,
        21,
    ]
    shown = call(home, "show").output
    assert all(f"{option.removeprefix('--')}" in shown for option in terms)


def test_a_version_nobody_wrote_down_is_said_so(home: Settings) -> None:
    done = call(home, "show", "2099-1")
    assert isinstance(done.exception, NotKnown)
    assert "fleet rule list" in str(done.exception)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("create", "2026-1"), "never changed"),
        (("create", "x", "--dwell", "chợ=4"), "TYPE=MINUTES"),
        (("create", "x", "--dwell", "market=soon"), "TYPE=MINUTES"),
        (("create", "x", "--dwell", "market=٣"), "TYPE=MINUTES"),
        (("create", "x", "--dwell", "market=" + "9" * 5000), "TYPE=MINUTES"),
        (("create", "x", "--dwell", "market=10081"), "<= 10080"),
        (("create", "x", "--min-overlap", "0"), ">= 1"),
        (("create", "x", "--days-before", "61"), "<= 60"),
        (("create", "x", "--linger", "-1"), ">= 0"),
        (("create", "a b"), "version"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    home: Settings, args: tuple[str, ...], said: str
) -> None:
    done = call(home, *args)
    assert isinstance(done.exception, BadRule)
    assert said in str(done.exception)


def test_who_works_at_a_venue_is_expected_to_stay_there(home: Settings) -> None:
    def staff(*args: str) -> Result:
        return CliRunner().invoke(venue, ["staff", *args], obj=home)

    def expected_end() -> str:
        asked = ["stays", "--visitor", "P1", "--from", "2026-01-01", "--to", "2026-01-02", "--json"]
        (stay,) = json.loads(CliRunner().invoke(trace, asked, obj=home).output)["stays"]
        end: str = stay["end_expected"]
        assert stay["staff"] is (end == stay["end_latest"])
        return end

    assert expected_end() == "2026-01-01T06:00:00Z"
    added = staff("add", "cho-mau", "P1", "--from", "2025-12-01", "--reason", "bán rau")
    assert added.exit_code == 0, added.output
    assert expected_end() == "2026-01-01T21:00:00Z"
    (note,) = json.loads(staff("list", "cho-mau", "--json").output)
    assert (note["visitor"], note["reason"], note["until"]) == ("P1", "bán rau", None)
    assert "bán rau" in staff("list", "cho-mau").output
    assert staff("remove", str(note["id"])).exit_code == 0
    assert expected_end() == "2026-01-01T06:00:00Z"
    assert json.loads(staff("list", "cho-mau", "--json").output) == []
    for args, error in (
        (("remove", "1"), NotKnown),
        (("remove", "9" * 30), NotKnown),
        (("add", "cho-mau", "P1", "--from", "soon", "--reason", "x"), BadTime),
        (("add", "cho-mau", "P99", "--from", "1", "--reason", "x"), NotKnown),
        (("add", "chua", "P1", "--from", "1", "--reason", "x"), NotKnown),
        (("add", "cho-mau", "P1", "--from", "2", "--to", "1", "--reason", "x"), FleetError),
        (("add", "cho-mau", "P1", "--from", "2", "--reason", " "), FleetError),
    ):
        assert isinstance(staff(*args).exception, error)
    engine = database.connect(home.database_url)
    with engine.connect() as connection:
        assert audit.verify(connection).fault == ""
    engine.dispose()
