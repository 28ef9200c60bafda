"""Nothing refers to a person, a number or a scan without being known to what erases them."""

import pytest
from sqlalchemy import Engine, select

from fleet_server.models import Base, Person
from fleet_server.privacy import ending, erasure, remains
from fleet_server.privacy.deleting import whole
from fleet_server.tracing import derivation, stale
from tests.fleet_server.privacy.story import Story

NAMES = {
    "person_id": {"persons", "case_persons"},
    "pseudonym_id": {"pseudonyms"},
    "scan_id": {"scans"},
}
"""What a column of this name refers to, whether the database knows it or not."""


def handled(root: str) -> set[str]:
    return {f"{each.table}.{each.column}" for each in erasure.REFERENCES[root]}


def test_every_reference_to_what_is_erased_is_handled() -> None:
    missing = []
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            root = key.column.table.name
            name = f"{table.name}.{key.parent.name}"
            if root in erasure.REFERENCES and name not in handled(root):
                missing.append(f"{name} -> {root}")
    assert missing == []


def test_every_column_that_names_them_without_a_foreign_key_is_handled() -> None:
    missing = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            for ending_, roots in NAMES.items():
                if column.name.endswith(ending_) and not any(
                    f"{table.name}.{column.name}" in handled(root) for root in roots
                ):
                    missing.append(f"{table.name}.{column.name}")
    assert missing == []


def test_what_is_handled_is_there_and_other_tables_refer_to_nothing_that_goes() -> None:
    for references in erasure.REFERENCES.values():
        for table, column, forgotten in references:
            assert column in Base.metadata.tables[table].columns
            assert not forgotten or Base.metadata.tables[table].columns[column].nullable
    gone = {each.table for each in erasure.REFERENCES["persons"] if not each.forgotten}
    for name in gone - {"case_persons", "pseudonyms"}:
        for other in Base.metadata.sorted_tables:
            assert name not in {key.column.table.name for key in other.foreign_keys}


def test_every_table_has_an_age_or_a_reason_to_have_none() -> None:
    known = [*remains.AGED, *remains.OF_SCANS, *remains.OF_PEOPLE, *remains.OF_CASES]
    known += [*remains.OF_REQUESTS, *remains.OF_BATCHES, *remains.TIMELESS, "visit_days"]
    assert sorted(known) == sorted(Base.metadata.tables)


def test_what_an_ended_epidemic_keeps_refers_to_nothing_that_goes() -> None:
    assert set(Base.metadata.tables) >= ending.KEPT
    for name in ending.KEPT:
        for key in Base.metadata.tables[name].foreign_keys:
            assert key.column.table.name in ending.KEPT


@pytest.fixture
def story(engine: Engine) -> Story:
    return Story(engine)


def test_people_go_with_all_that_refers_to_them_and_others_stay(story: Story) -> None:
    one, linked, other = story.visitor("a"), story.visitor("b"), story.visitor("c")
    with story.writing() as connection:
        table = Base.metadata.tables["pseudonyms"]
        connection.execute(table.update().where(table.c.id == linked[1]).values(person_id=one[0]))
        people = Base.metadata.tables["persons"]
        connection.execute(
            people.update().where(people.c.id == linked[0]).values(merged_into=one[0])
        )
    story.link(one[1], linked[1])
    story.link(one[1], other[1], undone_at=2, undone_by="t")
    story.scan(one[1], day=0)
    story.scan(linked[1], day=1)
    shared = story.scan(one[1], other[1], day=2)
    kept = story.scan(other[1], day=3)
    story.case("CA-1", one[0], other[0], closed_at=5)
    story.case("CA-2", other[0], linked[0], closed_at=5)
    story.derive()
    with story.writing() as connection:
        mine = whole(connection, linked[0])
        assert mine.persons == {one[0], linked[0]}
        before = erasure.count(connection, *mine)
        assert before["visits"] == before["pseudonyms"] + 1 == 3
        erasure.people(connection, *mine, at_ms=7)
        assert set(erasure.count(connection, *mine).values()) == {0}
    with story.engine.connect() as connection:
        assert other[0] in set(connection.scalars(select(Person.id)))
        scans = Base.metadata.tables["scans"].c.id
        assert shared not in set(connection.scalars(select(scans)))
        assert list(connection.scalars(select(scans))) == [kept]
    story.derive()
    assert story.stays_of(other[0]) == [(72, None)]
    assert story.stays_of(one[0]) == story.stays_of(linked[0]) == []
    assert story.count("links") == 0
    assert story.count("case_persons") == 2


def test_what_a_stay_was_before_goes_too(story: Story) -> None:
    person, number = story.visitor("a")
    story.scan(number, day=0)
    story.derive()
    story.scan(number, day=0, hour=1, direction="out")
    with story.writing() as connection:
        stale.mark(connection, [person], 1)
    derivation.drain(story.engine, now_ms=2**41)
    with story.writing() as connection:
        mine = whole(connection, person)
        assert erasure.count(connection, *mine)["stay_history"] == 1
        erasure.people(connection, *mine, at_ms=7)
        assert erasure.count(connection, *mine)["stay_history"] == 0
