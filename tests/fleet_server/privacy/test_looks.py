"""Who looked at a person: under every reference that was ever theirs, and nobody else's lines."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, update

from fleet_server import database
from fleet_server.identity import audit, links
from fleet_server.models import CasePerson
from fleet_server.privacy import looks
from fleet_server.privacy.deleting import whole
from tests.fleet_server.privacy.story import Story

Log = Callable[..., None]


@pytest.fixture
def story(engine: Engine) -> Story:
    return Story(engine)


@pytest.fixture
def log(story: Story) -> Log:
    def append(subject: str, at_ms: int, *, action: str = "vault.open", case: str = "") -> None:
        with story.writing() as connection:
            audit.append(
                connection, at_ms=at_ms, actor="t", action=action, case_ref=case, subject=subject
            )

    return append


def told(story: Story, person: int) -> list[tuple[int, str]]:
    """When, and why the line is one of theirs."""
    with story.engine.connect() as connection:
        found = looks.of(connection, whole(connection, person))
        return [(look.entry.at_ms, look.about) for look in found]


def joined(story: Story, one: int, other: int, at_ms: int) -> int:
    """The link's id."""
    with story.writing() as connection:
        links.link(connection, one, other, reason="cùng người", made_by="t", at_ms=at_ms)
    with story.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT max(id) FROM links").scalar() or 0)


def undone(story: Story, link: int, at_ms: int) -> None:
    with story.writing() as connection:
        links.unlink(connection, link, reason="nhầm", undone_by="t", at_ms=at_ms)


def test_lines_of_all_references_of_a_person_and_of_nobody_else(story: Story, log: Log) -> None:
    (one, _), (other, _), (stranger, _) = (story.visitor(name) for name in "abc")
    log(f"P{one}", 1)
    log(f"P{other}", 2)
    log(f"P{stranger}", 3)
    log("", 4)
    joined(story, one, other, 5)
    log(f"P{one}", 6)
    for person in (one, other):
        assert told(story, person) == [(1, "person"), (2, "person"), (5, "person"), (6, "person")]
    assert told(story, stranger) == [(3, "person")]


def test_who_looked_while_a_link_held_is_told_after_it_was_undone(story: Story, log: Log) -> None:
    (one, _), (other, _) = (story.visitor(name) for name in "ab")
    log(f"P{one}", 10_000)
    link = joined(story, one, other, 20_000)
    log(f"P{one}", 30_000)
    undone(story, link, 40_000)
    log(f"P{one}", 50_000)
    # What was asked of both under one's reference was asked of the other, too.
    assert told(story, other) == [(20_000, "link"), (30_000, "person"), (40_000, "link")]
    assert [at for at, _ in told(story, one)] == [10_000, 20_000, 30_000, 40_000, 50_000]


def test_a_reference_further_along_undone_links_counts_while_they_all_held(
    story: Story, log: Log
) -> None:
    (one, _), (other, _), (third, _) = (story.visitor(name) for name in "abc")
    log(f"P{one}", 10_000)
    near = joined(story, other, third, 20_000)
    log(f"P{other}", 30_000)
    far = joined(story, one, other, 40_000)
    log(f"P{one}", 50_000)
    undone(story, near, 60_000)
    log(f"P{one}", 70_000)
    undone(story, far, 80_000)
    log(f"P{other}", 90_000)
    assert [at for at, _ in told(story, third)] == [20_000, 30_000, 40_000, 50_000, 60_000]


def test_what_a_case_did_is_about_who_was_in_it_then(story: Story, log: Log) -> None:
    (one, _), (other, _) = (story.visitor(name) for name in "ab")
    case = story.case("CA-1", one)
    story.case("CA-2", other)
    log("", 500, action="case.exported", case="CA-1")
    log(f"R{one}", 1_500, action="case.called", case="CA-1")
    log(f"R{one}", 1_600, action="case.called", case="CA-2")
    log("", 1_700, action="case.exported", case="CA-1")
    # A search that found nobody was for somebody else.
    log("", 1_800, action="vault.find", case="CA-1")
    log("", 1_900, action="case.exported", case="CA-2")
    with story.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            update(CasePerson).where(CasePerson.case_id == case).values(removed_at=2)
        )
    log("", 2_500, action="case.exported", case="CA-1")
    log("", 9_000, action="case.exported", case="CA-1")
    assert told(story, one) == [(1_500, "person"), (1_700, "case"), (2_500, "case")]
