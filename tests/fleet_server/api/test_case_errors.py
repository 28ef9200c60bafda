"""What is wrong with a request about a case is said with its status, in words."""

import json
import threading
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet_server.auth.permissions import Role
from fleet_server.identity.vault_server import VaultServer
from tests.fleet_server.api.hall import Hall
from tests.fleet_server.cases.conftest import CASE, LAB
from tests.fleet_server.people import signed_in
from tests.support.market_days import SELLER_PHONE

AT = f"/cases/{CASE}"
WRONG: Final[tuple[tuple[str, object, str], ...]] = (
    ("/cases", {}, "missing required field `ref`"),
    ("/cases", {"ref": 7}, "ref: Expected `str`, got `int`"),
    ("/cases", {"ref": "CA-1", "colour": "red"}, "colour: no such field; known are ref"),
    ("/cases", {"ref": "a:b"}, "without colon"),
    ("/cases", {"ref": "CA/1"}, "without colon and slash"),
    ("/cases", {"ref": "CA-1", "onset": "yesterday"}, "'yesterday' is no time"),
    ("/cases", {"ref": "CA-1", "onset": "4000000000"}, "has not been yet"),
    ("/cases", {"ref": "CA-1", "disease": "a\nb"}, "disease: expected"),
    ("/cases", {"ref": "CA\0"}, "ref: expected text without NUL"),
    ("/cases", [], "Expected `object`, got `array`"),
    (f"{AT}/amend", {"from": "2026-03-05", "to": "2026-03-04"}, "from: expected a time before"),
    (f"{AT}/amend", {"lab_ref": ""}, "laboratory reference: expected"),
    (f"{AT}/find", {"purpose": "tìm"}, "expected document, insurance, phone"),
    (f"{AT}/find", {"phone": "1", "purpose": "tìm"}, "phone: expected a number of 10 digits"),
    (f"{AT}/find", {"phone": SELLER_PHONE, "purpose": ""}, "purpose: Expected"),
    (f"{AT}/find", {"phone": SELLER_PHONE}, "missing required field `purpose`"),
    (f"{AT}/milestones", {"person": "{seller}", "stay": "x"}, "VENUE,FROM,TO"),
    (f"{AT}/milestones/1/decide", {"state": "proposed"}, "state: Invalid enum value"),
    (f"{AT}/contacts/AAAAAA/decide", {"state": "dismissed"}, "expected a reason"),
    (f"{AT}/contacts/AAAAAA/decide", {"state": "handed_over", "words": "x"}, "the area it is"),
    (f"{AT}/contacts/AAAAAA/decide", {"state": "gone"}, "state: Invalid enum value"),
    (f"{AT}/contacts/AAAAAA/call", {"answered": "yes"}, "answered: Expected `bool`"),
    (f"{AT}/notes", {"words": ""}, "words: expected"),
    (f"{AT}/notes", {"words": "x" * 1001}, "words: expected up to 1000"),
    (f"{AT}/names", {"persons": [], "purpose": "gọi"}, "persons: Expected `array` of length"),
    (f"{AT}/names", {"persons": ["A\0"], "purpose": "gọi"}, "persons: expected text without"),
    (f"{AT}/names", {"persons": [1], "purpose": "gọi"}, "persons[0]: Expected `str`"),
    (f"{AT}/names", {"persons": ["A"], "purpose": "x", "opening": 2**63}, "opening: Expected"),
    (f"{AT}/openings", {"persons": ["{seller}"], "purpose": " "}, "purpose: expected"),
    (f"{AT}/exports", {"kind": "call-list"}, "purpose: call-list"),
    (f"{AT}/exports", {"kind": "everything"}, "kind: Invalid enum value"),
)
"""Where it is sent, what is sent, and what is answered."""
MISSING: Final[tuple[tuple[str, str, object], ...]] = (
    ("GET", "/cases/CA-XX", None),
    ("GET", "/cases/a%00b", None),
    ("GET", f"{AT}/results/1", None),
    ("GET", f"{AT}/results/{2**63}", None),
    ("GET", f"{AT}/changes", None),
    ("GET", f"{AT}/events?person=AAAAAA", None),
    ("POST", f"{AT}/index", {"visitor": "P999999", "reason": "x"}),
    ("POST", f"{AT}/index", {"visitor": "001179000001", "reason": "x"}),
    ("POST", f"{AT}/index/AAAAAA/remove", {"reason": "x"}),
    ("POST", f"{AT}/links/{2**63 - 1}/undo", {"reason": "x"}),
    ("POST", f"{AT}/milestones/1/decide", {"state": "confirmed"}),
    ("POST", f"{AT}/contacts/AAAAAA/call", {"answered": True}),
    ("POST", f"{AT}/names", {"persons": ["AAAAAA"], "purpose": "gọi"}),
    ("POST", f"{AT}/amend", {"rule": "2099-1"}),
)


def test_what_makes_no_sense_is_refused_naming_the_field(hall: Hall) -> None:
    seller = hall.with_seller()
    before = len(hall.events())
    for path, body, expected in WRONG:
        sent = json.loads(json.dumps(body).replace("{seller}", seller))
        assert expected in hall.post("tracer", path, sent, status=400)["detail"], (path, body)
    assert len(hall.events()) == before


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"ref": "\xff"}', b"[" * 60_000])
def test_what_is_no_json_is_refused(hall: Hall, content: bytes) -> None:
    answer = hall.send(
        "tracer", "POST", "/cases", data=content, content_type="application/json; charset=utf-8"
    )
    assert hall.refused(answer, 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_only_json_is_taken(hall: Hall, kind: str | None) -> None:
    answer = hall.send("tracer", "POST", "/cases", data=b'{"ref": "CA-1"}', content_type=kind)
    assert "Content-Type: application/json" in hall.refused(answer, 415)
    assert hall.get("tracer", "/cases")["cases"] == []


def test_a_long_body_is_not_read(hall: Hall) -> None:
    answer = hall.send("tracer", "POST", "/cases", json={"ref": "x" * 70_000})
    hall.refused(answer, 413)


def test_what_takes_no_body_says_so(hall: Hall) -> None:
    hall.with_seller()
    problem = hall.post("tracer", f"{AT}/evaluate", {"limit": 1}, status=400)
    assert problem["detail"] == "expected no body"
    hall.post("tracer", f"{AT}/evaluate", {})


def test_what_is_not_there_is_not_found(hall: Hall) -> None:
    hall.with_seller()
    for method, path, body in MISSING:
        sent = {} if body is None else {"json": body}
        assert hall.refused(hall.send("tracer", method, path, **sent), 404)


def test_what_is_so_already_is_a_conflict(hall: Hall) -> None:
    seller = hall.with_seller()
    hall.post("tracer", f"{AT}/evaluate")
    (index,) = hall.get("tracer", AT)["index"]
    problem = hall.post("tracer", "/cases", {"ref": CASE}, status=409)
    assert "is there already" in problem["detail"]
    again = {"visitor": index["visitor"], "reason": "lần nữa"}
    problem = hall.post("tracer", f"{AT}/index", again, status=409)
    assert f"is {seller} of this case already" in problem["detail"]
    twice = {"first": index["visitor"], "second": index["visitor"], "reason": "một người"}
    hall.post("tracer", f"{AT}/links", twice, status=409)
    number = hall.get("tracer", f"{AT}/milestones")["milestones"][0]["id"]
    stay = {"stay": "cho-mot,2026-03-10T05:30,2026-03-10T14:00"}
    hall.post("tracer", f"{AT}/milestones/{number}/correct", stay)
    hall.post("tracer", f"{AT}/milestones/{number}/correct", stay, status=409)
    hall.post("tracer", f"{AT}/close", {})
    problem = hall.post("tracer", f"{AT}/notes", {"words": "thêm"}, status=409)
    assert "nothing in it is changed any more" in problem["detail"]


def test_what_is_not_permitted_is_refused(hall: Hall) -> None:
    find = {"phone": SELLER_PHONE, "purpose": "xem thử"}
    hall.post("tracer", "/cases", {"ref": CASE})
    assert "laboratory" in hall.post("tracer", f"{AT}/find", find, status=403)["detail"]
    hall.post("tracer", f"{AT}/amend", {"lab_ref": LAB})
    found = hall.post("tracer", f"{AT}/find", find)["visitors"]
    seller = hall.post("tracer", f"{AT}/index", {"visitor": found[0], "reason": "x"})["ref"]
    names = {"persons": [seller], "purpose": "gọi"}
    problem = hall.post("tracer", f"{AT}/names", names, status=403)
    assert "no second person has confirmed" in problem["detail"]
    problem = hall.post("tracer", f"{AT}/contacts/{seller}/call", {"answered": True}, status=403)
    assert "is an index person" in problem["detail"]
    assert "no milestone" in hall.post("tracer", f"{AT}/notice", status=403)["detail"]


def test_with_the_vault_away_it_is_said_and_nothing_is_lost(hall: Hall) -> None:
    people = hall.evaluated()
    for path, body in (
        (f"{AT}/find", {"phone": SELLER_PHONE, "purpose": "tìm"}),
        (f"{AT}/names", {"persons": people[:1], "purpose": "gọi"}),
        (f"{AT}/contacts/{people[0]}/decide", {"state": "promoted"}),
        (f"{AT}/exports", {"kind": "call-list", "purpose": "gọi"}),
    ):
        answer = hall.send("tracer", "POST", path, json=body, app=hall.away)
        words = hall.refused(answer, 503)
        assert "The vault does not answer; nothing was opened or signed" in words
        assert ".sock" not in words
    listed = hall.get("tracer", f"{AT}/contacts", limit=1)["contacts"]
    assert (listed[0]["ref"], listed[0]["state"]) == (people[0], "to_call")
    decided = hall.post("tracer", f"{AT}/contacts/{people[0]}/decide", {"state": "promoted"})
    assert decided["contact"]["state"] == "promoted"


def test_once_the_vault_is_back_its_socket_is_asked_again(hall: Hall) -> None:
    people = hall.evaluated()
    about = {"persons": people[:1], "purpose": "gọi"}
    assert hall.send("tracer", "POST", f"{AT}/names", json=about, app=hall.away).status_code == 503
    with VaultServer(hall.vault_socket, hall.office.vault) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        answer = hall.send("tracer", "POST", f"{AT}/names", json=about, app=hall.away)
        server.shutdown()
        thread.join()
    assert answer.status_code == 200
    (named,) = answer.get_json()["persons"]
    assert named["known"]["name"].startswith("Nguyễn Văn Mẫu")


def test_a_kept_result_that_is_not_what_was_signed_is_not_shown(hall: Hall) -> None:
    hall.evaluated()
    (kept,) = hall.get("tracer", f"{AT}/results")["results"]
    path = f"{AT}/results/{kept['result']}"
    assert hall.get("tracer", path)["content"]["contacts"]
    hall.trust(Ed25519PrivateKey.generate().public_key())
    assert "is not what was signed" in hall.refused(hall.send("tracer", "GET", path), 500)


def test_a_browsers_cookie_works_on_no_case(hall: Hall) -> None:
    client = signed_in(hall.app.test_client(), Role.TRACER)
    assert client.get("/").status_code == 200
    answer = client.post("/api/v1/cases", json={"ref": "CA-1"}, headers={"Origin": "http://x"})
    assert answer.status_code == 401
    assert hall.get("tracer", "/cases")["cases"] == []
