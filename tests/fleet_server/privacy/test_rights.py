"""Requests from the desk to the answer, and that each leaves its line in the log."""

import json

import pytest
from sqlalchemy import Engine, select, update

from fleet_server.errors import NotKnown, Refused
from fleet_server.models import Person, RightsRequest
from fleet_server.privacy import deleting, rights, wiping
from fleet_server.privacy.clocks import Due
from tests.fleet_server.privacy.story import NOON, Story

DUE = Due(NOON // 1000 + 100, NOON // 1000 + 1000)
BY = {"at_ms": NOON, "actor": "quay-1"}


@pytest.fixture
def story(engine: Engine) -> Story:
    return Story(engine)


def asked(story: Story, kind: str, person: int | None = None, due: Due = DUE) -> str:
    with story.writing() as connection:
        ref = rights.ask(connection, kind, words="lời", due=due, at_ms=NOON, actor="quay-1")
        if person is not None:
            rights.found(connection, ref, f"P{person}", at_ms=NOON, actor="quay-1")
    return ref


def test_a_request_is_of_nobody_until_somebody_is_found(story: Story) -> None:
    person, _ = story.visitor("a")
    ref = asked(story, "view")
    assert ref == "right:1"
    with story.writing() as connection:
        assert rights.person_of(connection, ref) is None
        with pytest.raises(Refused, match="nobody was found yet"):
            rights.the_person(connection, ref)
        rights.found(connection, ref, f"P{person}", at_ms=NOON, actor="quay-1")
        assert rights.person_of(connection, ref) == person
        with pytest.raises(Refused, match="about somebody already"):
            rights.found(connection, ref, f"P{person}", at_ms=NOON, actor="quay-1")


def test_a_request_follows_its_person_through_links(story: Story) -> None:
    one, other = story.visitor("a")[0], story.visitor("b")[0]
    ref = asked(story, "view", other)
    with story.writing() as connection:
        connection.execute(update(Person).where(Person.id == other).values(merged_into=one))
        assert rights.person_of(connection, ref) == one


@pytest.mark.parametrize(
    "ref", ["right:7", "right:", "right:x", "7", "right:٣", "right:" + "9" * 30]
)
def test_a_request_nobody_made_is_said_to_be_none(story: Story, ref: str) -> None:
    with story.engine.connect() as connection, pytest.raises(NotKnown):
        rights.person_of(connection, ref)


def test_a_closed_request_opens_nobody(story: Story) -> None:
    ref = asked(story, "view", story.visitor("a")[0])
    with story.writing() as connection:
        rights.finish(connection, ref, outcome="done", at_ms=NOON, actor="quay-1")
    with story.writing() as connection:
        for step in (rights.person_of, rights.the_person):
            with pytest.raises(Refused, match="closed"):
                step(connection, ref)
        for change in (rights.acknowledge, rights.restrict):
            with pytest.raises(Refused, match="closed"):
                change(connection, ref, at_ms=NOON, actor="quay-1")


def test_open_requests_come_by_what_is_due_first(story: Story) -> None:
    start = NOON // 1000
    late = asked(story, "delete", due=Due(start + 500, start + 5000))
    soon = asked(story, "view", due=Due(start + 100, start + 1000))
    told = asked(story, "copy", due=Due(start + 50, start + 900))
    with story.writing() as connection:
        rights.acknowledge(connection, told, at_ms=NOON, actor="quay-1")
        refs = [each.ref for each in rights.all_open(connection)]
        assert refs == [soon, late, told]
        overdue = rights.all_open(connection, overdue_at=start + 100)
        assert [each.ref for each in overdue] == [soon]
        assert len(rights.all_open(connection, overdue_at=start + 900)) == 3


def test_a_restriction_holds_under_every_id_until_it_is_lifted(story: Story) -> None:
    one, other, third = (story.visitor(name)[0] for name in "abc")
    ref = asked(story, "restrict", other)
    with story.writing() as connection:
        assert rights.restricted(connection, [one, other]) == set()
        assert rights.restrict(connection, ref, at_ms=NOON, actor="quay-1") == f"P{other}"
        assert rights.restricted(connection, [one, other, third, 999]) == {other}
        connection.execute(update(Person).where(Person.id == other).values(merged_into=one))
        assert rights.restricted(connection, [one, other, third]) == {one, other}
        rights.lift(connection, ref, at_ms=NOON, actor="quay-1")
        assert rights.restricted(connection, [one, other, third]) == set()
        with pytest.raises(Refused, match="no restriction"):
            rights.lift(connection, ref, at_ms=NOON, actor="quay-1")


def test_what_was_asked_is_what_is_done(story: Story) -> None:
    ref = asked(story, "view", story.visitor("a")[0])
    with story.writing() as connection:
        with pytest.raises(Refused, match="was asked as view"):
            rights.restrict(connection, ref, at_ms=NOON, actor="quay-1")
        with pytest.raises(Refused, match="was asked as view"):
            deleting.may_delete(connection, ref)


def test_deleting_waits_for_an_open_case_and_says_for_which(story: Story) -> None:
    person, number = story.visitor("a")
    story.scan(number)
    story.derive()
    story.case("CA-17", person)
    ref = asked(story, "delete", person)
    with pytest.raises(Refused, match=r"CA-17 \(since 1970"):
        deleting.delete(story.engine, ref, at_ms=NOON, actor="quay-1")
    assert story.count("scans") == 1


def test_deleting_leaves_nothing_but_the_log(story: Story) -> None:
    person, number = story.visitor("a")
    other = story.visitor("b")
    story.scan(number)
    story.scan(other[1])
    story.derive()
    story.case("CA-17", person, closed_at=5)
    asked(story, "view", person)
    ref = asked(story, "delete", person)
    done = deleting.delete(story.engine, ref, at_ms=NOON, actor="quay-1")
    assert done.left == {}
    assert done.rows["scans"] == done.rows["visits"] == done.rows["sealed_numbers"] == 1
    assert story.stays_of(person) == []
    assert len(story.stays_of(other[0])) == 1
    (line,) = story.log("right.done")
    assert (line["subject"], line["case_ref"]) == (f"P{person}", ref)
    assert json.loads(line["detail"])["rows"]["scans"] == 1
    with story.engine.connect() as connection:
        about = connection.scalars(select(RightsRequest.person_id)).all()
    assert about == [None, None]
    story.rebuild()
    assert story.stays_of(person) == []
    with story.engine.connect() as connection, pytest.raises(Refused, match="closed"):
        rights.person_of(connection, ref)


def test_every_step_stands_in_the_log_without_the_persons_words(story: Story) -> None:
    ref = asked(story, "restrict", story.visitor("a")[0])
    with story.writing() as connection:
        rights.acknowledge(connection, ref, at_ms=NOON, actor="quay-1")
        rights.restrict(connection, ref, at_ms=NOON, actor="quay-1")
        rights.lift(connection, ref, at_ms=NOON, actor="quay-1")
    for step in ("asked", "found", "acknowledged", "done", "lifted"):
        (line,) = story.log(f"right.{step}")
        assert line["case_ref"] == ref
        assert line["actor"] == "quay-1"
        assert "lời" not in str(line)


def test_what_is_swept_is_said(engine: Engine) -> None:
    with wiping.connected(engine) as connection:
        assert wiping.sweep(connection)
