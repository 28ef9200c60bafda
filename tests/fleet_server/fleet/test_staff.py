"""Who works at a venue: noted, taken back, and what both do to stays."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from fleet_server import database
from fleet_server.errors import FleetError, NotKnown
from fleet_server.fleet import registry, staff
from fleet_server.fleet.references import Unfit
from fleet_server.identity import audit, links
from fleet_server.models import AuditEntry, Link, Pseudonym, StaleVisits, VenueStaff
from fleet_server.times import iso
from fleet_server.tracing import derivation, storage
from fleet_server.tracing.opening import Stretch
from fleet_server.tracing.visits import DerivedVisit
from tests.fleet_server.tracing.test_derivation import Town
from tests.support.world import NOON_MS

NOON = NOON_MS // 1000
HOUR = 3600


@pytest.fixture
def town(engine: Engine) -> Town:
    """Somebody came to the market at noon and was not seen leaving."""
    found = Town(engine)
    found.scan(0, 0, "in")
    found.drain()
    return found


def seller(town: Town) -> int:
    """The person who came."""
    with town.engine.connect() as connection:
        found = connection.scalar(
            select(Pseudonym.person_id).where(Pseudonym.id == town.pseudonyms[0])
        )
    assert found is not None
    return found


def note(town: Town, **changed: Any) -> int:
    """Notes that the one who came works at the market."""
    values = {"venue": "cho-mau", "visitor": f"P{seller(town)}", "since": 0, "until": None}
    values |= {"reason": "bán rau", "at_ms": NOON_MS, "actor": "thu"} | changed
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        return staff.add(connection, **values)


def take_back(town: Town, number: int) -> None:
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        staff.remove(connection, number, at_ms=NOON_MS + 1000, actor="nam")


def stay(town: Town) -> DerivedVisit:
    """The only stay there is, derived again where it has to be."""
    derivation.drain(town.engine, now_ms=NOON_MS)
    with town.engine.connect() as connection:
        (found,) = storage.of(connection).of_persons(connection, [seller(town)], *derivation.EVER)
    return found.visit


def test_a_note_marks_the_person_so_that_the_stay_lasts_until_closing(town: Town) -> None:
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        opening = [Stretch(day, 6 * 60, 18 * 60) for day in range(7)]
        registry.set_hours(connection, venue="cho-mau", opening=opening, at_ms=NOON_MS, actor="thu")
    assert stay(town).staff is False
    number = note(town)
    with town.engine.connect() as connection:
        assert connection.scalars(select(StaleVisits.person_id)).all() == [seller(town)]
    found = stay(town)
    assert (found.staff, found.end_latest, found.end_source) == (
        True,
        NOON + 6 * HOUR,
        "venue_closed",
    )
    take_back(town, number)
    assert stay(town).staff is False


@pytest.mark.parametrize(
    ("since", "until", "works"),
    [(NOON, None, True), (NOON + 1, None, False), (0, NOON, False), (0, NOON + 1, True)],
)
def test_a_note_holds_for_stays_that_begin_in_its_time(
    town: Town, since: int, until: int | None, works: bool
) -> None:
    note(town, since=since, until=until)
    assert stay(town).staff is works


def test_a_note_of_another_venue_says_nothing(town: Town) -> None:
    note(town, venue="quan-mau")
    assert stay(town).staff is False


def test_a_reference_that_was_merged_leads_to_who_it_is_now(town: Town) -> None:
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        other = connection.scalar(
            select(Pseudonym.person_id).where(Pseudonym.id == town.pseudonyms[1])
        )
        assert other is not None
        links.link(connection, seller(town), other, reason="hai thẻ", made_by="thu", at_ms=NOON_MS)
    note(town, visitor=f"P{other}")
    assert stay(town).staff is True
    with town.engine.connect() as connection:
        assert [each.visitor for each in staff.listed(connection, "cho-mau")] == [
            f"P{seller(town)}"
        ]


def linked(town: Town) -> tuple[int, int]:
    """Makes the seller one with somebody else; that one and the link."""
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        other = connection.scalars(
            select(Pseudonym.person_id).where(Pseudonym.id == town.pseudonyms[1])
        ).one()
        links.link(connection, seller(town), other, reason="hai thẻ", made_by="thu", at_ms=NOON_MS)
        return other, connection.scalars(select(Link.id)).one()


def test_a_note_stays_with_the_one_it_named_when_a_link_is_undone(town: Town) -> None:
    other, number = linked(town)
    note(town, visitor=f"P{other}")
    assert stay(town).staff is True
    with town.engine.execution_options(**database.WRITES).begin() as connection:
        links.unlink(connection, number, reason="nhầm", undone_by="thu", at_ms=NOON_MS)
    assert stay(town).staff is False
    with town.engine.connect() as connection:
        assert [each.visitor for each in staff.listed(connection, "cho-mau")] == [f"P{other}"]


def test_a_note_is_listed_until_it_is_taken_back_and_never_deleted(town: Town) -> None:
    first, second = note(town), note(town, since=5, until=9, reason=" giữ xe ")
    with town.engine.connect() as connection:
        listed = staff.listed(connection, "cho-mau")
    ref = f"P{seller(town)}"
    assert listed == [
        (first, ref, 0, None, "bán rau", "", NOON, "thu"),
        (second, ref, 5, 9, "giữ xe", "", NOON, "thu"),
    ]
    take_back(town, first)
    with town.engine.connect() as connection:
        assert [each.id for each in staff.listed(connection, "cho-mau")] == [second]
        assert staff.listed(connection, "quan-mau") == []
        assert connection.scalar(select(func.count()).select_from(VenueStaff)) == 2
        undone = connection.execute(
            select(VenueStaff.undone_at, VenueStaff.undone_by).where(VenueStaff.id == first)
        ).one()
    assert tuple(undone) == (NOON + 1, "nam")
    with pytest.raises(NotKnown, match="fleet venue staff list"):
        take_back(town, first)


def test_both_go_on_record(town: Town) -> None:
    number = note(town, until=NOON)
    take_back(town, number)
    with town.engine.connect() as connection:
        lines = connection.execute(
            select(AuditEntry.actor, AuditEntry.action, AuditEntry.subject, AuditEntry.detail)
            .where(AuditEntry.action.startswith("staff."))
            .order_by(AuditEntry.id)
        ).all()
        assert audit.verify(connection).fault == ""
    assert [tuple(line)[:3] for line in lines] == [
        ("thu", "staff.added", "cho-mau"),
        ("nam", "staff.removed", "cho-mau"),
    ]
    assert json.loads(lines[0].detail) == {
        "note": number,
        "visitor": f"P{seller(town)}",
        "from": iso(0),
        "to": iso(NOON),
    }
    assert json.loads(lines[1].detail) == {"note": number}


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"venue": "cho-mao"}, NotKnown, "cho-mau"),
        ({"visitor": "P99"}, NotKnown, "P99"),
        ({"visitor": "0901234567"}, NotKnown, "expected a reference such as P12"),
        ({"since": 7, "until": 7}, Unfit, "to: expected a time after"),
        ({"reason": "  "}, Unfit, "reason: expected"),
        ({"reason": "a\nb"}, Unfit, "reason: expected"),
        ({"reason": "x" * 201}, Unfit, "reason: expected"),
    ],
)
def test_a_note_that_makes_no_sense_is_refused_and_leaves_nothing(
    town: Town, changed: dict[str, Any], error: type[FleetError], said: str
) -> None:
    with pytest.raises(error, match=said):
        note(town, **changed)
    with town.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(VenueStaff)) == 0


@pytest.mark.parametrize("number", [0, 1, -1, 10**30, -(10**30)])
def test_a_note_nobody_made_cannot_be_taken_back(town: Town, number: int) -> None:
    with pytest.raises(NotKnown, match="no such note in force"):
        take_back(town, number)
