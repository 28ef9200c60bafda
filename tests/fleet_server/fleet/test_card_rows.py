"""Tables of people as they are kept: CSV and XLSX, either language, with their mistakes."""

from pathlib import Path

import openpyxl
import pytest

from fleet_server.fleet import card_rows
from fleet_server.fleet.card_rows import BadRow, Row
from fleet_server.fleet.references import Unfit


def rows(path: Path) -> list[Row | BadRow]:
    return list(card_rows.read(path))


def table(tmp_path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = tmp_path / "khach.csv"
    path.write_bytes(text.encode(encoding))
    return path


def sheet(tmp_path: Path, *lines: list[object]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in lines:
        book.active.append(line)
    path = tmp_path / "khach.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize(
    "header",
    ["name,phone,commune,print", "Họ và tên;SĐT;Phường/Xã;In", "HỌ TÊN\tĐiện thoại\tXã\tin tên"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_headings_in_either_language_and_any_delimiter(
    tmp_path: Path, header: str, encoding: str
) -> None:
    mark = next(each for each in ",;\t" if each in header)
    line = mark.join(["Nguyễn Văn Mẫu", "0900 000-000", "Phường Thử", "có"])
    (row,) = rows(table(tmp_path, f"{header}\r\n{line}\r\n", encoding=encoding))
    assert isinstance(row, Row)
    assert (row.line, row.printed) == (2, "Nguyễn Văn Mẫu")
    assert row.identity.name == "Nguyễn Văn Mẫu"
    assert (row.identity.phone, row.identity.address) == ("0900000000", "Phường Thử")


def test_decomposed_letters_are_the_same_person(tmp_path: Path) -> None:
    composed, decomposed = rows(table(tmp_path, "tên\nMẫu\nMẫu\n"))
    assert isinstance(composed, Row)
    assert isinstance(decomposed, BadRow)
    assert "line 2" in decomposed.problem


@pytest.mark.parametrize(
    ("wish", "printed"),
    [
        ("", ""),
        ("không", ""),
        ("No", ""),
        ("0", ""),
        ("có", "Mẫu"),
        ("X", "Mẫu"),
        ("yes", "Mẫu"),
        ("Cô Mẫu, quầy 7", "Cô Mẫu, quầy 7"),
    ],
)
def test_what_is_printed_is_what_the_holder_wants(tmp_path: Path, wish: str, printed: str) -> None:
    (row,) = rows(table(tmp_path, f'name,print\nMẫu,"{wish}"\n'))
    assert isinstance(row, Row)
    assert row.printed == printed


def test_bad_rows_are_named_by_line_and_the_others_go_on(tmp_path: Path) -> None:
    long = "x" * 300
    text = f"name,phone\nMẫu,0900000000\n\n,0900000000\nHai,12a\nBa\n{long},\nBốn,0900000004,x\n"
    found = rows(table(tmp_path, text))
    assert [(each.line, isinstance(each, Row)) for each in found] == [
        (2, True),
        (4, False),
        (5, False),
        (6, True),
        (7, False),
        (8, False),
    ]
    assert [each.problem.split(":")[0] for each in found if isinstance(each, BadRow)][:3] == [
        "name",
        "phone",
        "name",
    ]


@pytest.mark.parametrize("formula", ['=HYPERLINK("http://x.example")', "=1+1", "+1", "@SUM(A1)"])
def test_what_looks_like_a_formula_is_text(tmp_path: Path, formula: str) -> None:
    (row,) = rows(sheet(tmp_path, ["name", "print"], [formula, "có"]))
    assert isinstance(row, Row)
    assert row.identity.name == row.printed == formula


def test_a_spreadsheets_numbers_are_phone_numbers_again(tmp_path: Path) -> None:
    path = sheet(
        tmp_path, ["Họ tên", "SĐT", None], ["Một", 900000000, None], ["Hai", "+84900000000", None]
    )
    assert [each.identity.phone for each in rows(path) if isinstance(each, Row)] == [
        "0900000000",
        "+84900000000",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        ("phone\n1\n", "no column for names"),
        ("name,tên\nA,B\n", "two for name"),
        ("name,CCCD\nA,1\n", "'CCCD'"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_as_a_whole(
    tmp_path: Path, content: str, says: str
) -> None:
    with pytest.raises(Unfit, match=says):
        rows(table(tmp_path, content))


def test_another_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="UTF-8"):
        rows(table(tmp_path, "name\nNguyễn\n", encoding="utf-16"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"name\nA\n"])
def test_what_is_no_workbook_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "khach.xlsx"
    path.write_bytes(content)
    with pytest.raises(Unfit, match="no XLSX"):
        rows(path)
