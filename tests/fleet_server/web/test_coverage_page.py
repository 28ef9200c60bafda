"""The weekly report as offices see it."""

import io
from dataclasses import dataclass

import openpyxl
import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from fleet_server.auth.permissions import Role
from fleet_server.settings import Settings
from fleet_server.web.app import create_app
from tests.fleet_server.people import CHEAP, signed_in
from tests.fleet_server.reports.province import FRIDAY, HOUR, MONDAY, Province, province

__all__ = ["province"]


def office(province: Province) -> Flask:
    """The application on the Friday its report is due."""
    settings = Settings(home="/nowhere", database_url=str(province.engine.url), accounts=CHEAP)
    return create_app(settings, engine=province.engine, session_key=b"k" * 32, clock=lambda: FRIDAY)


@dataclass
class Offices:
    """Who may read the report."""

    province: Province

    def browser(self, role: Role, area: str | None = None) -> FlaskClient:
        return signed_in(office(self.province).test_client(), role, area)


@pytest.fixture
def offices(province: Province) -> Offices:
    province.heard("cho-mau-1", FRIDAY - 20)
    province.scan("cho-mau", province.code(), MONDAY + HOUR)
    return Offices(province)


def test_before_the_first_count_it_says_what_to_do(offices: Offices) -> None:
    client = offices.browser(Role.ADMINISTRATOR)
    assert "fleet report coverage" in client.get("/coverage").text
    assert client.get("/coverage.pdf").status_code == 404


def test_who_is_silent_stands_first(offices: Offices) -> None:
    offices.province.count()
    text = offices.browser(Role.AUDITOR).get("/coverage").text
    assert text.index("UBND Mẫu") < text.index("Chỉ tiêu")
    assert "chưa từng liên lạc" in text
    assert "2026-W01" in text


@pytest.mark.parametrize(("language", "everywhere"), [("vi", "Tất cả"), ("en", "All")])
def test_what_no_area_is_called_is_said_in_the_readers_language(
    offices: Offices, language: str, everywhere: str
) -> None:
    offices.province.count()
    text = offices.browser(Role.AUDITOR).get(f"/coverage?lang={language}").text
    assert f"<strong>{everywhere}</strong>" in text
    assert "Tất cả / All" not in text


def test_it_is_taken_along_as_pdf_and_xlsx(offices: Offices) -> None:
    offices.province.count()
    client = offices.browser(Role.FLEET_OPERATOR)
    paper = client.get("/coverage.pdf")
    assert paper.content_type == "application/pdf"
    assert "bao-phu-2026-W01.pdf" in paper.headers["Content-Disposition"]
    assert len(pypdfium2.PdfDocument(paper.data)) >= 1
    book = openpyxl.load_workbook(io.BytesIO(client.get("/coverage.xlsx").data))
    cells = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "UBND Mẫu" in cells


def test_nobody_reads_beyond_their_own_area(offices: Offices) -> None:
    offices.province.count()
    client = offices.browser(Role.TRACER, "00001")
    text = client.get("/coverage").text
    assert "Trường Mẫu" in text
    assert "UBND Mẫu" not in text
    assert client.get("/coverage?area=00002").status_code == 404
    assert client.get("/coverage.xlsx?area=00002").status_code == 404


@pytest.mark.parametrize("query", ["week=2020-W01", "week=soon", "area=99999"])
def test_what_there_is_no_report_of_is_said(offices: Offices, query: str) -> None:
    offices.province.count()
    answer = offices.browser(Role.ADMINISTRATOR).get(f"/coverage?{query}")
    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text
