"""Persons are what the links in force hold together."""

import random

import pytest
from sqlalchemy import Engine, func, select

from fleet_server import database
from fleet_server.errors import NotKnown, Refused
from fleet_server.identity import audit, links, people
from fleet_server.models import AuditEntry, Link, Person, Pseudonym, StaleVisits


def _strangers(engine: Engine, count: int) -> list[int]:
    """Pseudonym ids, each a person of its own."""
    digests = [number.to_bytes(16, "big") for number in range(count)]
    with engine.execution_options(**database.WRITES).begin() as connection:
        known = people.pseudonyms(connection, dict.fromkeys(digests, "qid"), at_s=1)
    return [known.ids[digest] for digest in digests]


def _scan(engine: Engine, *pseudonyms: int, fresh: set[int] | None = None) -> None:
    with engine.execution_options(**database.WRITES).begin() as connection:
        pairs = dict.fromkeys(links.pairs_of(pseudonyms))
        moved = links.join_scans(connection, pairs, at_ms=2_000)  # type: ignore[arg-type]
        links.report(connection, moved, fresh=fresh or set(), at_ms=2_000)


def _unlink(engine: Engine, first: int, second: int) -> set[int]:
    with engine.execution_options(**database.WRITES).begin() as connection:
        link_id = connection.scalar(
            select(Link.id).where(
                Link.first_id == min(first, second),
                Link.second_id == max(first, second),
                Link.undone_at.is_(None),
            )
        )
        assert link_id is not None
        return links.unlink(connection, link_id, reason="nhầm", undone_by="thu", at_ms=3_000)


def _persons(engine: Engine) -> dict[int, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(Pseudonym.id, Pseudonym.person_id))
        return {row.id: row.person_id for row in rows}


def _own(engine: Engine) -> dict[int, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(Pseudonym.id, Pseudonym.own_person_id))
        return {row.id: row.own_person_id for row in rows}


def test_numbers_that_came_with_one_scan_are_one_person(engine: Engine) -> None:
    a, b, c, d = _strangers(engine, 4)
    _scan(engine, a, b, c)
    persons = _persons(engine)
    assert persons[a] == persons[b] == persons[c] == _own(engine)[a]
    assert persons[d] == _own(engine)[d]


def test_the_same_scan_again_makes_no_second_link(engine: Engine) -> None:
    a, b = _strangers(engine, 2)
    _scan(engine, a, b)
    _scan(engine, b, a)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Link)) == 1


def test_a_number_known_before_draws_persons_together_and_that_is_logged(engine: Engine) -> None:
    a, b, c = _strangers(engine, 3)
    own = _own(engine)
    _scan(engine, a, b)
    _scan(engine, c, b)
    assert set(_persons(engine).values()) == {own[a]}
    with engine.connect() as connection:
        lines = connection.execute(select(AuditEntry.action, AuditEntry.subject)).all()
        assert [tuple(line) for line in lines] == [("persons.merged", f"P{own[a]}")] * 2
        assert audit.verify(connection).fault == ""


def test_numbers_first_seen_together_are_linked_but_no_news(engine: Engine) -> None:
    a, b = _strangers(engine, 2)
    _scan(engine, a, b, fresh={a, b})
    with engine.connect() as connection:
        assert connection.scalar(select(Link.reason)) == "scan"
        assert connection.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_everybody_touched_gets_visits_derived_again(engine: Engine) -> None:
    a, b, _ = _strangers(engine, 3)
    own = _own(engine)
    _scan(engine, a, b)
    with engine.connect() as connection:
        stale = set(connection.scalars(select(StaleVisits.person_id)))
    assert stale == {own[a], own[b]}


def test_a_reference_leads_to_the_person_it_was_merged_into(engine: Engine) -> None:
    a, b, c = _strangers(engine, 3)
    own = _own(engine)
    _scan(engine, b, c)
    _scan(engine, a, b)
    with engine.connect() as connection:
        for pseudonym in (a, b, c):
            assert links.resolve(connection, f"P{own[pseudonym]}") == own[a]


@pytest.mark.parametrize(
    "ref", ["", "P", "7", "P-1", "Px", "P1.5", "P٣", "P999999", "P" + "9" * 40]
)
def test_a_reference_to_nobody_is_named(engine: Engine, ref: str) -> None:
    with engine.connect() as connection, pytest.raises(NotKnown, match="visitor"):
        links.resolve(connection, ref)


def test_undoing_a_link_leads_back_to_who_they_were(engine: Engine) -> None:
    a, b = _strangers(engine, 2)
    before = _persons(engine)
    _scan(engine, a, b)
    assert _unlink(engine, a, b) == set(before.values())
    assert _persons(engine) == before
    with engine.connect() as connection:
        merged = connection.scalars(select(Person.merged_into)).all()
        assert set(merged) == {None}
        link = connection.execute(select(Link.undone_by, Link.undone_reason)).one()
        assert tuple(link) == ("thu", "nhầm")


def test_undoing_one_of_two_ways_keeps_them_together(engine: Engine) -> None:
    a, b, c = _strangers(engine, 3)
    _scan(engine, a, b)
    _scan(engine, b, c)
    _scan(engine, a, c)
    _unlink(engine, a, c)
    assert len(set(_persons(engine).values())) == 1


def test_a_link_undone_by_hand_is_not_made_again_by_the_next_scan(engine: Engine) -> None:
    a, b = _strangers(engine, 2)
    _scan(engine, a, b)
    _unlink(engine, a, b)
    _scan(engine, a, b)
    assert len(set(_persons(engine).values())) == 2


def test_two_persons_are_linked_by_hand_and_logged(engine: Engine) -> None:
    a, b = _strangers(engine, 2)
    own = _own(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        person = links.link(
            connection, own[b], own[a], reason="cùng số CCCD", made_by="thu", at_ms=5_000
        )
    assert person == own[a]
    assert set(_persons(engine).values()) == {own[a]}
    with engine.connect() as connection:
        assert connection.scalar(select(AuditEntry.action)) == "persons.linked"


def test_linking_a_person_to_itself_or_to_nobody_is_refused(engine: Engine) -> None:
    (a,) = _strangers(engine, 1)
    own = _own(engine)[a]
    for second, error in ((own, Refused), (999, NotKnown)):
        with (
            engine.execution_options(**database.WRITES).begin() as connection,
            pytest.raises(error),
        ):
            links.link(connection, own, second, reason="r", made_by="thu", at_ms=1)


def test_undoing_what_is_not_in_force_is_refused(engine: Engine) -> None:
    with (
        engine.execution_options(**database.WRITES).begin() as connection,
        pytest.raises(NotKnown, match="link 7"),
    ):
        links.unlink(connection, 7, reason="r", undone_by="thu", at_ms=1)


def test_persons_depend_on_the_links_in_force_and_not_on_how_they_came(engine: Engine) -> None:
    rng = random.Random(7)
    pseudonyms = _strangers(engine, 12)
    own = _own(engine)
    force: set[tuple[int, int]] = set()
    undone: set[tuple[int, int]] = set()
    for _ in range(40):
        if force and rng.random() < 0.4:
            pair = rng.choice(sorted(force))
            _unlink(engine, *pair)
            force.remove(pair)
            undone.add(pair)
        else:
            first, second = sorted(rng.sample(pseudonyms, 2))
            _scan(engine, first, second)
            if (first, second) not in undone:
                force.add((first, second))
        assert _persons(engine) == _expected(pseudonyms, own, force)


def _expected(
    pseudonyms: list[int], own: dict[int, int], force: set[tuple[int, int]]
) -> dict[int, int]:
    """The oldest person of each connected part, worked out the slow and obvious way."""
    person = {pseudonym: own[pseudonym] for pseudonym in pseudonyms}
    for _ in pseudonyms:
        for first, second in force:
            person[first] = person[second] = min(person[first], person[second])
    return person
