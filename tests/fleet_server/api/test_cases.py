"""Cases over HTTP: the seller's day, who may do what, and how slips are answered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives import serialization
from flask import Flask
from sqlalchemy import func, insert, select, update

from fleet_server import database
from fleet_server.api.operations import PREFIX
from fleet_server.api.v1 import OPERATIONS
from fleet_server.auth import tokens
from fleet_server.auth.permissions import GRANTS, Permission, Role
from fleet_server.errors import VaultAway
from fleet_server.identity.vault_messages import Reply
from fleet_server.models import Area, AuditEntry, Case
from fleet_server.settings import Privacy, Settings
from fleet_server.web.app import create_app
from tests.fleet_server.cases.conftest import CASE, LAB, NAMES_PER_DAY, Office, office
from tests.support.casework import NearVault

__all__ = ["office"]

CASES = f"{PREFIX}/cases"
HERE = f"{CASES}/{CASE}"
PEOPLE: dict[str, tuple[Role, str | None]] = {
    "tracer": (Role.TRACER, None),
    "supervisor": (Role.TRACING_SUPERVISOR, None),
    "elsewhere": (Role.TRACER, "T09"),
    "operator": (Role.FLEET_OPERATOR, None),
}


class SwitchedVault(NearVault):
    """Answers until it is switched off."""

    on = True

    def _exchange(self, line: bytes) -> Reply:
        if not self.on:
            raise VaultAway("kho danh tính không trả lời / the vault does not answer")
        return super()._exchange(line)


@dataclass
class Line:
    """Programs of several people on one server."""

    office: Office
    app: Flask
    codes: dict[str, str]
    vault: SwitchedVault

    def ask(
        self, path: str, who: str = "tracer", *, method: str = "GET", json: object = None
    ) -> tuple[int, Any]:
        """Status and JSON, the latter held to the published schema."""
        self.office.now_ms += 1000
        headers = {"Authorization": f"Bearer {self.codes[who]}"}
        client = self.app.test_client()
        answer = client.open(path, method=method, json=json, headers=headers)
        document = client.get(f"{PREFIX}/openapi.json").json
        assert document is not None
        kind = "application/json" if answer.status_code == 200 else "application/problem+json"
        assert answer.content_type == kind
        name = "Problem"
        if answer.status_code == 200:
            described = _template(document["paths"], path.partition("?")[0])[method.lower()]
            content = described["responses"]["200"]["content"]
            name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        schema = document | {"$ref": f"#/components/schemas/{name}"}
        jsonschema.Draft202012Validator(schema).validate(answer.json)
        return answer.status_code, answer.json

    def post(self, path: str, who: str = "tracer", /, **body: object) -> tuple[int, Any]:
        return self.ask(path, who, method="POST", json=body)

    def made(self, path: str, who: str = "tracer", /, **body: object) -> Any:
        status, answer = self.post(path, who, **body)
        assert status == 200, answer
        return answer


def _template(paths: dict[str, Any], path: str) -> Any:
    """The described path that an address is of; the one with fewest holes."""
    fitting = [
        each
        for each in paths
        if re.fullmatch(re.sub(r"\\?\{\w+\\?\}", "[^/]+", re.escape(each)), path)
    ]
    return paths[min(fitting, key=lambda each: each.count("{"))]


@pytest.fixture
def line(office: Office, tmp_path: Path) -> Line:
    keys = tmp_path / "keys" / "public"
    keys.mkdir(parents=True)
    (keys / "results.pub").write_bytes(
        office.sign.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    codes = {}
    with office.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            insert(Area).values(code="T09", level="province", name="Tỉnh Khác", valid_from=0)
        )
        for number, (who, (role, area)) in enumerate(PEOPLE.items()):
            codes[who] = tokens.create(
                connection,
                name=who,
                role=role,
                venue=None,
                area=area,
                days=30,
                now=office.now_ms // 1000 - 60,
                secret=bytes([number]) * tokens.SECRET_BYTES,
            )
    vault = SwitchedVault(office.vault)
    settings = Settings(
        home=str(tmp_path),
        database_url=str(office.engine.url),
        privacy=Privacy(names_per_day=NAMES_PER_DAY),
    )
    app = create_app(
        settings,
        engine=office.engine,
        session_key=b"k" * 32,
        vault=vault,
        clock=lambda: office.now_ms / 1000,
    )
    return Line(office, app, codes, vault)


def opened(line: Line) -> str:
    """The seller's case, confirmed and evaluated; her reference."""
    onset = str(line.office.now_ms // 1000 - 2 * 86_400)
    line.made(CASES, ref=CASE, lab_ref=LAB, onset=onset)
    line.made(f"{HERE}/confirm", "supervisor", lab_ref=LAB)
    cards = [_found(line, kind, number) for kind, number in NUMBERS]
    link = line.made(f"{HERE}/links", first=cards[0], second=cards[1], reason="một người")
    seller = line.made(f"{HERE}/index", visitor=link["visitor"], reason="dương tính")["ref"]
    line.made(f"{HERE}/evaluate")
    return str(seller)


NUMBERS = (("insurance", "DN4010179000001"), ("phone", "0900000001"))


def _found(line: Line, kind: str, number: str) -> str:
    answer = line.made(f"{HERE}/find", kind=kind, number=number, purpose="tìm F0")
    return str(answer["visitors"][0])


def people(line: Line) -> Sequence[str]:
    return [each["ref"] for each in line.ask(f"{HERE}/contacts")[1]["contacts"]]


def test_from_the_call_to_the_names(line: Line) -> None:
    seller = opened(line)
    status, case = line.ask(HERE)
    assert (status, case["lab_confirmed_by"], case["index"][0]["ref"]) == (
        200,
        "supervisor",
        seller,
    )
    milestones = line.ask(f"{HERE}/milestones")[1]["milestones"]
    assert milestones
    first = milestones[0]["id"]
    line.made(f"{HERE}/milestones/{first}/decide", state="confirmed", note="bà ấy nhớ")
    added = line.made(
        f"{HERE}/milestones",
        person=seller,
        stay=f"elsewhere:đám cưới,{milestones[0]['start']},{milestones[0]['end']}",
    )["number"]
    corrected = line.made(
        f"{HERE}/milestones/{added}/correct",
        stay=f"elsewhere:đám hỏi,{milestones[0]['start']},{milestones[0]['end']}",
    )["number"]
    now = {each["id"]: each["place"] for each in line.ask(f"{HERE}/milestones")[1]["milestones"]}
    assert now[corrected] == "đám hỏi"
    assert added not in now
    assert added in {
        each["id"] for each in line.ask(f"{HERE}/milestones?replaced=true")[1]["milestones"]
    }
    counted = line.made(f"{HERE}/preview")["counts"]
    assert all(each is None or each % 5 == 0 for each in counted.values())
    contacts = people(line)
    assert len(contacts) > NAMES_PER_DAY
    one, other, third = contacts[:3]
    line.made(f"{HERE}/contacts/{one}/call", reached=True, words="ở nhà")
    line.made(f"{HERE}/contacts/{one}/decide", state="reached")
    kept = line.made(f"{HERE}/contacts/{other}/decide", state="dismissed", words="nhầm thẻ")
    assert kept["number"]
    line.made(f"{HERE}/contacts/{third}/area", area="T09")
    line.made(f"{HERE}/notes", words="hẹn gọi lại", person=one)
    kinds = [each["kind"] for each in line.ask(f"{HERE}/events?person={one}")[1]["events"]]
    assert "called" in kinds or len(kinds) >= 2
    named = line.made(f"{HERE}/names", people=[one], purpose="gọi F1")["persons"]
    assert (named[0]["ref"], bool(named[0]["known"]["name"])) == (one, True)
    notice = line.made(f"{HERE}/notice")
    assert named[0]["known"]["name"] not in notice["vi"]


def test_many_names_wait_for_a_second_person(line: Line) -> None:
    opened(line)
    everybody = people(line)
    status, problem = line.post(f"{HERE}/names", people=everybody, purpose="gọi")
    assert status == 403
    assert "second person" in problem["detail"]
    asked = line.made(f"{HERE}/openings", people=everybody, purpose="gọi")["number"]
    assert line.ask(f"{HERE}/openings")[1]["openings"][0]["state"] == "asked"
    status, _ = line.post(f"{HERE}/openings/{asked}/decide", approve=True)
    assert status == 403, "a tracer approves nothing"
    line.made(f"{HERE}/openings/{asked}/decide", "supervisor", approve=True)
    named = line.made(f"{HERE}/names", people=everybody, purpose="gọi", opening=asked)
    assert [each["ref"] for each in named["persons"]] == list(everybody)


def test_a_broken_glass_is_reviewed(line: Line) -> None:
    opened(line)
    everybody = people(line)
    number = line.made(
        f"{HERE}/openings/break-glass", people=everybody, purpose="gọi", reason="đêm, không ai trực"
    )["number"]
    line.made(f"{HERE}/names", people=everybody, purpose="gọi", opening=number)
    line.made(f"{HERE}/openings/{number}/review", "supervisor", verdict="đúng là cần")
    assert line.ask(f"{HERE}/openings")[1]["openings"][0]["verdict"] == "đúng là cần"


def test_a_kept_result_is_shown_with_its_signature_checked(line: Line) -> None:
    opened(line)
    results = line.ask(f"{HERE}/results")[1]["results"]
    status, whole = line.ask(f"{HERE}/results/{results[0]['number']}")
    assert (status, whole["decision"], whole["content"]["case"]) == (200, "evaluated", CASE)
    assert line.ask(f"{HERE}/results/9999")[0] == 404


def test_changes_are_shown_until_they_are_seen(line: Line) -> None:
    opened(line)
    first = line.made(f"{HERE}/changes", seen=False)
    assert first["added"]
    assert line.made(f"{HERE}/changes")["added"] == first["added"]
    assert line.made(f"{HERE}/changes")["added"] == []
    assert line.made(f"{HERE}/changes", "supervisor")["added"] == first["added"]


def test_lists_come_in_parts(line: Line) -> None:
    opened(line)
    everybody, got, after, more = people(line), [], 0, True
    while more:
        _, part = line.ask(f"{HERE}/contacts?after={after}&limit=4")
        assert len(part["contacts"]) <= 4
        got += [each["ref"] for each in part["contacts"]]
        after, more = part["last"], part["more"]
    assert got == list(everybody)
    first = line.ask(f"{HERE}/contacts?role=F1&tier=A")[1]["contacts"]
    assert {(each["role"], each["tier"]) for each in first} == {("F1", "A")}


def test_links_are_undone(line: Line) -> None:
    line.made(CASES, ref=CASE, lab_ref=LAB)
    cards = [_found(line, kind, number) for kind, number in NUMBERS]
    link = line.made(f"{HERE}/links", first=cards[0], second=cards[1], reason="một người")
    undone = line.made(f"{HERE}/links/{link['link']}/undo", reason="nhầm")
    assert sorted(undone["visitors"]) == sorted(cards)


def test_an_index_person_is_taken_out_again(line: Line) -> None:
    line.made(CASES, ref=CASE, lab_ref=LAB)
    visitor = _found(line, *NUMBERS[0])
    ref = line.made(f"{HERE}/index", visitor=visitor, reason="dương tính")["ref"]
    line.made(f"{HERE}/index/{ref}/remove", reason="nhầm người")
    assert line.ask(HERE)[1]["index"] == []


def test_a_number_nobody_has_is_a_miss_on_record(line: Line) -> None:
    line.made(CASES, ref=CASE, lab_ref=LAB)
    asked = {"kind": "document", "number": "001099999999", "purpose": "tìm F0"}
    assert line.made(f"{HERE}/find", **asked) == {"visitors": []}
    with line.office.engine.connect() as connection:
        newest = connection.execute(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert newest is not None
    assert (newest.actor, newest.case_ref) == ("tracer", CASE)
    assert "001099999999" not in str(newest)


def test_a_closed_case_changes_no_more(line: Line) -> None:
    line.made(CASES, ref=CASE, lab_ref=LAB)
    line.made(f"{HERE}/close", words="xong")
    status, problem = line.post(f"{HERE}/notes", words="thêm")
    assert (status, "is closed" in problem["detail"]) == (403, True)
    assert line.ask(CASES)[1]["cases"] == []
    assert [each["ref"] for each in line.ask(f"{CASES}?closed=true")[1]["cases"]] == [CASE]


def test_a_case_is_changed_and_confirmed_again(line: Line) -> None:
    line.made(CASES, ref=CASE, lab_ref=LAB)
    status, problem = line.post(f"{HERE}/confirm", "supervisor", lab_ref="khác")
    assert (status, "again" in problem["detail"]) == (403, True)
    line.made(f"{HERE}/confirm", "supervisor", lab_ref=LAB)
    changed = line.made(HERE, lab_ref="XN-2", **{"from": "2026-03-01", "to": "2026-03-05"})
    assert (changed["lab_confirmed_by"], changed["from"]) == (None, "2026-02-28T17:00:00Z")


def test_without_the_vault_it_says_so_and_nothing_is_lost(line: Line) -> None:
    opened(line)
    line.vault.on = False
    status, problem = line.post(f"{HERE}/names", people=people(line)[:1], purpose="gọi")
    assert (status, "vault" in problem["detail"]) == (503, True)
    status, _ = line.post(f"{HERE}/find", kind="phone", number="0900000001", purpose="tìm")
    assert status == 503
    assert people(line)


def test_another_areas_tracer_finds_no_case_and_asks_no_question(line: Line) -> None:
    opened(line)
    with line.office.engine.execution_options(**database.WRITES).begin() as connection:
        area = connection.scalar(select(Area.id).where(Area.code == "T01"))
        connection.execute(update(Case).values(area_id=area))
    assert line.ask(CASES, "elsewhere")[1]["cases"] == []
    for path in (HERE, f"{HERE}/contacts", f"{HERE}/results"):
        assert line.ask(path, "elsewhere")[0] == 404
    assert line.post(f"{HERE}/names", "elsewhere", people=["X"], purpose="xem")[0] == 404
    trace = f"{PREFIX}/trace/contacts?visitor=P1&from=2026-03-01&to=2026-03-05"
    status, problem = line.ask(trace, "elsewhere")
    assert (status, problem["detail"].split(":")[0]) == (403, "case")
    assert line.ask(f"{trace}&case={CASE}", "elsewhere")[0] == 404
    assert line.post(CASES, "elsewhere", ref="CA-1", area="T01")[0] == 404
    line.made(CASES, "elsewhere", ref="CA-2")
    assert line.ask(f"{trace}&case=CA-2", "elsewhere")[0] == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"ref": 5}, "ref: Expected `str`, got `int`"),
        ({}, "missing required field `ref`"),
        ({"ref": "CA-1", "lab": "x"}, "lab: is not taken here; known are ref, lab_ref"),
        ({"ref": "CA:1"}, "without a colon"),
        ({"ref": "CA-1", "onset": "hôm qua"}, "expected ISO 8601"),
    ],
)
def test_a_slip_is_answered_in_words(line: Line, body: dict[str, object], said: str) -> None:
    status, problem = line.post(CASES, **body)
    assert status in (400,), problem
    assert said in problem["detail"]


def test_what_is_no_json_is_said_so(line: Line) -> None:
    headers = {"Authorization": f"Bearer {line.codes['tracer']}"}
    client = line.app.test_client()
    broken = client.post(CASES, data=b"{", headers=headers, content_type="application/json")
    assert (broken.status_code, "expected JSON" in broken.text) == (400, True)
    form = client.post(CASES, data={"ref": "CA-1"}, headers=headers)
    assert (form.status_code, "application/json" in form.text) == (415, True)


def test_a_reference_is_taken_once(line: Line) -> None:
    line.made(CASES, ref=CASE)
    assert line.post(CASES, ref=CASE)[0] == 409


def test_no_operation_answers_a_stranger_or_without_its_permission(line: Line) -> None:
    client = line.app.test_client()
    with line.office.engine.connect() as connection:
        before = connection.scalar(select(func.count()).select_from(AuditEntry))
    for op in OPERATIONS:
        path = PREFIX + re.sub(r"<(int:)?\w+>", "1", op.path)
        assert client.open(path, method=op.method).status_code == 401, op.name
        without = [who for who, (role, _) in PEOPLE.items() if op.permission not in GRANTS[role]]
        assert without, op.name
        for who in without:
            assert line.ask(path, who, method=op.method)[0] == 403, op.name
    with line.office.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(AuditEntry)) == before
    assert {op.permission for op in OPERATIONS} >= {Permission.CASES, Permission.CASES_DECIDE}
