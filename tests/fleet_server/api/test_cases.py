"""Cases over HTTP: a day's work, and who gets nowhere."""

import re

import pytest
from sqlalchemy import select

from fleet_server.api.operations import PREFIX, parameters
from fleet_server.api.v1 import OPERATIONS
from fleet_server.auth.permissions import GRANTS, Permission, Role
from fleet_server.models import AuditEntry
from tests.fleet_server.api.hall import ONSET, PEOPLE, Hall
from tests.fleet_server.cases.conftest import CASE, LAB, NAMES_PER_DAY
from tests.support.market_days import SELLER_DOCUMENT, SELLER_OLD_CODE, SELLER_PHONE

AT = f"/cases/{CASE}"
FORBIDDEN = {
    "type": "about:blank",
    "title": "Forbidden",
    "status": 403,
    "detail": "Không được phép / Not permitted",
}
"""What is told to those without the permission, whatever they ask."""


def test_the_first_hour_of_a_case(hall: Hall) -> None:
    begun = hall.post("tracer", "/cases", {"ref": CASE, "lab_ref": LAB, "onset": str(ONSET)})
    assert (begun["opened_by"], begun["lab_confirmed_by"]) == ("truy-vet-1", None)
    confirmed = hall.post("supervisor", f"{AT}/confirm", {"lab_ref": LAB})
    assert confirmed["lab_confirmed_by"] == "giam-sat-1"

    # What the laboratory gives leads to two cards; they are one person's.
    numbers = {"document": SELLER_DOCUMENT, "insurance": SELLER_OLD_CODE, "phone": SELLER_PHONE}
    found = hall.post("tracer", f"{AT}/find", numbers | {"purpose": "tìm F0"})
    assert found["by"]["document"] == []
    assert found["visitors"] == found["by"]["insurance"] + found["by"]["phone"]
    first, second = found["visitors"]
    about = {"first": first, "second": second, "reason": "bà ấy đọc số của cả hai thẻ"}
    linked = hall.post("tracer", f"{AT}/links", about)
    again = hall.post("tracer", f"{AT}/links/{linked['link']}/undo", {"reason": "nhầm"})
    assert sorted(again["visitors"]) == sorted(found["visitors"])
    assert hall.post("tracer", f"{AT}/links", about)["visitor"] in found["visitors"]
    seller = hall.post("tracer", f"{AT}/index", {"visitor": first, "reason": "dương tính"})["ref"]

    # Counts before anybody is listed; the silent kiosk is in view from the start.
    preview = hall.get("tracer", f"{AT}/preview")
    assert preview["counts"] == {"A": 10, "B": None, "C": 5}
    assert [gap["kiosk"] for gap in preview["gaps"]] == ["cho-hai-ra"]

    evaluated = hall.post("tracer", f"{AT}/evaluate")
    roles = [each["role"] for each in evaluated["evaluation"]["contacts"]]
    assert roles.count("F1") == 24
    listed = hall.get("tracer", f"{AT}/milestones")["milestones"]
    assert {each["venue"] for each in listed} == {"cho-mot", "cho-hai", "benh-vien"}

    # She was still there when they called, and on Friday she lunched at Bà Ước's.
    stay = "cho-mot,2026-03-10T05:30,2026-03-10T14:00"
    corrected = hall.post(
        "tracer", f"{AT}/milestones/{listed[-1]['id']}/correct", {"stay": stay, "note": "bà ấy kể"}
    )
    assert (corrected["source"], corrected["state"]) == ("by_hand", "confirmed")
    stay = "elsewhere:Quán Bà Ước,2026-03-06T11:30,2026-03-06T12:30"
    told = hall.post("tracer", f"{AT}/milestones", {"person": seller, "stay": stay})
    assert told["place"] == "Quán Bà Ước"
    rejected = hall.post(
        "tracer", f"{AT}/milestones/{listed[0]['id']}/decide", {"state": "rejected"}
    )
    assert rejected["state"] == "rejected"
    replaced = hall.get("tracer", f"{AT}/milestones", replaced="true")["milestones"]
    assert "replaced" in {each["state"] for each in replaced}
    second_result = hall.post("tracer", f"{AT}/evaluate")["result"]
    assert second_result > evaluated["result"]

    # To look is not to have seen.
    assert hall.get("tracer", f"{AT}/changes")["since_result"] is None
    assert hall.get("tracer", f"{AT}/changes")["since_result"] is None
    assert hall.post("tracer", f"{AT}/changes/seen")["result"] == second_result
    assert hall.get("tracer", f"{AT}/changes")["added"] == []
    assert hall.get("supervisor", f"{AT}/changes")["since_result"] is None

    # Whom to call; names are opened on record, and the address says which commune.
    closest = hall.get("tracer", f"{AT}/contacts", role="F1", tier="A", limit=8)["contacts"]
    people = [each["ref"] for each in closest]
    named = hall.post("tracer", f"{AT}/names", {"persons": people, "purpose": "gọi F1"})["persons"]
    assert [each["ref"] for each in named] == people
    assert all(each["known"]["phone"].startswith("09000001") for each in named)
    by_ref = {each["ref"]: each for each in hall.get("tracer", f"{AT}/contacts")["contacts"]}
    assert {by_ref[ref]["area_source"] for ref in people} == {"address"}

    # The silent kiosk comes back with what it saw.
    assert hall.office.days.deliver() > 0
    hall.office.now_ms += 120_000
    hall.post("tracer", f"{AT}/evaluate")
    changed = hall.get("tracer", f"{AT}/changes")
    assert [gap["kiosk"] for gap in changed["gaps_closed"]] == ["cho-hai-ra"]

    # Calls, decisions, and the ground they stand on.
    call = hall.post("tracer", f"{AT}/contacts/{people[0]}/call", {"answered": True, "words": "ổn"})
    assert (call["state"], call["reachable"]) == ("reached", True)
    moved = hall.post("tracer", f"{AT}/contacts/{people[0]}/area", {"area": "T01-02"})
    assert (moved["area"], moved["area_source"]) == ("T01-02", "by_hand")
    aside = hall.get("tracer", f"{AT}/contacts", tier="C")["contacts"][0]["ref"]
    decided = hall.post(
        "tracer",
        f"{AT}/contacts/{aside}/decide",
        {"state": "dismissed", "words": "ngồi ngoài cổng"},
    )
    assert decided["contact"]["state"] == "dismissed"
    kept = hall.get("supervisor", f"{AT}/results/{decided['result']}")
    assert (kept["decision"], kept["content"]["contact"]) == ("dismissed", aside)
    assert kept["content"]["exposures"][0]["meetings"][0]["other"]["scans"]

    note = hall.post("tracer", f"{AT}/notes", {"words": "nghe ho", "person": people[0]})
    assert (note["kind"], note["person"], note["words"]) == ("noted", people[0], "nghe ho")
    notice = hall.post("tracer", f"{AT}/notice")
    assert "Quán Bà Ước" in notice["vi"]
    assert not any(ref in notice["vi"] for ref in (seller, *people))

    closed = hall.post("tracer", f"{AT}/close", {"words": "xong"})
    assert closed["closed_at"]
    assert hall.get("tracer", "/cases")["cases"] == []
    assert [each["ref"] for each in hall.get("tracer", "/cases", closed="true")["cases"]] == [CASE]


def test_what_is_known_of_a_case_changes_and_its_number_is_confirmed_again(hall: Hall) -> None:
    hall.opened()
    onset = hall.get("tracer", AT)["onset"]
    seen = hall.post("tracer", f"{AT}/amend", {"from": "2026-03-05", "to": "2026-03-10T12:00"})
    assert (seen["from"], seen["to"]) == ("2026-03-04T17:00:00Z", "2026-03-10T05:00:00Z")
    assert (seen["onset"], seen["lab_confirmed_by"]) == (onset, "giam-sat-1")
    assert hall.post("tracer", f"{AT}/amend", {"lab_ref": "XN-2"})["lab_confirmed_by"] is None


def test_an_index_person_is_taken_out_again(hall: Hall) -> None:
    seller = hall.with_seller()
    seen = hall.post("tracer", f"{AT}/index/{seller}/remove", {"reason": "âm tính"})
    assert seen["index"] == []


def test_many_names_need_a_second_person_or_a_broken_glass(hall: Hall) -> None:
    people = hall.evaluated()
    assert len(people) > NAMES_PER_DAY
    about = {"persons": people, "purpose": "gọi"}
    problem = hall.post("tracer", f"{AT}/names", about, status=403)
    assert "a second person approves" in problem["detail"]
    asked = hall.post("tracer", f"{AT}/openings", about)
    assert (asked["state"], asked["persons"]) == ("asked", len(people))
    where = f"{AT}/openings/{asked['id']}"
    approved = hall.post("supervisor", f"{where}/decide", {"approve": True})
    assert (approved["state"], approved["decided_by"]) == ("approved", "giam-sat-1")
    hall.post("supervisor", f"{where}/decide", {"approve": False}, status=409)
    named = hall.post("tracer", f"{AT}/names", about | {"opening": asked["id"]})
    assert len(named["persons"]) == len(people)
    hall.post("colleague", f"{AT}/names", about | {"opening": asked["id"]}, status=403)

    broken = hall.post(
        "colleague", f"{AT}/openings/broken-glass", about | {"reason": "không ai nghe máy"}
    )
    hall.post("colleague", f"{AT}/names", about | {"opening": broken["id"]})
    hall.post("tracer", f"{AT}/close", {"words": "xong"}, status=403)
    where = f"{AT}/openings/{broken['id']}"
    reviewed = hall.post("supervisor", f"{where}/review", {"verdict": "đúng"})
    assert (reviewed["state"], reviewed["verdict"]) == ("reviewed", "đúng")
    states = [each["state"] for each in hall.get("tracer", f"{AT}/openings")["openings"]]
    assert states == ["approved", "reviewed"]


def test_who_asked_or_opened_is_no_second_person(hall: Hall) -> None:
    hall.post("supervisor", "/cases", {"ref": CASE, "lab_ref": LAB})
    problem = hall.post("supervisor", f"{AT}/confirm", {"lab_ref": LAB}, status=403)
    assert "second person" in problem["detail"]


def test_a_number_that_does_not_match_is_refused_and_on_record(hall: Hall) -> None:
    hall.post("tracer", "/cases", {"ref": CASE, "lab_ref": LAB})
    problem = hall.post("supervisor", f"{AT}/confirm", {"lab_ref": "XN-99"}, status=403)
    assert "ask the laboratory again" in problem["detail"]
    assert [each["kind"] for each in hall.events()] == ["lab_differs"]


def test_every_list_is_paged_alike(hall: Hall) -> None:
    people = hall.evaluated()
    for number in range(3):
        hall.post("tracer", "/cases", {"ref": f"CA-{number}"})
        hall.post("tracer", f"{AT}/openings", {"persons": people[:1], "purpose": f"gọi {number}"})
        word = {"state": "dismissed", "words": "nhầm"}
        hall.post("tracer", f"{AT}/contacts/{people[number]}/decide", word)
    for path, key in {
        "/cases": "cases",
        f"{AT}/milestones": "milestones",
        f"{AT}/contacts": "contacts",
        f"{AT}/events": "events",
        f"{AT}/openings": "openings",
        f"{AT}/results": "results",
    }.items():
        everything = hall.get("tracer", path, limit=1000)
        assert len(everything[key]) >= 3
        assert not everything["more"]
        gathered, more = [], True
        while more:
            page = hall.get("tracer", path, limit=2, offset=len(gathered))
            assert 0 < len(page[key]) <= 2
            gathered, more = gathered + page[key], page["more"]
        assert gathered == everything[key], path
        assert hall.get("tracer", path, offset=10_000) == {key: [], "more": False}
        for wrong in ({"limit": 0}, {"limit": 1001}, {"offset": -1}, {"page": 2}):
            answer = hall.send("tracer", "GET", path, query_string=wrong)
            assert next(iter(wrong)) in hall.refused(answer, 400)


def test_a_case_of_another_area_is_as_good_as_unknown(hall: Hall) -> None:
    hall.with_seller()
    hall.post("tracer", "/cases", {"ref": "CA-T01", "area": "T01-01"})
    assert [each["ref"] for each in hall.get("near", "/cases")["cases"]] == ["CA-T01"]
    assert hall.get("near", "/cases/CA-T01")["area"] == "T01-01"
    assert hall.get("far", "/cases")["cases"] == []
    unknown = hall.refused(hall.send("far", "GET", "/cases/CA-XX"), 404)
    there = hall.refused(hall.send("far", "GET", "/cases/CA-T01"), 404)
    assert there.replace("CA-T01", "CA-XX") == unknown
    find = {"phone": SELLER_PHONE, "purpose": "xem thử"}
    for who in ("near", "far"):
        hall.post(who, f"{AT}/find", find, status=404)
        hall.post(who, f"{AT}/evaluate", status=404)
    problem = hall.post("far", "/cases", {"ref": "CA-2", "area": "T01-01"}, status=404)
    assert "outside your area" in problem["detail"]


def test_every_operation_refuses_who_has_no_permission_and_who_has_no_token(hall: Hall) -> None:
    for op in OPERATIONS:
        path = re.sub(r"<int:\w+>", "1", op.path).replace("<venue>", "cho-mot")
        path = re.sub(r"<\w+>", "CA-1", path)
        # What is sent makes no sense: nobody without permission is told so.
        sent = {} if op.method == "GET" else {"json": {"colour": "red"}}
        assert "Bearer" in hall.refused(hall.send(None, op.method, path, **sent), 401)
        for who, (_, role, _, _) in PEOPLE.items():
            answer = hall.send(who, op.method, path, **sent)
            if op.permission in GRANTS[role]:
                assert answer.status_code in (200, 400, 403, 404), answer.text
                assert answer.json != FORBIDDEN
            else:
                hall.refused(answer, 403)
                assert answer.json == FORBIDDEN
        assert not {op.permission} & GRANTS[Role.FLEET_OPERATOR]


def test_the_document_lists_what_is_tested_for_permissions(hall: Hall) -> None:
    described = {
        each["operationId"]: path
        for path, item in hall.document["paths"].items()
        for each in item.values()
        if each.get("security") != []
    }
    assert described.keys() == {op.name for op in OPERATIONS}
    second = {op.name for op in OPERATIONS if op.permission is Permission.CASES_DECIDE}
    assert second == {"confirm_case", "decide_opening", "review_opening"}


def test_the_document_says_what_is_sent_and_where(hall: Hall) -> None:
    # Two structs of one name would be told apart by their modules.
    assert all(re.fullmatch(r"\w+", name) for name in hall.document["components"]["schemas"])
    for op in OPERATIONS:
        path = PREFIX + re.sub(r"<(?:int:)?(\w+)>", r"{\1}", op.path)
        described = hall.document["paths"][path][op.method.lower()]
        kinds = {
            each["name"]: each["schema"]["type"]
            for each in described["parameters"]
            if each["in"] == "path"
        }
        assert kinds == parameters(op.path)
        assert ("requestBody" in described) == (op.body is not None)
        if op.body is not None:
            schema = described["requestBody"]["content"]["application/json"]["schema"]
            name = schema["$ref"].rsplit("/", 1)[1]
            assert hall.document["components"]["schemas"][name]["additionalProperties"] is False


def test_numbers_are_never_in_an_address_an_answer_or_the_log(hall: Hall) -> None:
    hall.opened()
    about = {"phone": SELLER_PHONE, "insurance": SELLER_OLD_CODE, "purpose": "tìm F0"}
    answer = hall.send("tracer", "POST", f"{AT}/find", query_string=about, json=about)
    assert "no such parameter" in hall.refused(answer, 400)
    assert hall.send("tracer", "GET", f"{AT}/find", query_string=about).status_code == 405
    found = hall.send("tracer", "POST", f"{AT}/find", json=about)
    assert re.fullmatch(r"P\d+", found.json["visitors"][0])  # type: ignore[index]
    with hall.office.engine.connect() as connection:
        lines = connection.execute(select(AuditEntry.__table__)).all()
    for text in (found.text, *(str(tuple(line)) for line in lines)):
        assert "900 000 001" not in text
        assert "900000001" not in text
        assert "0179000001" not in text


@pytest.mark.parametrize("field", ["card", "code", "qr", "number", "kind"])
def test_nobody_is_found_by_what_a_kiosk_scanned(hall: Hall, field: str) -> None:
    hall.opened()
    card = hall.office.days.card
    assert card is not None
    about = {field: card.id, "purpose": "tìm"}
    problem = hall.post("tracer", f"{AT}/find", about, status=400)
    assert f"{field}: no such field; known are document, insurance, phone" in problem["detail"]
    scanned = "001179000001|179000001|Trần Thị Bán Mẫu|06051979|Nữ|Tổ 3, Phường Mẫu|01012021"
    for kind in ("document", "insurance", "phone"):
        problem = hall.post("tracer", f"{AT}/find", {kind: scanned, "purpose": "x"}, status=400)
        assert f"{kind}: expected" in problem["detail"]
        assert "179000001" not in problem["detail"]
