"""Who works in one area asks for cases of that area, and for no other."""

from sqlalchemy import select

from fleet_server.api.v1 import OPERATIONS
from fleet_server.auth.permissions import Permission
from fleet_server.models import AuditEntry
from tests.fleet_server.api.hall import Hall

WINDOW = {"from": "2026-03-04", "to": "2026-03-11"}
OWN = {
    "changes": {"since": "0"},
    "why": {"other": "P2"},
    "common": {"visitors": "P1,P2"},
    "present": {"venue": "cho-mot"},
    "occupancy": {"venue": "cho-mot"},
}
"""What a question takes in place of, or besides, the visitor."""


def questions(hall: Hall) -> dict[str, dict[str, str]]:
    """Every question about people, with what it is asked with."""
    found = {}
    for op in OPERATIONS:
        _, _, question = op.path.partition("/trace/")
        if question:
            own = OWN.get(question, {})
            about = (
                {} if {"visitors", "venue"} & own.keys() else {"visitor": hall.office.days.buyer(1)}
            )
            found[op.path] = WINDOW | about | own
    assert len(found) == len([op for op in OPERATIONS if op.permission is Permission.TRACE]) - 1
    return found


def test_who_has_an_area_asks_for_a_case_of_that_area(hall: Hall) -> None:
    hall.post("tracer", "/cases", {"ref": "CA-T01", "area": "T01-01"})
    for path, about in questions(hall).items():
        answer = hall.send("near", "GET", path, query_string=about | {"case": "CA-T01"})
        assert answer.status_code == 200, answer.text
        refused = hall.send("far", "GET", path, query_string=about | {"case": "CA-T01"})
        words = hall.refused(refused, 403)
        assert "expected an open case of your area" in words


def test_without_a_case_or_with_any_words_for_one_it_is_refused(hall: Hall) -> None:
    hall.post("tracer", "/cases", {"ref": "CA-FLEET"})
    for path, about in questions(hall).items():
        for case in ({}, {"case": "CA-XX"}, {"case": "CA-FLEET"}, {"case": "a\nb"}):
            answer = hall.send("near", "GET", path, query_string=about | case)
            assert "an open case of your area" in hall.refused(answer, 403)
        # Who works everywhere asks as before.
        assert hall.send("tracer", "GET", path, query_string=about).status_code == 200


def test_a_closed_case_is_no_ground(hall: Hall) -> None:
    hall.post("near", "/cases", {"ref": "CA-T01"})
    hall.post("near", "/cases/CA-T01/close", {})
    path, about = next(iter(questions(hall).items()))
    answer = hall.send("near", "GET", path, query_string=about | {"case": "CA-T01"})
    assert "an open case of your area" in hall.refused(answer, 403)


def test_a_refused_question_is_on_record(hall: Hall) -> None:
    hall.post("tracer", "/cases", {"ref": "CA-T01", "area": "T01-01"})
    path, about = next(iter(questions(hall).items()))
    hall.send("far", "GET", path, query_string=about | {"case": "CA-T01"})
    with hall.office.engine.connect() as connection:
        lines = connection.execute(
            select(AuditEntry.actor, AuditEntry.case_ref, AuditEntry.subject).where(
                AuditEntry.action == "trace.refused"
            )
        ).all()
    assert [tuple(line) for line in lines] == [("truy-vet-t02", "CA-T01", "")]


def test_the_rules_are_everybodys(hall: Hall) -> None:
    assert hall.get("far", "/rules")["rules"]
