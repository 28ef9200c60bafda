"""Who works at a venue: noted from a line of the log, by a label only, and taken back."""

import re

from sqlalchemy import select

from fleet_server.models import AuditEntry, StaleVisits, VenueStaff
from tests.fleet_server.people import World, submit
from tests.support.world import NOON_MS, store_one_scan

PAGE = "/venues/cho-mau/staff"
WHO = {"reason": "bán rau"}


def scan_of(world: World, **values: object) -> str:
    """The number of a scan, as the log links to it."""
    store_one_scan(world.engine, world.market, **values)  # type: ignore[arg-type]
    log = world.browser("manager").get("/venues/cho-mau/log").text
    found = re.findall(r'/venues/cho-mau/staff\?scan=(\d+)"', log)
    assert found
    return str(found[0])


def noted(world: World) -> list[tuple[int, str, str, int | None]]:
    with world.engine.connect() as connection:
        rows = connection.execute(select(VenueStaff.__table__).order_by(VenueStaff.id))
        return [(row.since, row.reason, row.label, row.undone_at) for row in rows]


def test_somebody_is_noted_from_a_line_of_the_log_and_taken_back(world: World) -> None:
    scan = scan_of(world, counter=1)
    manager = world.browser("manager")
    page = manager.get(f"{PAGE}?scan={scan}").text
    assert "N*** V***" in page
    assert submit(manager, PAGE, {"scan": scan, **WHO}).status_code == 303
    midnight = NOON_MS // 1000 - 12 * 3600
    assert noted(world) == [(midnight, "bán rau", "N*** V*** M***", None)]
    page = manager.get(PAGE).text
    assert "bán rau" in page
    assert re.search(r"\bP\d+\b", page) is None, "no reference that follows a person elsewhere"
    with world.engine.connect() as connection:
        assert connection.scalar(select(StaleVisits.person_id)) is not None, (
            "stays are derived anew"
        )
    assert submit(manager, f"{PAGE}/1/remove").status_code == 303
    assert "bán rau" not in manager.get(PAGE).text
    assert submit(manager, f"{PAGE}/1/remove").status_code == 404
    with world.engine.connect() as connection:
        actions = connection.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.action.like("staff.%"))
            .order_by(AuditEntry.id)
        ).all()
    assert actions == ["staff.added", "staff.removed"]


def test_what_was_entered_stays_where_it_cannot_be_taken(world: World) -> None:
    scan = scan_of(world, counter=1)
    answer = submit(world.browser("manager"), PAGE, {"scan": scan, "reason": "x" * 300})
    assert answer.status_code == 400
    assert "x" * 300 in answer.text
    assert "N*** V***" in answer.text
    assert noted(world) == []


def test_nobody_notes_or_sees_a_scan_of_another_venue(world: World) -> None:
    scan = scan_of(world, counter=1)
    neighbour = world.browser("neighbour")
    theirs = "/venues/truong-mau/staff"
    assert neighbour.get(f"{theirs}?scan={scan}").status_code == 404
    assert submit(neighbour, theirs, {"scan": scan, **WHO}).status_code == 404
    assert submit(world.browser("manager"), PAGE, {"scan": scan, **WHO}).status_code == 303
    assert submit(neighbour, f"{theirs}/1/remove").status_code == 404
    assert neighbour.get(PAGE).status_code == 404
    assert [each[3] for each in noted(world)] == [None]


def test_numbers_that_are_none_are_no_scan(world: World) -> None:
    manager = world.browser("manager")
    for given in ("9" * 19, "x", "-1", ""):
        assert submit(manager, PAGE, {"scan": given, **WHO}).status_code == 404
        assert manager.get(f"{PAGE}?scan={given}").status_code in (200, 404)


def test_others_who_read_the_log_note_nobody(world: World) -> None:
    scan_of(world, counter=1)
    tracer = world.browser("tracer")
    assert "/staff?scan=" not in tracer.get("/venues/cho-mau/log").text
    assert tracer.get(PAGE).status_code == 403
    assert world.browser("operator").get(PAGE).status_code == 403
