"""`fleet trace …`, as a tracer calls it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, insert, select

from fleet_server import database, settings
from fleet_server.cli import main
from fleet_server.commands.rule import rule
from fleet_server.commands.trace import trace
from fleet_server.errors import FleetError, NotKnown
from fleet_server.models import AuditEntry, ImportedVisitor, OpeningHours, Venue
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
    found = json.loads(ask(home, question, *args, "--json").output)
    assert found["rule"]["version"] in words.output
    return found


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
        (("--visitor", "P1", "--onset", "4000000000"), BadTime, "onset: nothing is left"),
        (("--visitor", "P1", "--onset", "2026-01-10", "--isolated", "1"), BadTime, "isolated: no"),
        (("--visitor", "P1", *WINDOW, "--as-of", "4000000000"), BadTime, "as_of: expected a time"),
        (("--visitor", "P1", *WINDOW, "--rule", "2099"), NotKnown, "fleet rule list"),
        (("--visitor", "P1", *WINDOW, "--stay", "cho-mau"), BadStay, "VENUE,FROM,TO"),
        (("--visitor", "P1", *WINDOW, "--stay", "x,1,2"), NotKnown, "venue 'x'"),
        (("--visitor", "P1", *WINDOW, "--stay", "cho-mau,1,closing"), BadStay, "opening hours"),
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


def test_limits_take_from_the_top(home: Settings) -> None:
    for question, who, key in (
        ("contacts", ("--visitor", "P1"), "contacts"),
        ("present", ("--venue", "cho-mau"), "present"),
        ("secondary", ("--visitor", "P2", "--top", "1"), "contacts"),
        ("common", ("--visitors", "P1,P2"), "places"),
    ):
        everything = answer(home, question, *who, *WINDOW)[key]
        assert answer(home, question, *who, *WINDOW, "--limit", "1")[key] == everything[:1]
        assert everything
        assert ask(home, question, *who, *WINDOW, "--limit", "0").exit_code == 2


def test_an_answer_can_be_made_by_an_older_version(home: Settings) -> None:
    made = CliRunner().invoke(rule, ["create", "2027-1", "--min-overlap", "90"], obj=home)
    assert made.exit_code == 0, made.output
    new = answer(home, "counts", "--visitor", "P1", *WINDOW)
    assert (new["rule"]["version"], new["counts"]) == ("2027-1", {"A": 0, "B": 0, "C": 2})
    old = answer(home, "counts", "--visitor", "P1", *WINDOW, "--rule", "2026-1")
    assert (old["rule"]["version"], old["counts"]) == ("2026-1", {"A": 1, "B": 1, "C": 0})


def test_the_version_asked_for_sets_the_window_by_onset(home: Settings) -> None:
    made = CliRunner().invoke(rule, ["create", "2027-1", "--days-before", "2"], obj=home)
    assert made.exit_code == 0, made.output
    onset = ("--visitor", "P1", "--onset", "2026-01-04", "--isolated", "2026-01-04")
    assert answer(home, "counts", *onset)["counts"]["A"] == 0
    assert answer(home, "counts", *onset, "--rule", "2026-1")["counts"]["A"] == 1


def test_a_stay_by_hand_may_last_until_closing(home: Settings) -> None:
    engine = database.connect(home.database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        venue = connection.scalar(select(Venue.id).where(Venue.ref == "cho-mau"))
        hours = {"venue_id": venue, "opens_min": 0, "closes_min": 120}
        connection.execute(insert(OpeningHours), [hours | {"weekday": day} for day in range(7)])
    engine.dispose()
    stays = ("--stay", "cho-mau,2026-01-01T00:50~2026-01-01T01:10,closing")
    (contact,) = answer(home, "contacts", "--visitor", "P1", *WINDOW, *stays)["contacts"]
    seconds = (contact["certain_s"], contact["expected_s"], contact["possible_s"])
    assert (contact["visitor"], seconds) == ("P2", (3000, 3600, 3600))


def test_an_earlier_answer_has_its_own_time(home: Settings) -> None:
    found = answer(home, "contacts", "--visitor", "P1", *WINDOW, "--as-of", "2026-01-02")
    assert found["as_of"] == "2026-01-01T17:00:00Z"
    later = ("--as-of", "2026-01-02", "--since", "2026-01-03")
    done = ask(home, "changes", "--visitor", "P1", *WINDOW, *later)
    assert isinstance(done.exception, BadTime)
    assert "since: expected a time before" in str(done.exception)


def test_rooms_both_knew_are_named_with_the_time_shared(tmp_path: Path, sqlite_url: str) -> None:
    engine = database.connect(sqlite_url)
    until = MIDNIGHT + 2 * HOUR
    venue, room = "cho-mau", "p-1"
    fill(engine, [stay(ref, MIDNIGHT, until, venue=venue, room=room) for ref in ("P1", "P2")])
    engine.dispose()
    home = settings.load(tmp_path, environ={"TRAM_DATABASE_URL": sqlite_url})
    (contact,) = answer(home, "contacts", "--visitor", "P1", *WINDOW)["contacts"]
    assert [(each["room"], each["expected_s"]) for each in contact["rooms"]] == [("p-1", 7200)]
    assert "p-1" in call(home, "--visitor", "P1", *WINDOW).output


def test_a_reference_is_printed_as_it_is(home: Settings) -> None:
    """Imported ones may hold anything, terminal markup included."""
    strange, long = "[/red]a:cat:[b]x", "x" * 100
    engine = database.connect(home.database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        for person_id, ref in ((2, strange), (3, long)):
            connection.execute(insert(ImportedVisitor).values(person_id=person_id, ref=ref))
    engine.dispose()
    for question, who in (
        ("contacts", ("--visitor", "P1")),
        ("changes", ("--visitor", "P1", "--since", "-1")),
        ("present", ("--venue", "cho-mau")),
        ("why", ("--visitor", "P1", "--other", strange)),
        ("common", ("--visitors", "P1", "--visitors", strange)),
        ("secondary", ("--visitor", strange, "--top", "1")),
    ):
        found = answer(home, question, *who, *WINDOW)
        whole = json.dumps(found, ensure_ascii=False)
        words = "".join(ask(home, question, *who, *WINDOW).output.split())
        folded = words.replace("│", "")
        assert strange in whole
        assert strange[:11] in folded
        assert folded.count("x") >= (100 if long in whole else 1)


def test_what_cannot_be_answered_is_one_line_and_no_traceback(home: Settings) -> None:
    window = ("--from", "0", "--to", "1")
    for wrong in (
        ("contacts", "--visitor", "P999", *window),
        ("counts", "--visitor", "P1", "--from", "then", "--to", "1"),
        ("changes", "--visitor", "P1", *window, "--since", "soon"),
        ("why", "--visitor", "P1", "--other", "P999", *window),
        ("stays", "--visitor", "P1", "--onset", "soon"),
        ("secondary", "--visitor", "P1", *window, "--latency", "nan"),
        ("present", "--venue", "khong-co", *window),
        ("common", "--visitors", "P1,", *window),
        ("occupancy", "--venue", "cho-mau", *window, "--step", "inf"),
        ("contacts", "--visitor", "\udcff", *window),
        ("contacts", "--visitor", "P1", *window, "--stay", "\udcff,1,2"),
        ("present", "--venue", "\udcff", *window),
        ("contacts", "--visitor", "P1", *window, "--rule", "\udcff"),
    ):
        done = CliRunner(env={"TRAM_DATABASE_URL": home.database_url}).invoke(
            main, ["--home", home.home, "trace", *wrong]
        )
        assert (done.exit_code, done.stdout) == (1, ""), wrong
        assert isinstance(done.exception, SystemExit)
        assert done.stderr.startswith("Lỗi / Error: ")
        assert done.stderr.count("\n") == 1


def test_the_search_for_a_source_looks_back_further_than_a_case_is_infectious(
    home: Settings,
) -> None:
    onset = ("--onset", "2026-01-10", "--isolated", "2026-01-11")
    assert answer(home, "counts", "--visitor", "P1", *onset)["counts"]["A"] == 0
    assert len(answer(home, "common", "--visitors", "P1,P2", *onset)["places"]) == 1


def test_the_words_of_a_place_without_a_kiosk_do_not_go_on_record(home: Settings) -> None:
    stays = ("--stay", "elsewhere:nhà bà Mẫu,1,2", "--stay", f"cho-mau,{MIDNIGHT},{MIDNIGHT + 60}")
    answer(home, "counts", "--visitor", "P1", *WINDOW, *stays)
    engine = database.connect(home.database_url)
    with engine.connect() as connection:
        (detail, *_) = connection.scalars(
            select(AuditEntry.detail).where(AuditEntry.action == "trace.counts")
        )
    engine.dispose()
    assert "Mẫu" not in detail
    assert [place for place, *_ in json.loads(detail)["stays_by_hand"]] == ["elsewhere:", "cho-mau"]
