"""A list of administrative units as CSV, read row by row. Pure.

Columns by name, in any order: code, level, name; further name_en, parent, and replaces, the codes
of units that merged into this one, with spaces between. Others, such as lat and lon, are passed by.
"""

import csv
import io
from collections.abc import Iterable
from typing import Final, NamedTuple

from fleet_server.errors import FleetError
from fleet_server.fleet.references import Unfit, check_name

LEVELS: Final = ("province", "district", "commune")
"""From the top down. Districts ended in July 2025; older plans and records still name them."""
NEEDED: Final = ("code", "level", "name")
MOST: Final = 100_000
"""Units in one list; a longer file is not one of units."""
MAX_CODE: Final = 16
_SHOWN: Final = 20


class Unit(NamedTuple):
    """One row, checked by itself."""

    line: int
    code: str
    level: str
    name: str
    name_en: str = ""
    parent: str = ""
    replaces: tuple[str, ...] = ()


class Wrong(NamedTuple):
    """What is wrong in one line; line 0: in what is in force beside the file."""

    line: int
    words: str


class BadUnits(FleetError, ValueError):
    """A list that is not taken; says by line what was wrong. Nothing was written."""

    def __init__(self, wrong: Iterable[Wrong]) -> None:
        self.wrong = sorted(wrong)
        lines = [
            f"  dòng / line {line}: {words}" if line else f"  {words}"
            for line, words in self.wrong[:_SHOWN]
        ]
        if len(self.wrong) > _SHOWN:
            lines.append(f"  … và / and {len(self.wrong) - _SHOWN} more")
        count = len(self.wrong)
        super().__init__(f"{count} chỗ sai / wrong, nothing was written:\n" + "\n".join(lines))


def is_code(code: str) -> bool:
    """Whether it can be an area's: 1 to 16 of 0-9, A-Z, a-z and hyphens."""
    return 0 < len(code) <= MAX_CODE and code.isascii() and code.replace("-", "0").isalnum()


def of(content: bytes) -> dict[str, Unit]:
    """As `read`, of a file's content in UTF-8. Raises BadUnits."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        words = (
            f"không phải UTF-8 / not UTF-8 text (byte {problem.start + 1}); save it as CSV UTF-8"
        )
        raise BadUnits([Wrong(0, words)]) from problem
    return read(io.StringIO(text, newline=""))


def read(lines: Iterable[str]) -> dict[str, Unit]:
    """The units by code, in the file's order. Raises BadUnits with all that is wrong."""
    rows = csv.reader(lines, strict=True)
    units: dict[str, Unit] = {}
    wrong: list[Wrong] = []
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        missing = [name for name in NEEDED if name not in header]
        if missing:
            raise BadUnits(
                [Wrong(1, f"thiếu cột / no column {', '.join(missing)}; expected a header row")]
            )
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(units) + len(wrong) >= MOST:
                wrong.append(Wrong(rows.line_num, f"more than {MOST} units"))
                break
            try:
                unit = _unit(rows.line_num, header, row)
            except Unfit as problem:
                wrong.append(Wrong(rows.line_num, str(problem)))
                continue
            first = units.setdefault(unit.code, unit)
            if first is not unit:
                words = f"code {unit.code}: stands in line {first.line} already"
                wrong.append(Wrong(unit.line, words))
    except csv.Error as problem:
        wrong.append(Wrong(rows.line_num, f"not CSV ({problem})"))
    if wrong:
        raise BadUnits(wrong)
    if not units:
        raise BadUnits([Wrong(1, "không có đơn vị nào / no unit in it")])
    return units


def _unit(line: int, header: list[str], row: list[str]) -> Unit:
    if len(row) != len(header):
        raise Unfit(f"{len(row)} cells; expected {len(header)}, as in the header")
    given = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    codes = (given["code"], *given.get("replaces", "").split())
    for code in (*codes, *filter(None, [given.get("parent", "")])):
        if not is_code(code):
            raise Unfit(f"code {code[:40]!r}: expected 1 to {MAX_CODE} digits, such as 00004")
    if given["level"] not in LEVELS:
        raise Unfit(f"level {given['level'][:40]!r}: expected one of {', '.join(LEVELS)}")
    name_en = given.get("name_en", "")
    return Unit(
        line=line,
        code=given["code"],
        level=given["level"],
        name=check_name("name", given["name"]),
        name_en=check_name("name_en", name_en) if name_en else "",
        parent=given.get("parent", ""),
        replaces=tuple(dict.fromkeys(codes[1:])),
    )
