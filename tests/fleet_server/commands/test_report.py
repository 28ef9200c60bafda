"""`fleet report coverage` by command."""

import datetime as dt
import json
from pathlib import Path

import openpyxl
import pytest

from fleet_server.fleet import lettering
from fleet_server.reports import weeks
from tests.fleet_server.homes import Home

HERE = weeks.last_whole(dt.datetime.now(dt.UTC).date())


@pytest.fixture
def town(home: Home) -> Home:
    """A commune with a market nobody scanned at."""
    home.ok("area", "create", "01", "Tỉnh Mẫu", "--level", "province")
    home.ok("area", "create", "00001", "Phường Thử", "--level", "commune", "--parent", "01")
    home.ok("venue", "create", "cho-mau", "--name", "Chợ Mẫu", "--area", "00001")
    return home


def this_week(home: Home) -> str:
    week = weeks.of(dt.datetime.now(home.settings.zone).date())
    return week.name


def test_the_week_in_progress_is_counted_each_time_and_said_not_to_be_over(town: Home) -> None:
    week = this_week(town)
    said = town.ok("report", "coverage", "--area", "01", "--week", week)
    assert "the week is not over" in said
    assert said.index("SILENT") < said.index("TARGETS")
    assert "cho-mau\tChợ Mẫu\tPhường Thử\tkhông có trạm quét" in said
    town.ok("venue", "create", "quan-mau", "--name", "Quán Mẫu", "--area", "00001")
    found = town.json("report", "coverage", "--week", week)
    assert found["area"]["figures"]["registered"] == 2
    assert [place["ref"] for place in found["silent"]] == ["cho-mau", "quan-mau"]
    assert found["area"]["shares"] == {"active": 0.0, "repeated": None, "exits": None}


def test_without_a_week_it_is_the_last_one_that_is_over_and_stays_as_counted(town: Home) -> None:
    first = town.json("report", "coverage")
    zone = town.settings.zone
    assert first["week"] == weeks.last_whole(dt.datetime.now(zone).date()).name
    assert first["whole"] is True
    again = town.json("report", "coverage")
    assert again == first
    assert town.json("report", "coverage", "--recount")["as_of"] >= first["as_of"]


@pytest.mark.skipif(
    not (lettering.FONTS / lettering.REGULAR).exists(), reason="fonts-dejavu-core is missing"
)
def test_files_are_written_in_place_of_older_ones(town: Home, tmp_path: Path) -> None:
    pdf, xlsx = tmp_path / "bao-cao.pdf", tmp_path / "bao-cao.xlsx"
    pdf.write_text("old")
    town.ok("report", "coverage", "--pdf", str(pdf), "--xlsx", str(xlsx))
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert openpyxl.load_workbook(xlsx).sheetnames[0] == "Im lặng - Silent"


def test_json_and_files_at_once_is_json_alone_on_the_terminal(town: Home, tmp_path: Path) -> None:
    out = town.ok("report", "coverage", "--json", "--xlsx", str(tmp_path / "x.xlsx"))
    assert json.loads(out)["area"]["level"] == "all"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--week", "2026-47"], "expected a week such as 2026-W48"),
        (["--week", "2090-W01"], "was not counted"),
        (["--area", "77"], "known are 00001, 01"),
        (["--xlsx", "/nowhere/x.xlsx"], "/nowhere/x.xlsx: cannot be written"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(town: Home, options: list[str], told: str) -> None:
    assert told in town.fails("report", "coverage", *options)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('smtp_host = "mail.example.vn"', "reports.from: expected an address"),
        ('to = { "01" = ["a b@example.vn"] }', "reports.to.01: expected addresses"),
        ("smtp_port = 0", "reports.smtp_port: expected a number above 0"),
        ('form = "x@example.vn"', "reports.form: no such setting; did you mean from?"),
    ],
)
def test_wrong_settings_name_their_key(town: Home, text: str, told: str) -> None:
    (town.path / "fleet.toml").write_text(f"[reports]\n{text}\n")
    assert told in town.fails("report", "coverage", status=2)
