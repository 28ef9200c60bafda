"""`fleet trace contacts`, as a tracer calls it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select

from fleet_server import database, settings
from fleet_server.commands.trace import trace
from fleet_server.errors import FleetError, NotKnown
from fleet_server.models import AuditEntry
from fleet_server.settings import Settings
from fleet_server.times import BadTime
from fleet_server.tracing.rules import BadRule
from tests.fleet_server.tracing.stays import stay
from tests.fleet_server.tracing.test_questions import MIDNIGHT, fill

WINDOW = ("--from", "2026-01-01", "--to", "2026-01-02T00:00+07:00")
HOUR = 3600


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str) -> Settings:
    """A home where P1 met P2 and P3, P2 for longer."""
    engine = database.connect(sqlite_url)
    fill(
        engine,
        [
            stay("P1", MIDNIGHT + HOUR, MIDNIGHT + 3 * HOUR, venue="cho-mau"),
            stay("P2", MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR, venue="cho-mau"),
            stay("P3", MIDNIGHT + 2 * HOUR, None, venue="cho-mau"),
        ],
    )
    engine.dispose()
    return settings.load(tmp_path, environ={"TRAM_DATABASE_URL": sqlite_url})


def call(home: Settings, *args: str) -> Result:
    return CliRunner().invoke(trace, ["contacts", *args], obj=home)


def test_json_has_the_published_shape(home: Settings) -> None:
    done = call(home, "--visitor", "P1", *WINDOW, "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    assert list(answer) == ["visitor", "rule", "as_of", "gaps", "contacts"]
    assert answer["contacts"] == [
        {
            "visitor": "P2",
            "tier": "A",
            "certain_s": 3600,
            "expected_s": 3600,
            "possible_s": 3600,
            "first": "2025-12-31T18:00:00Z",
            "places": ["cho-mau"],
        },
        {
            "visitor": "P3",
            "tier": "B",
            "certain_s": 0,
            "expected_s": 1800,
            "possible_s": 3600,
            "first": "2025-12-31T19:00:00Z",
            "places": ["cho-mau"],
        },
    ]


def test_times_may_be_epoch_seconds_and_the_rule_the_questions_own(home: Settings) -> None:
    epoch = ("--from", str(MIDNIGHT), "--to", str(MIDNIGHT + 24 * HOUR))
    own = ("--min-overlap", "60", "--linger", "10", "--dwell", "5", "--limit", "1")
    answer = json.loads(call(home, "--visitor", "P1", *epoch, *own, "--json").output)
    assert answer["rule"]["min_overlap_s"] == 3600
    assert (answer["rule"]["linger_s"], answer["rule"]["dwell_s"]) == (600, 300)
    assert [contact["visitor"] for contact in answer["contacts"]] == ["P2"]


def test_a_table_has_the_gaps_in_view(home: Settings) -> None:
    done = call(home, "--visitor", "P1", *WINDOW)
    assert done.exit_code == 0, done.output
    gap = done.output.index("chưa từng liên lạc")
    assert gap < done.output.index("P2") < done.output.index("P3")
    assert "Chắc chắn" in done.output
    assert "0:30:00" in done.output


def test_a_person_nobody_met_is_said_so(home: Settings) -> None:
    assert "Nobody" in call(home, "--visitor", "P1", "--from", "0", "--to", "1").output


def test_who_asked_and_why_goes_on_record(home: Settings) -> None:
    asked = ("--case", "CA-1", "--purpose", "điều tra", "--by", "Mẫu")
    call(home, "--visitor", "P1", *WINDOW, *asked)
    call(home, "--visitor", "P999", *WINDOW)
    engine: Engine = database.connect(home.database_url)
    with engine.connect() as connection:
        first, miss = connection.execute(
            select(AuditEntry.actor, AuditEntry.case_ref, AuditEntry.purpose, AuditEntry.detail)
            .where(AuditEntry.action == "trace.contacts")
            .order_by(AuditEntry.id)
        )
    assert tuple(first)[:3] == ("Mẫu", "CA-1", "điều tra")
    assert json.loads(first.detail)["contacts"] == 2
    assert miss.actor
    assert json.loads(miss.detail)["found"] is False


@pytest.mark.parametrize(
    ("args", "error", "expected"),
    [
        (("--visitor", "P999", *WINDOW), NotKnown, "P999"),
        (("--visitor", "001099012345", *WINDOW), NotKnown, "expected a reference such as P12"),
        (("--visitor", "P1", "--from", "then", "--to", "0"), BadTime, "'then' is no time"),
        (("--visitor", "P1", "--from", "1", "--to", "0"), BadTime, "before `to`"),
        (("--visitor", "P1", *WINDOW, "--min-overlap", "0"), BadRule, "min_overlap"),
        (("--visitor", "P1", *WINDOW, "--case", "x" * 65), FleetError, "case: expected"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    home: Settings, args: tuple[str, ...], error: type[FleetError], expected: str
) -> None:
    done = call(home, *args)
    assert isinstance(done.exception, error)
    assert expected in str(done.exception)
