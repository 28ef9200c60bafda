"""`fleet trace …`, as a tracer calls it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select

from fleet_server import database, settings
from fleet_server.commands.trace import trace
from fleet_server.errors import FleetError, NotKnown
from fleet_server.models import AuditEntry
from fleet_server.settings import Settings
from fleet_server.times import BadTime
from fleet_server.tracing.handmade import BadStay
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
    return ask(home, "contacts", *args)


def ask(home: Settings, question: str, *args: str) -> Result:
    return CliRunner().invoke(trace, [question, *args], obj=home)


def answer(home: Settings, question: str, *args: str) -> Any:
    """The JSON of an answer; in words it must come, too."""
    words = ask(home, question, *args)
    assert words.exit_code == 0, words.output
    assert "2026-1" in words.output
    return json.loads(ask(home, question, *args, "--json").output)


def test_json_has_the_published_shape(home: Settings) -> None:
    done = call(home, "--visitor", "P1", *WINDOW, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert list(found) == ["visitor", "rule", "as_of", "gaps", "contacts"]
    assert found["contacts"] == [
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
    found = answer(home, "contacts", "--visitor", "P1", *epoch, *own)
    assert found["rule"]["min_overlap_s"] == 3600
    assert (found["rule"]["linger_s"], found["rule"]["dwell_s"]) == (600, 300)
    assert [contact["visitor"] for contact in found["contacts"]] == ["P2"]


def test_a_table_has_the_gaps_in_view(home: Settings) -> None:
    done = call(home, "--visitor", "P1", *WINDOW)
    assert done.exit_code == 0, done.output
    gap = done.output.index("chưa từng liên lạc")
    assert gap < done.output.index("P2") < done.output.index("P3")
    assert "Chắc chắn" in done.output
    assert "0:30:00" in done.output


def test_a_person_nobody_met_is_said_so(home: Settings) -> None:
    assert "None" in call(home, "--visitor", "P1", "--from", "0", "--to", "1").output


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
        (("--visitor", "P1"), BadTime, "`from` and `to`, or `onset`"),
        (("--visitor", "P1", *WINDOW, "--onset", "1"), BadTime, "not both"),
        (("--visitor", "P1", *WINDOW, "--isolated", "1"), BadTime, "perhaps `isolated`"),
        (("--visitor", "P1", *WINDOW, "--as-of", "4000000000"), BadTime, "as_of: expected a time"),
        (("--visitor", "P1", *WINDOW, "--rule", "2099"), NotKnown, "fleet rule list"),
        (("--visitor", "P1", *WINDOW, "--stay", "cho-mau"), BadStay, "VENUE,FROM,TO"),
        (("--visitor", "P1", *WINDOW, "--stay", "x,1,2"), NotKnown, "venue 'x'"),
        (("--visitor", "P1", *WINDOW, "--stay", "cho-mau,1,closing"), BadStay, "opening hours"),
        (("--visitor", "P1", "--from", "0", "--to", "2026-01-01"), BadTime, "400 days"),
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


def test_counts_come_before_any_list(home: Settings) -> None:
    found = answer(home, "counts", "--visitor", "P1", *WINDOW)
    assert (found["counts"], found["alike"]) == ({"A": 1, "B": 1, "C": 0}, 1)


def test_the_window_may_follow_from_the_onset_of_symptoms(home: Settings) -> None:
    onset = ("--onset", "2026-01-03", "--isolated", "2026-01-04")
    assert answer(home, "counts", "--visitor", "P1", *onset)["counts"]["A"] == 1
    late = ("--onset", "2026-01-05", "--isolated", "2026-01-06")
    assert answer(home, "counts", "--visitor", "P1", *late)["counts"]["A"] == 0


def test_a_stay_by_hand_goes_before_the_derived_ones(home: Settings) -> None:
    stays = ("--stay", f"elsewhere:nhà,{MIDNIGHT},{MIDNIGHT + 4 * HOUR}")
    assert answer(home, "contacts", "--visitor", "P1", *WINDOW, *stays)["contacts"] == []
    stays = ("--stay", f"cho-mau,{MIDNIGHT + HOUR},{MIDNIGHT + HOUR + 60}")
    (contact,) = answer(home, "contacts", "--visitor", "P1", *WINDOW, *stays)["contacts"]
    assert (contact["visitor"], contact["certain_s"]) == ("P2", 60)


def test_what_was_known_earlier_and_what_changed_since(home: Settings) -> None:
    # `fill` made the stays known at the beginning of 1970.
    before = ("--as-of", "-1")
    assert answer(home, "contacts", "--visitor", "P1", *WINDOW, *before)["contacts"] == []
    found = answer(home, "changes", "--visitor", "P1", "--since", "-1", *WINDOW)
    assert [contact["visitor"] for contact in found["added"]] == ["P2", "P3"]
    found = answer(home, "changes", "--visitor", "P1", "--since", "2026-01-01", *WINDOW)
    assert found["added"] == found["removed"] == found["changed"] == []
    done = ask(home, "changes", "--visitor", "P1", "--since", "4000000000", *WINDOW)
    assert isinstance(done.exception, BadTime)


def test_why_and_where_name_the_stays_behind_an_answer(home: Settings) -> None:
    found = answer(home, "why", "--visitor", "P1", "--other", "P2", *WINDOW)
    assert found["contact"]["visitor"] == "P2"
    ((meeting),) = found["meetings"]
    assert (meeting["index"]["venue"], meeting["other"]["end_source"]) == ("cho-mau", "exit_scan")
    assert answer(home, "why", "--visitor", "P2", "--other", "P3", *WINDOW)["contact"] is None
    (stay_seen,) = answer(home, "stays", "--visitor", "P3", *WINDOW)["stays"]
    assert (stay_seen["left_at"], stay_seen["end_source"]) == (None, "dwell_default")


def test_f2_presence_common_places_and_occupancy(home: Settings) -> None:
    found = answer(home, "secondary", "--visitor", "P2", "--top", "1", "--latency", "5", *WINDOW)
    assert (found["latency_s"], found["first_used"]) == (300, 1)
    assert [(c["visitor"], c["through"]) for c in found["contacts"]] == [("P3", "P1")]
    hour = ("--from", str(MIDNIGHT + HOUR), "--to", str(MIDNIGHT + 2 * HOUR))
    found = answer(home, "present", "--venue", "cho-mau", *hour)
    assert [contact["visitor"] for contact in found["present"]] == ["P1", "P2"]
    for listed in (("--visitors", "P1,P2"), ("--visitors", "P1", "--visitors", "P2")):
        (place,) = answer(home, "common", *listed, *WINDOW)["places"]
        assert (place["venue"], place["visitors"]) == ("cho-mau", ["P1", "P2"])
    found = answer(home, "occupancy", "--venue", "cho-mau", "--step", "30", *hour)
    assert [at["certain"] for at in found["occupancy"]] == [2, 2]
    assert found["measured"] == 1.0
    for wrong in (
        ("common", "--visitors", "P1"),
        ("occupancy", "--venue", "cho-mau", "--step", "0"),
    ):
        assert isinstance(ask(home, *wrong, *WINDOW).exception, BadRule)
    assert isinstance(ask(home, "present", "--venue", "x", *WINDOW).exception, NotKnown)
