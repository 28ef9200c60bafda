"""How the report on coverage is shown in a terminal."""

from typing import Final
from zoneinfo import ZoneInfo

import click

from fleet_server.commands import shared
from fleet_server.interchange.cells import plain
from fleet_server.reports import coverage_words as words
from fleet_server.reports.coverage_lines import Coverage
from fleet_server.reports.coverage_words import number, numbers

SHOWN: Final = 40
"""Places and communes; files and JSON have all."""
_COLUMNS: Final = (
    *("PLACES", "ACTIVE", "OF 100 %", "OF 70 %", "SILENT", "NO SCAN", "SCANS", "PEOPLE"),
    *("REPEATED", "EXITS"),
)


def show(report: Coverage, zone: ZoneInfo) -> None:
    """The report, the silent ones first."""
    for vi, en in (words.title(report), words.period(report), words.as_of(report, zone)):
        click.echo(f"{vi} / {en}")
    click.echo(plain(words.name_of(report.area)))
    _heading("IM LẶNG / SILENT")
    click.echo(" / ".join(words.silence(report)))
    shared.print_rows(
        ("PLACE", "NAME", "COMMUNE", "WHY"),
        [
            (place.ref, plain(place.name), plain(place.area_name), f"{place.vi} / {place.en}")
            for place in report.silent[:SHOWN]
        ],
        empty="Không có / None",
    )
    _more(len(report.silent))
    if report.communes_without:
        _heading("XÃ, PHƯỜNG KHÔNG CÓ LƯỢT QUÉT / COMMUNES WITHOUT A SCAN")
        names = [f"{each.name} ({each.registered})" for each in report.communes_without[:SHOWN]]
        click.echo(plain("; ".join(names)))
        _more(len(report.communes_without))
    _heading("CHỈ TIÊU / TARGETS")
    for each in report.area.targets:
        click.echo(" / ".join(words.target(each)))
    _heading("ĐƠN VỊ / AREAS")
    lines = [report.area, *report.areas]
    shared.print_rows(
        ("AREA", *_COLUMNS),
        [(plain(words.name_of(line)), *numbers(line)) for line in lines],
        empty="",
    )
    if report.repeaters:
        _heading("MỘT MÃ QUÉT NHIỀU LẦN / ONE CODE MANY TIMES")
        shared.print_rows(
            ("PLACE", "NAME", "MOST A DAY", "SCANS"),
            [
                (place.ref, plain(place.name), number(place.most_by_one), number(place.scans))
                for place in report.repeaters[:SHOWN]
            ],
            empty="",
        )
        _more(len(report.repeaters))
    _heading("THEO TUẦN / WEEK BY WEEK")
    shared.print_rows(
        ("WEEK", *_COLUMNS),
        [(point.week + ("" if point.whole else " *"), *numbers(point)) for point in report.trend],
        empty="",
    )


def _heading(text: str) -> None:
    click.echo()
    click.echo(text)


def _more(count: int) -> None:
    if count > SHOWN:
        more = count - SHOWN
        click.echo(f"… {number(more)} nữa / more: --xlsx FILE, --pdf FILE, --json")
