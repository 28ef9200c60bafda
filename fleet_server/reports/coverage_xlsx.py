"""The weekly report on coverage as XLSX: a sheet for each question, the silent ones first."""

from collections.abc import Iterable, Iterator
from typing import IO, Final
from zoneinfo import ZoneInfo

from fleet_server.interchange import table_xlsx
from fleet_server.interchange.tables import Column, Row, Table
from fleet_server.reports.coverage_lines import AreaLine, Coverage, Place, Point
from fleet_server.reports.coverage_words import about, name_of

_FIGURES: Final = (
    Column("registered", "Địa điểm đăng ký", "Places registered", "integer"),
    Column("active", "Có quét", "Active", "integer"),
    Column("active_pct", "Có quét (%)", "Active (%)", "percent"),
    Column("all_pct", "Cơ quan, trường, doanh nghiệp (%)", "Agencies, schools (%)", "percent"),
    Column("most_pct", "Nơi công cộng khác (%)", "Other public places (%)", "percent"),
    Column("silent", "Mất liên lạc", "Silent", "integer"),
    Column("none", "Không lượt quét", "No scans", "integer"),
    Column("scans", "Lượt quét", "Scans", "integer"),
    Column("people", "Số người", "Distinct people", "integer"),
    Column("repeated_pct", "Quét lặp mã (%)", "Repeated codes (%)", "percent"),
    Column("exits_pct", "Có giờ ra (%)", "Measured exits (%)", "percent"),
)
_PLACE: Final = (
    Column("ref", "Mã địa điểm", "Reference"),
    Column("name", "Địa điểm", "Place"),
    Column("type", "Loại", "Type"),
    Column("area", "Mã xã", "Area code"),
    Column("area_name", "Xã/phường", "Commune"),
)
SILENT: Final = Table(
    "Im lặng - Silent",
    (
        *_PLACE,
        Column("vi", "Vì sao", "Why (Vietnamese)"),
        Column("en", "Vì sao (tiếng Anh)", "Why"),
        Column("last_day", "Lượt quét cuối", "Last scan", "date"),
        Column("scans", "Lượt quét tuần này", "Scans this week", "integer"),
    ),
)
COMMUNES: Final = Table(
    "Xã không quét - No scans",
    (
        Column("code", "Mã", "Code"),
        Column("name", "Xã/phường", "Commune"),
        Column("within", "Thuộc", "Within"),
        Column("registered", "Địa điểm đăng ký", "Places registered", "integer"),
    ),
)
AREAS: Final = Table(
    "Đơn vị - Areas",
    (Column("code", "Mã", "Code"), Column("name", "Đơn vị", "Area"), *_FIGURES),
)
TREND: Final = Table(
    "Theo tuần - By week",
    (
        Column("week", "Tuần", "Week"),
        Column("monday", "Từ", "From", "date"),
        Column("sunday", "Đến", "To", "date"),
        *_FIGURES,
    ),
)
PLACES: Final = Table(
    "Địa điểm - Places",
    (
        *_PLACE,
        Column("scans", "Lượt quét", "Scans", "integer"),
        Column("people", "Số người", "Distinct people", "integer"),
        Column("repeated", "Lượt lặp mã", "Repeated codes", "integer"),
        Column("most_by_one", "Nhiều nhất một mã/ngày", "Most by one code a day", "integer"),
        Column("stays", "Lượt vào", "Stays", "integer"),
        Column("exits", "Có giờ ra", "Measured exits", "integer"),
    ),
)


def write(out: IO[bytes], report: Coverage, *, zone: ZoneInfo) -> None:
    """Writes the book to `out`."""
    table_xlsx.write_all(
        out,
        [
            (SILENT, map(_silent, report.silent)),
            (
                COMMUNES,
                (
                    {
                        **{"code": each.code, "name": each.name, "within": each.within},
                        "registered": each.registered,
                    }
                    for each in report.communes_without
                ),
            ),
            (AREAS, map(_area, [report.area, *report.areas])),
            (TREND, map(_point, report.trend)),
            (PLACES, _places(report.places)),
        ],
        zone=zone,
        about=about(report, zone),
    )


def _silent(place: Place) -> Row:
    return {
        **_named(place),
        **{"vi": place.vi, "en": place.en, "last_day": place.last_day, "scans": place.scans},
    }


def _places(places: Iterable[Place]) -> Iterator[Row]:
    for place in places:
        yield {
            **_named(place),
            **{"scans": place.scans, "people": place.people, "repeated": place.repeated},
            **{"most_by_one": place.most_by_one, "stays": place.stays, "exits": place.exits},
        }


def _named(place: Place) -> Row:
    return {
        **{"ref": place.ref, "name": place.name, "type": place.type},
        **{"area": place.area, "area_name": place.area_name},
    }


def _area(line: AreaLine) -> Row:
    return {
        **{"code": line.code, "name": name_of(line)},
        **_numbers(line),
    }


def _point(point: Point) -> Row:
    return {
        **{"week": point.week, "monday": point.monday, "sunday": point.sunday},
        **_numbers(point),
    }


def _numbers(line: AreaLine | Point) -> Row:
    figures, (all_, most) = line.figures, line.targets
    return {
        "registered": figures.registered,
        "active": figures.active,
        "active_pct": line.shares.active,
        "all_pct": all_.share,
        "most_pct": most.share,
        "silent": figures.silent,
        "none": figures.registered - figures.active,
        "scans": figures.scans,
        "people": line.people,
        "repeated_pct": line.shares.repeated,
        "exits_pct": line.shares.exits,
    }
