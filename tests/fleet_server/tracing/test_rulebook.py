"""Rules are versions: written once, named by every answer, and good for the same answer later."""

import msgspec
import pytest
from sqlalchemy import Engine

from fleet_server import database
from fleet_server.errors import NotKnown
from fleet_server.fleet import registry, venue_types, venues
from fleet_server.tracing import rulebook
from fleet_server.tracing.asking import Asker, Desk, Wanted
from fleet_server.tracing.rules import DAY_S, LONGEST_S, BadRule, Terms, Version
from tests.fleet_server.tracing.stays import stay
from tests.fleet_server.tracing.test_questions import HOUR, MIDNIGHT, fill

ASKER = Asker("an", "CA-1", "truy vết")
NOW_MS = MIDNIGHT * 1000


def write(engine: Engine, version: str, terms: Terms) -> None:
    with engine.execution_options(**database.WRITES).begin() as connection:
        rulebook.create(connection, version, terms, at_ms=NOW_MS, actor="an")


def terms(engine: Engine) -> Terms:
    with engine.connect() as connection:
        return rulebook.in_force(connection).terms


def test_the_first_version_is_the_handbooks(engine: Engine) -> None:
    with engine.connect() as connection:
        version = rulebook.in_force(connection)
    assert version.version == "2026-1"
    assert (version.terms.days_before, version.terms.look_back_days) == (3, 14)
    rule = version.rule()
    assert (rule.min_overlap_s, rule.linger_s, rule.dwell_s) == (900, 0, None)


def test_the_newest_version_is_in_force_and_the_old_ones_stay(engine: Engine) -> None:
    first = terms(engine)
    write(engine, "2026-2", msgspec.structs.replace(first, linger_min=30))
    with engine.connect() as connection:
        assert rulebook.in_force(connection).terms.linger_min == 30
        assert rulebook.in_force(connection, "2026-1").terms == first
        assert [each.version for each in rulebook.listed(connection)] == ["2026-1", "2026-2"]
        with pytest.raises(NotKnown, match="fleet rule list"):
            rulebook.in_force(connection, "2099-1")


def test_a_version_is_never_changed(engine: Engine) -> None:
    with pytest.raises(BadRule, match="never changed"):
        write(engine, "2026-1", terms(engine))


@pytest.mark.parametrize(
    ("version", "change", "said"),
    [
        ("", {}, "expected up to 32"),
        ("a b", {}, "expected up to 32"),
        ("x", {"dwell_min": {"market": 1}}, "minutes for each of"),
        ("x", {"linger_min": -1}, ">= 0"),
        ("x", {"min_overlap_min": 0}, ">= 1"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    engine: Engine, version: str, change: dict[str, object], said: str
) -> None:
    changed = msgspec.structs.replace(terms(engine), **change)
    with pytest.raises(BadRule, match=said):
        write(engine, version, changed)


def test_an_answer_can_be_made_again_by_the_version_it_names(engine: Engine) -> None:
    fill(
        engine,
        [
            stay("P1", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
            stay("P2", MIDNIGHT, MIDNIGHT + HOUR, venue="cho-mau"),
        ],
    )
    wanted = Wanted(MIDNIGHT, MIDNIGHT + HOUR)
    before = Desk(engine, ASKER, NOW_MS).contacts("P1", wanted)
    write(engine, "strict", msgspec.structs.replace(terms(engine), min_overlap_min=120))
    now = Desk(engine, ASKER, NOW_MS).contacts("P1", wanted)
    again = Desk(engine, ASKER, NOW_MS).contacts("P1", wanted._replace(version=before.rule.version))
    assert ([c.tier for c in before.contacts], before.rule.version) == (["A"], "2026-1")
    assert ([c.tier for c in now.contacts], now.rule.version) == (["C"], "strict")
    assert again == before


def test_the_dwell_of_a_type_is_the_rules(engine: Engine) -> None:
    fill(
        engine,
        [
            stay("P1", MIDNIGHT, MIDNIGHT + 9 * HOUR, venue="cho-mau"),
            stay("P2", MIDNIGHT, None, venue="cho-mau", latest=MIDNIGHT + 9 * HOUR),
        ],
    )
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.exec_driver_sql("UPDATE venues SET dwell_min = NULL")
    before = terms(engine)
    write(
        engine,
        "long",
        msgspec.structs.replace(before, dwell_min={**before.dwell_min, "market": 120}),
    )
    for version, expected_s in (("2026-1", 3600), ("long", 7200)):
        wanted = Wanted(MIDNIGHT, MIDNIGHT + 9 * HOUR, version=version)
        (contact,) = Desk(engine, ASKER, NOW_MS).contacts("P1", wanted).contacts
        assert contact.expected_s == expected_s


def test_a_type_newer_than_a_rule_is_taken_for_other_by_it_for_good(engine: Engine) -> None:
    fill(
        engine,
        [
            stay("P1", MIDNIGHT, MIDNIGHT + 9 * HOUR, venue="cho-mau"),
            stay("P2", MIDNIGHT, None, venue="cho-mau", latest=MIDNIGHT + 9 * HOUR),
        ],
    )
    by = {"at_ms": NOW_MS, "actor": "an"}
    names = {"name_vi": "Sân", "name_en": "Stadium"}
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.exec_driver_sql("UPDATE venues SET dwell_min = NULL")
        venue_types.add(connection, code="stadium", **names, **by)
        registry.set_kind(connection, venue="cho-mau", kind="stadium", **by)
        first = rulebook.in_force(connection).terms
        listed = {each.ref: each for each in venues.listed(connection)}
        dwells = rulebook.dwells(connection, first)
    other = first.dwell_min["other"]
    assert dwells == {**first.dwell_min, "stadium": other}
    assert listed["cho-mau"].dwell_min == other
    with pytest.raises(BadRule, match="stadium"):
        write(engine, "without", first)
    write(engine, "with", msgspec.structs.replace(first, dwell_min={**dwells, "stadium": 150}))
    for version, minutes in (("2026-1", other), ("with", 150)):
        wanted = Wanted(MIDNIGHT, MIDNIGHT + 9 * HOUR, version=version)
        (contact,) = Desk(engine, ASKER, NOW_MS).contacts("P1", wanted).contacts
        assert contact.expected_s == minutes * 60


def test_minutes_a_question_gives_go_before_the_rules() -> None:
    version = Version(version="v", terms=Terms(dwell_min={}))
    rule = version.rule(min_overlap_min=0.5, linger_min=1, dwell_min=2)
    assert (rule.min_overlap_s, rule.linger_s, rule.dwell_s) == (30, 60, 120)
    for wrong in (
        {"min_overlap_min": 0},
        {"linger_min": -1},
        {"dwell_min": float("nan")},
        {"linger_min": LONGEST_S},
    ):
        (name,) = wrong
        with pytest.raises(BadRule, match=name.removesuffix("_min")):
            version.rule(**wrong)


def test_the_window_of_a_case_goes_from_before_its_onset_to_its_isolation() -> None:
    version = Version(version="v", terms=Terms(dwell_min={}))
    assert version.window(10 * DAY_S, 12 * DAY_S, now=99 * DAY_S) == (7 * DAY_S, 12 * DAY_S)
    assert version.window(10 * DAY_S, None, now=99 * DAY_S) == (7 * DAY_S, 99 * DAY_S)
    assert version.window(20 * DAY_S, 21 * DAY_S, now=0, to_source=True)[0] == 6 * DAY_S
    after = Version(version="v", terms=Terms(days_before=2, days_after=5, dwell_min={}))
    assert after.window(10 * DAY_S, None, now=99 * DAY_S) == (8 * DAY_S, 15 * DAY_S)
    assert after.window(10 * DAY_S, None, now=11 * DAY_S) == (8 * DAY_S, 11 * DAY_S)
