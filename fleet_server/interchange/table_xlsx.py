"""A table as XLSX with typed cells: numbers count, times sort, and text is never worked out.

Rows go to a file as they come. openpyxl keeps the sheet in a temporary file of its own meanwhile,
so the folder for those must be as private as the table.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast
from zoneinfo import ZoneInfo

from fleet_server.interchange.cells import safe
from fleet_server.interchange.tables import Column, Kind, Row, Table, Value, minutes
from fleet_server.times import local

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS: Final = 1_048_576
"""Of a sheet, its header included; a longer table goes on in further sheets."""
ABOUT: Final = "Thông tin - About"
_FORMATS: Final[Mapping[Kind, str]] = {
    "text": "@",
    "integer": "0",
    "percent": '0.0"%"',
    "time": "yyyy-mm-dd hh:mm:ss",
    "date": "yyyy-mm-dd",
    "duration": "0",
}
_WIDTHS: Final[Mapping[Kind, float]] = {
    "text": 24,
    "integer": 10,
    "percent": 10,
    "time": 20,
    "date": 12,
    "duration": 12,
}
_FIRST_DAY: Final = dt.date(1900, 3, 1)
"""Spreadsheets count days from 1900 and take that for a leap year: before this they disagree."""
_ESCAPE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""`_x003D_` in a cell is read as `=`; its own underscore has to be written so."""


def write(
    out: IO[bytes],
    table: Table,
    rows: Iterable[Row],
    *,
    zone: ZoneInfo,
    about: Iterable[tuple[str, str]],
    sheet_rows: int = MAX_ROWS,
) -> int:
    """Write the book to `out`: the table, then a sheet with `about`. How many rows. Raises Misfit.

    `about` says what the table answers, by key and value: case, rule, as of, gaps, by whom, when.
    """
    return write_all(out, [(table, rows)], zone=zone, about=about, sheet_rows=sheet_rows)


def write_all(
    out: IO[bytes],
    tables: Iterable[tuple[Table, Iterable[Row]]],
    *,
    zone: ZoneInfo,
    about: Iterable[tuple[str, str]],
    sheet_rows: int = MAX_ROWS,
) -> int:
    """The same with several tables, each on sheets of its own. How many rows. Raises Misfit."""
    from openpyxl import Workbook  # noqa: PLC0415  slow to import, and for XLSX only

    book = Workbook(write_only=True)
    count = 0
    try:
        for table, rows in tables:
            count += _put(book, table, rows, zone, sheet_rows)
        _tell(book, about)
        book.save(out)
    finally:
        _forget(book)
    return count


def _put(
    book: "Workbook", table: Table, rows: Iterable[Row], zone: ZoneInfo, sheet_rows: int
) -> int:
    sheet = _opened(book, table, 1)
    cells = [_styled(sheet, column.kind) for column in table.columns]
    count = 0
    for row in rows:
        if count and count % (sheet_rows - 1) == 0:
            sheet.close()
            sheet = _opened(book, table, count // (sheet_rows - 1) + 1)
            cells = [_styled(sheet, column.kind) for column in table.columns]
        values = table.values(row)
        sheet.append(
            [
                _filled(cell, _typed(column, value, zone))
                for cell, column, value in zip(cells, table.columns, values, strict=True)
            ]
        )
        count += 1
    return count


def _opened(book: "Workbook", table: Table, number: int) -> "WriteOnlyWorksheet":
    """A sheet with its header, which stays in sight; all that has to stand before the rows."""
    name = table.name if number == 1 else f"{table.name} ({number})"
    sheet = _sheet(book, name, [_WIDTHS[column.kind] for column in table.columns])
    sheet.freeze_panes = "A2"
    sheet.append([_bold(sheet, header) for header in table.headers])
    return sheet


def _tell(book: "Workbook", about: Iterable[tuple[str, str]]) -> None:
    sheet = _sheet(book, ABOUT, (32, 100))
    for key, value in about:
        sheet.append([_bold(sheet, key), _filled(_styled(sheet, "text"), value)])


def _forget(book: "Workbook") -> None:
    """Remove temporary files, which saving does only when it comes to its end: they hold names."""
    for sheet in book.worksheets:
        if not getattr(sheet, "closed", True):
            cast("WriteOnlyWorksheet", sheet).close()
        writer = getattr(sheet, "_writer", None)
        if writer is not None:
            Path(writer.out).unlink(missing_ok=True)


def _sheet(book: "Workbook", name: str, widths: Sequence[float]) -> "WriteOnlyWorksheet":
    from openpyxl.utils import get_column_letter  # noqa: PLC0415  slow to import, and for XLSX only

    sheet = cast("WriteOnlyWorksheet", book.create_sheet(name))
    for at, width in enumerate(widths, 1):
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].width = width  # type: ignore[attr-defined]  # no stub
    return sheet


def _bold(sheet: "WriteOnlyWorksheet", text: str) -> "Cell | None":
    from openpyxl.styles import Font  # noqa: PLC0415  slow to import, and for XLSX only

    cell = _styled(sheet, "text")
    cell.font = Font(bold=True)
    return _filled(cell, text)


def _styled(sheet: "WriteOnlyWorksheet", kind: Kind) -> "Cell":
    """A cell that is filled anew for each row: a row is written before the next one is made."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415  slow to import, and for XLSX only

    cell = WriteOnlyCell(sheet)
    cell.number_format = _FORMATS[kind]
    return cell


def _filled(cell: "Cell", value: str | int | float | dt.date | None) -> "Cell | None":
    """The cell with its value; none for an empty one."""
    if isinstance(value, str):
        value = safe(value)
        cell.value = _ESCAPE.sub("_x005F_", value)
        # Said outright: openpyxl guesses errors such as #N/A, and formulas, from a text's looks.
        cell.data_type = "s"
    else:
        cell.value = value
    return None if value is None or value == "" else cell


def _typed(column: Column, value: Value, zone: ZoneInfo) -> str | int | float | dt.date | None:
    """What the cell holds: local times without their zone, which spreadsheets do not know."""
    if isinstance(value, dt.date):
        return value if value >= _FIRST_DAY else value.isoformat()
    if not isinstance(value, int):
        return value
    if column.kind == "time":
        moment = local(value, zone)
        return moment.replace(tzinfo=None) if moment.date() >= _FIRST_DAY else moment.isoformat()
    return minutes(value) if column.kind == "duration" else value
