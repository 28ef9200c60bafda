"""Files over HTTP: one ZIP, on record, with names only where they were opened for it."""

import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from fleet_server.cases.exports import KINDS, SHAPES
from fleet_server.models import AuditEntry
from tests.fleet_server.api.hall import Hall
from tests.fleet_server.cases.conftest import CASE

AT = f"/cases/{CASE}"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders for a moment are made."""
    made = tmp_path / "moment"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


def export(hall: Hall, **wanted: object) -> dict[str, bytes]:
    """The files by name."""
    answer = hall.send("tracer", "POST", f"{AT}/exports", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/zip"
    named = f"attachment; filename={CASE}-{wanted['kind']}.zip"
    assert answer.headers["Content-Disposition"] == named
    assert answer.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def approved(hall: Hall) -> int:
    """An evaluated case with all names approved; the request's number."""
    people = hall.evaluated()
    people += [each["ref"] for each in hall.get("tracer", AT)["index"]]
    about = {"persons": people, "purpose": "xuất"}
    opening = hall.post("tracer", f"{AT}/openings", about)["id"]
    hall.post("supervisor", f"{AT}/openings/{opening}/decide", {"approve": True})
    return int(opening)


def test_every_kind_comes_as_a_zip_and_is_on_record(hall: Hall, folders: Path) -> None:
    opening = approved(hall)
    sent = []
    for kind in KINDS:
        for shape in SHAPES[kind]:
            about = {"purpose": "gọi", "opening": opening}
            files = export(hall, kind=kind, format=shape, **about)
            assert files
            assert all(name.startswith(f"{CASE}-{kind}") for name in files)
            sent += [hashlib.sha256(content).hexdigest() for content in files.values()]
    with hall.office.engine.connect() as connection:
        details = connection.scalars(
            select(AuditEntry.detail)
            .where(AuditEntry.action == "case.exported")
            .order_by(AuditEntry.id)
        ).all()
    assert [json.loads(each)["sha256"] for each in details] == sent
    assert list(folders.iterdir()) == []


def test_only_the_contacts_asked_for_leave(hall: Hall) -> None:
    hall.evaluated()
    (content,) = export(hall, kind="contacts", role="F1", tier="A").values()
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    listed = hall.get("tracer", f"{AT}/contacts", role="F1", tier="A")["contacts"]
    refs = [str(row[0].value) for row in sheet.iter_rows(min_row=2)]
    assert refs == [each["ref"] for each in listed]


def test_call_lists_go_to_their_communes(hall: Hall) -> None:
    about = {"purpose": "gọi", "opening": approved(hall)}
    files = export(hall, kind="call-list", by_commune=True, **about)
    assert set(files) == {f"{CASE}-call-list-T01-0{number}.xlsx" for number in (1, 2, 3)}


def test_without_approval_no_file_leaves(hall: Hall, folders: Path) -> None:
    hall.evaluated()
    about = {"kind": "call-list", "purpose": "gọi"}
    problem = hall.post("tracer", f"{AT}/exports", about, status=403)
    assert "second person" in problem["detail"]
    assert "exported" not in {each["kind"] for each in hall.events()}
    assert list(folders.iterdir()) == []


def test_a_shape_a_kind_does_not_have_is_refused(hall: Hall) -> None:
    hall.with_seller()
    problem = hall.post(
        "tracer", f"{AT}/exports", {"kind": "contacts", "format": "json"}, status=400
    )
    assert "expected xlsx or csv" in problem["detail"]
    about = {"kind": "contacts", "by_commune": True}
    problem = hall.post("tracer", f"{AT}/exports", about, status=400)
    assert "by commune" in problem["detail"]
