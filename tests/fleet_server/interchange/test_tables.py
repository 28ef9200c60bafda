"""Tables for people: CSV and XLSX of the same rows."""

import csv
import datetime as dt
import io
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_server.interchange import table_csv, table_xlsx
from fleet_server.interchange.tables import (
    CALL_LIST,
    CONTACTS,
    EXPOSURES,
    MILESTONES,
    TABLES,
    Column,
    Misfit,
    Row,
    Table,
)
from tests.fleet_server.interchange import hostile

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
AT = 1_767_576_600  # 2026-01-05 08:30 in Vietnam
ROW: Row = {
    "ref": "p-1",
    "name": "Nguyễn Văn Thử",
    "phone": "+84900000000",
    "first": AT,
    "certain": 899,
    "expected": 900,
    "possible": 7_199,
    "places": "Chợ Thử",
}
EVERY = Table(
    "every",
    (
        Column("text", "Chữ", "Text"),
        Column("integer", "Số", "Number", "integer"),
        Column("time", "Giờ", "Time", "time"),
        Column("date", "Ngày", "Date", "date"),
        Column("duration", "Phút", "Minutes", "duration"),
    ),
)


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def as_csv(table: Table, *rows: Row) -> list[list[str]]:
    return read_csv(b"".join(table_csv.written(table, rows, zone=ZONE)))


def as_xlsx(table: Table, *rows: Row, sheet_rows: int = 100) -> openpyxl.Workbook:
    out = io.BytesIO()
    table_xlsx.write(
        out,
        table,
        rows,
        zone=ZONE,
        about=[("Ca / Case", "c-1"), ("Lỗ hổng / Gaps", "=1+1")],
        sheet_rows=sheet_rows,
    )
    out.seek(0)
    return openpyxl.load_workbook(out)


def check_xlsx(book: openpyxl.Workbook) -> None:
    """Every cell is text or a number, and no text a formula."""
    for sheet in book.worksheets:
        for cell in (cell for line in sheet.iter_rows() for cell in line):
            assert cell.data_type in {"s", "n"}
            assert not (isinstance(cell.value, str) and hostile.dangerous(cell.value))


def test_headers_are_in_both_languages() -> None:
    for table in TABLES:
        for column in table.columns:
            assert column.vi
            assert column.en
        assert len(set(table.headers)) == len({column.key for column in table.columns})
    assert CALL_LIST.headers[1] == "Họ và tên / Name"


def test_only_the_call_list_tells_who_somebody_is() -> None:
    telling = {"name", "phone", "birth", "sex", "address"}
    for table in (CONTACTS, EXPOSURES):
        assert not telling & {column.key for column in table.columns}
    assert not {"name", "phone", "birth", "sex"} & {column.key for column in MILESTONES.columns}
    assert telling < {column.key for column in CALL_LIST.columns}


def test_csv_has_a_mark_for_excel_and_its_line_ends() -> None:
    content = b"".join(table_csv.written(CALL_LIST, [ROW], zone=ZONE))
    assert content.startswith(b"\xef\xbb\xbfM\xc3\xa3 trong ca / Reference within the case,")
    assert content.count(b"\r\n") == 2
    assert content.endswith(b"\r\n")


def test_csv_shows_local_times_and_full_minutes() -> None:
    _, row = as_csv(CALL_LIST, ROW)
    cells = dict(zip([column.key for column in CALL_LIST.columns], row, strict=True))
    assert cells["first"] == "2026-01-05T08:30:00+07:00"
    assert (cells["certain"], cells["expected"], cells["possible"]) == ("14", "15", "119")
    assert cells["phone"] == "'+84900000000"
    assert cells["notes"] == ""


def test_xlsx_cells_have_their_types() -> None:
    book = as_xlsx(
        EVERY,
        {
            "text": "=1+1",
            "integer": -5,
            "time": AT,
            "date": dt.date(1990, 2, 3),
            "duration": 3_700,
        },
    )
    sheet = book["every"]
    text, integer, time, date, duration = sheet[2]
    assert (text.data_type, text.value) == ("s", "'=1+1")
    assert (integer.data_type, integer.value) == ("n", -5)
    assert (time.data_type, time.value) == ("d", dt.datetime(2026, 1, 5, 8, 30))  # noqa: DTZ001
    assert (date.data_type, date.value) == ("d", dt.datetime(1990, 2, 3))  # noqa: DTZ001
    assert (duration.data_type, duration.value) == ("n", 61)
    assert text.number_format == "@"
    assert (time.number_format, date.number_format) == ("yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd")


def test_xlsx_keeps_its_header_in_sight() -> None:
    sheet = as_xlsx(CALL_LIST, ROW)["call-list"]
    assert sheet.freeze_panes == "A2"
    assert all(cell.font.bold for cell in sheet[1])
    assert not sheet["A2"].font.bold
    assert sheet.column_dimensions["B"].width >= 20


def test_xlsx_says_what_it_answers() -> None:
    book = as_xlsx(CALL_LIST, ROW)
    assert book.sheetnames == ["call-list", table_xlsx.ABOUT]
    assert [[cell.value for cell in row] for row in book[table_xlsx.ABOUT]] == [
        ["Ca / Case", "c-1"],
        ["Lỗ hổng / Gaps", "'=1+1"],
    ]


def test_xlsx_goes_on_in_further_sheets() -> None:
    book = as_xlsx(EXPOSURES, *({"contact": f"p-{at}"} for at in range(7)), sheet_rows=4)
    assert book.sheetnames[:3] == ["exposures", "exposures (2)", "exposures (3)"]
    refs = [cell.value for sheet in book.worksheets[:3] for cell in sheet["A"][1:]]
    assert refs == [f"p-{at}" for at in range(7)]
    assert book["exposures (3)"].freeze_panes == "A2"


def test_xlsx_writes_days_spreadsheets_cannot_count_as_text() -> None:
    book = as_xlsx(EVERY, {"date": dt.date(1899, 12, 31), "time": -2_500_000_000})
    assert book["every"]["D2"].value == "1899-12-31"
    assert book["every"]["C2"].data_type == "s"


@pytest.mark.parametrize("name", hostile.NAMES)
def test_a_hostile_name_is_text_in_both(name: str) -> None:
    row: Row = {"ref": "p-1", "name": name, "places": f"Chợ Thử; {name}"}
    assert not any(hostile.dangerous(cell) for line in as_csv(CALL_LIST, row) for cell in line)
    check_xlsx(as_xlsx(CALL_LIST, row))


def test_xlsx_does_not_let_an_escape_become_a_formula() -> None:
    assert as_xlsx(EVERY, {"text": "_x003D_1+1"})["every"]["A2"].value == "_x005F_x003D_1+1"


@pytest.mark.slow
@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_no_cell_of_a_table_is_a_formula(texts: list[str]) -> None:
    rows: list[Row] = [{"name": text, "notes": f"{text};{text}"} for text in texts]
    lines = as_csv(CALL_LIST, *rows)
    assert len(lines) == len(rows) + 1
    assert not any(hostile.dangerous(cell) for line in lines for cell in line)
    check_xlsx(as_xlsx(CALL_LIST, *rows))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": 1}, "every.text: sai kiểu / int given, expected text"),
        ({"integer": "1"}, "every.integer: sai kiểu / str given, expected integer"),
        ({"time": True}, "every.time: sai kiểu / bool given, expected time"),
        ({"date": AT}, "every.date: sai kiểu / int given, expected date"),
        ({"surname": "Thử"}, "every: không có cột / no column surname"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(row: Row, said: str) -> None:
    with pytest.raises(Misfit) as raised:
        as_csv(EVERY, row)
    assert str(raised.value) == said


def test_a_table_of_no_rows_is_a_header() -> None:
    assert as_csv(CONTACTS) == [list(CONTACTS.headers)]
    assert as_xlsx(CONTACTS)["contacts"].max_row == 1


class Torn(io.BytesIO):
    """A file that takes no more."""

    def write(self, content: object, /) -> int:
        raise OSError(28, "no space left")


@pytest.mark.parametrize("bad", [False, True])
@pytest.mark.filterwarnings("ignore:Exception ignored in. <function ZipFile")
def test_xlsx_leaves_no_names_behind_when_it_fails(
    bad: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows: list[Row] = [{"name": "Nguyễn Văn Thử"}, {"name": 1}] if bad else [ROW]
    with pytest.raises((Misfit, OSError)):
        table_xlsx.write(Torn(), CALL_LIST, rows, zone=ZONE, about=[])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("many", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_csv_of_many_rows_takes_little_memory(many: int) -> None:
    def rows() -> Iterator[Row]:
        for at in range(many):
            yield {"contact": f"p-{at}", "index": "p-0", "seconds": at, "first": AT + at}

    size = 0
    tracemalloc.start()
    try:
        for piece in table_csv.written(EXPOSURES, rows(), zone=ZONE):
            size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 40 * many
    assert peak < 1_000_000, "as much for many rows as for few"
