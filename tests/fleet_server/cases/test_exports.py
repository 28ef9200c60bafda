"""What leaves a case: on record, private, without names unless they were opened for it."""

import csv
import json
import re
import stat
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from fleet_server.cases import exports
from fleet_server.cases.acting import BadWords
from fleet_server.cases.contact_list import Filter
from fleet_server.cases.exports import KINDS, SHAPES, Wanted
from fleet_server.errors import Refused
from fleet_server.identity.vault_messages import NotPermitted
from fleet_server.models import AuditEntry, Pseudonym
from tests.fleet_server.cases.conftest import CASE, SUPERVISOR, Office


@pytest.fixture
def approved(office: Office) -> int:
    """An evaluated case with all names approved; the request's number."""
    office.with_seller()
    office.desk().evaluate(CASE)
    return all_approved(office)


def all_approved(office: Office) -> int:
    """A request for the names of everybody in the case, approved; its number."""
    desk = office.desk()
    people = [each.ref for each in (*desk.show(CASE).index, *desk.contacts(CASE))]
    opening = desk.ask_names(CASE, people, "xuất")
    office.desk(SUPERVISOR).decide_opening(CASE, opening, approve=True)
    return opening


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("kind", "shape"), [(kind, shape) for kind in KINDS for shape in SHAPES[kind]]
)
def test_every_kind_is_written_privately_and_on_record(
    office: Office, approved: int, kind: str, shape: str, out: Path
) -> None:
    wanted = Wanted(kind, shape, purpose="gọi", opening=approved)
    written = exports.export(office.desk(), CASE, wanted, out)
    assert written
    assert all(stat.S_IMODE(each.path.stat().st_mode) == 0o600 for each in written)
    assert sorted(out.iterdir()) == sorted(each.path for each in written)
    with office.engine.connect() as connection:
        details = connection.scalars(
            select(AuditEntry.detail).where(AuditEntry.action == "case.exported")
        ).all()
        numbers = connection.scalars(select(Pseudonym.person_id)).all()
    assert [json.loads(each)["sha256"] for each in details] == [each.sha256 for each in written]
    if shape != "xlsx":
        text = "".join(each.path.read_text("utf-8-sig") for each in written)
        for number in numbers:
            assert not re.search(rf"(?<![A-Z0-9])P{number}\b", text)


def test_a_list_of_contacts_names_nobody(office: Office, approved: int, out: Path) -> None:
    exports.export(office.desk(), CASE, Wanted("contacts", "csv"), out)
    (file,) = out.iterdir()
    rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    assert len(rows) == 1 + len(office.desk().contacts(CASE))
    assert "Nguyễn" not in file.read_text("utf-8")
    assert "0900" not in file.read_text("utf-8")


def test_call_lists_go_to_their_communes(office: Office, approved: int, out: Path) -> None:
    wanted = Wanted("call-list", by_commune=True, purpose="gọi", opening=approved)
    written = exports.export(office.desk(), CASE, wanted, out)
    assert {each.path.name for each in written} == {
        f"{CASE}-call-list-T01-0{number}.xlsx" for number in (1, 2, 3)
    }
    book = openpyxl.load_workbook(written[1].path)
    sheet, about = book.worksheets
    communes = {row[6].value for row in sheet.iter_rows(min_row=2)}
    assert communes == {"Xã Thử"}
    told = {row[0].value: row[1].value for row in about.iter_rows()}
    assert told["Ca / Case"] == CASE
    assert "cho-hai-ra" in told["Khoảng trống / gap"]


def test_names_are_opened_within_the_limit_or_nothing_is_written(
    office: Office, approved: int, out: Path
) -> None:
    with pytest.raises(NotPermitted, match="second person"):
        exports.export(office.desk(), CASE, Wanted("call-list", purpose="gọi"), out)
    assert list(out.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over(office: Office, approved: int, out: Path) -> None:
    exports.export(office.desk(), CASE, Wanted("contacts", "csv"), out)
    with pytest.raises(Refused, match="is there already"):
        exports.export(office.desk(), CASE, Wanted("contacts", "csv"), out)
    assert len(list(out.iterdir())) == 1


def test_only_the_contacts_asked_for_leave(office: Office, approved: int, out: Path) -> None:
    wanted = Wanted("exposures", "csv", Filter(role="F1", tier="A"))
    (made,) = exports.export(office.desk(), CASE, wanted, out)
    rows = list(csv.reader(made.path.read_text("utf-8-sig").splitlines()))[1:]
    assert {row[2] for row in rows} == {"A"}
    assert made.rows == len(rows) > 0


def test_a_shape_a_kind_does_not_have_is_refused(office: Office, out: Path) -> None:
    office.with_seller()
    with pytest.raises(BadWords, match="expected json or csv"):
        exports.export(office.desk(), CASE, Wanted("godata", "xlsx", purpose="x"), out)
    with pytest.raises(BadWords, match="by commune"):
        exports.export(office.desk(), CASE, Wanted("contacts", by_commune=True), out)


def test_what_was_noted_of_two_cards_leaves_with_the_one_person(
    office: Office, approved: int, out: Path
) -> None:
    desk = office.desk()
    first, second = desk.evaluate(CASE)[1].contacts[:2]
    desk.say(CASE, "gọi lần một", person=first.ref)
    desk.say(CASE, "gọi lần hai", person=second.ref)
    desk.link(CASE, first.visitor, second.visitor, "hai thẻ một người")
    (made,) = exports.export(desk, CASE, Wanted("contacts", "csv"), out)
    assert "gọi lần một; gọi lần hai" in made.path.read_text("utf-8-sig")


@pytest.mark.parametrize("since", ["linked", "removed", "promoted"])
def test_godata_is_given_whom_its_relationships_name(office: Office, since: str, out: Path) -> None:
    """Whatever was done since the last evaluation."""
    desk, cards = office.opened(), []
    for kind, number in (("insurance", "DN4010179000001"), ("phone", "0900000001")):
        cards += desk.find(CASE, kind, number, "tìm F0")
        desk.add_index(CASE, cards[-1], "dương tính")
    desk.evaluate(CASE)
    if since == "linked":
        desk.link(CASE, *cards, "cùng một người")
    elif since == "removed":
        desk.remove_index(CASE, desk.show(CASE).index[1].ref, "nhầm người")
    else:
        desk.decide(CASE, desk.contacts(CASE, Filter(role="F2"))[0].ref, "promoted")
    wanted = Wanted("godata", purpose="xuất", opening=all_approved(office))
    given, named = set(), set()
    for each in exports.export(office.desk(), CASE, wanted, out):
        for record in json.loads(each.path.read_text()):
            if "persons" in record:
                named |= {(person["id"], person["type"]) for person in record["persons"]}
            else:
                given.add((record["id"], record["type"]))
    assert named
    assert named <= given
