"""The report on coverage as PDF and XLSX."""

import io
from pathlib import Path

import msgspec
import openpyxl
import pypdfium2
import pytest
from sqlalchemy import update

from fleet_server import database
from fleet_server.errors import FleetError
from fleet_server.fleet import lettering
from fleet_server.models import Venue
from fleet_server.reports import coverage_pdf, sending
from fleet_server.reports.coverage_lines import Coverage
from tests.fleet_server.reports.province import FRIDAY, HOUR, MONDAY, ZONE, Province, province

__all__ = ["province"]

needs_font = pytest.mark.skipif(
    not (lettering.FONTS / lettering.REGULAR).exists(), reason="fonts-dejavu-core is missing"
)
EVIL = '=HYPERLINK("http://x.example";"Chợ")'


@pytest.fixture
def report(province: Province) -> Coverage:
    """A market whose name is a formula, and a guard who scans one card."""
    with province.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Venue).where(Venue.ref == "truong-mau").values(name=EVIL))
    card = province.code()
    for number in range(30):
        province.scan("cho-mau", card, MONDAY + number * 600)
    province.scan("cho-mau", province.code(), MONDAY + HOUR)
    province.heard("cho-mau-1", FRIDAY - 20)
    province.count()
    return province.report("01")


def pages(content: bytes) -> list[str]:
    with pypdfium2.PdfDocument(content) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


@needs_font
def test_on_paper_the_silent_come_first_and_vietnamese_stays_text(report: Coverage) -> None:
    (first, *_) = found = pages(coverage_pdf.pdf(report, zone=ZONE))
    text = " ".join("\n".join(found).split())
    assert first.split("\n")[0].strip() == "Tỉnh Mẫu"
    order = ["Ai im lặng", "chưa từng liên lạc", "Phường Hai (1)", "Xã Ba", "Chỉ tiêu"]
    order += ["thiếu 2 nơi", "Số liệu trong tuần", "Một mã quét nhiều lần", "Theo tuần"]
    order += ["Theo đơn vị", "Ghi chú"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "Thứ Hai 29/12/2025 – Chủ Nhật 04/01/2026; hạn thứ Sáu 09/01/2026" in text
    for number, page in enumerate(found, 1):
        assert f"Trang / Page {number}/{len(found)}" in page


@needs_font
def test_a_long_list_goes_on_over_pages_and_ends_with_how_many_more(report: Coverage) -> None:
    many = report.silent[:1] * (coverage_pdf.MOST_PLACES + 1_000)
    found = pages(coverage_pdf.pdf(msgspec.structs.replace(report, silent=many), zone=ZONE))
    assert len(found) > 8
    assert any("1.000 nữa trong bảng XLSX" in page for page in found)
    assert all("Vì sao, từ khi nào" in page for page in found[:8])


@needs_font
def test_a_report_on_nothing_is_a_report(province: Province) -> None:
    province.count()
    (page,) = pages(coverage_pdf.pdf(province.report("00003"), zone=ZONE))
    assert "chưa đăng ký nơi nào" in page


def test_without_its_font_the_report_says_which_one(report: Coverage, tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="fonts-dejavu-core"):
        coverage_pdf.pdf(report, zone=ZONE, fonts=tmp_path)


def test_in_the_book_cells_are_typed_and_never_formulas(report: Coverage) -> None:
    book = openpyxl.load_workbook(io.BytesIO(sending.book(report, ZONE)))
    silent, communes, areas, trend, places, about = book.worksheets
    assert silent.title == "Im lặng - Silent"
    rows = {row[0].value: row for row in silent.iter_rows(min_row=2)}
    name = rows["truong-mau"][1]
    assert (name.value, name.data_type) == (f"'{EVIL}", "s")
    assert [cell.data_type for cell in rows["truong-mau"] if cell.data_type == "f"] == []
    assert [row[1].value for row in communes.iter_rows(min_row=2)] == ["Phường Hai", "Xã Ba"]
    header = [cell.value for cell in areas[1]]
    assert header[2:5] == [
        "Địa điểm đăng ký / Places registered",
        "Có quét / Active",
        "Có quét (%) / Active (%)",
    ]
    whole = [cell.value for cell in areas[2]]
    assert whole[:5] == ["01", "Tỉnh Mẫu", 3, 1, 33.3]
    assert areas[2][4].number_format == '0.0"%"'
    assert trend[2][0].value == "2026-W01"
    assert {row[0].value: row[5].value for row in places.iter_rows(min_row=2)} == {
        **{"cho-mau": 31, "truong-mau": 0, "ubnd-mau": 0},
    }
    assert about["B1"].value == "Báo cáo bao phủ tuần 2026-W01 / Weekly coverage report 2026-W01"


def test_no_person_stands_in_any_of_it(report: Coverage) -> None:
    book = openpyxl.load_workbook(io.BytesIO(sending.book(report, ZONE)))
    headers = {cell.value for sheet in book.worksheets[:-1] for cell in sheet[1]}
    assert not any("Họ" in header or "credential" in header for header in headers if header)
    assert "N***" not in str(report)
