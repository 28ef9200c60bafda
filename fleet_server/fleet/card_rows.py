"""Whom cards are for, read from a table people keep: CSV or XLSX, headed in either language.

Everything is text: what looks like a formula is a name like any other and is never worked out.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from fleet_server.fleet.references import MAX_NAME, Unfit, check_name
from wire.records import IdentityPart

MAX_ROWS: Final = 100_000
MAX_FILE_BYTES: Final = 64 * 2**20
MAX_UNPACKED_BYTES: Final = 512 * 2**20
"""Of an XLSX, which is a ZIP archive that may claim to hold anything."""
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name", "full name", "họ tên", "họ và tên", "tên"),
    "phone": ("phone", "phone number", "điện thoại", "số điện thoại", "SĐT", "di động"),
    "commune": ("commune", "ward", "xã", "phường", "xã/phường", "phường/xã", "địa chỉ"),
    "print": ("print", "in", "in tên", "in lên thẻ", "trên thẻ"),
}
_NO: Final = frozenset({"", "0", "no", "n", "false", "khong", "k"})
_YES: Final = frozenset({"1", "yes", "y", "true", "co", "c", "x"})
_PHONE: Final = re.compile(r"\+?[0-9]{8,15}")


class Row(NamedTuple):
    """One card to issue."""

    line: int
    """As a spreadsheet counts, the header being 1."""
    identity: IdentityPart
    printed: str
    """The holder's words on the card; empty for none."""


class BadRow(NamedTuple):
    """A row no card can be issued for."""

    line: int
    problem: str


def read(path: Path) -> Iterator[Row | BadRow]:
    """The rows of `path`, in order; empty ones are left out. Raises Unfit for the file itself."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise Unfit(f"{path}: {size} bytes; expected at most {MAX_FILE_BYTES}")
        return of(str(path), path.read_bytes())
    except OSError as problem:
        raise Unfit(f"{path}: cannot be read ({problem.strerror})") from problem


def of(name: str, content: bytes) -> Iterator[Row | BadRow]:
    """As `read`, of a file's content."""
    lines = _xlsx(name, content) if name.lower().endswith(".xlsx") else _csv(name, content)
    return _rows(name, lines)


def identity(name: str, phone: str, commune: str) -> IdentityPart:
    """What is sealed to the vault of a card's holder. Raises Unfit."""
    for what, text in (("phone", phone), ("commune", commune)):
        if len(text) > MAX_NAME or not text.isprintable():
            raise Unfit(f"{what}: expected at most {MAX_NAME} characters on one line")
    digits = "".join(character for character in phone if character not in " .-()\u00a0")
    if digits and _PHONE.fullmatch(digits) is None:
        raise Unfit(
            "phone: số điện thoại có 8 đến 15 chữ số, ví dụ 0900000000 / expected 8 to 15 digits,"
            " such as 0900000000 or +84900000000"
        )
    return IdentityPart(
        name=check_name("name", name) if name else "",
        phone=digits,
        address=commune.strip(),
    )


def _rows(path: str, lines: Iterator[tuple[int, Sequence[str]]]) -> Iterator[Row | BadRow]:
    try:
        _, header = next(lines)
    except StopIteration:
        raise Unfit(f"{path}: trống / is empty; expected a header and rows") from None
    where = _columns(path, header)
    return _each(lines, where, len(header))


def _each(
    lines: Iterator[tuple[int, Sequence[str]]], where: Mapping[str, int], width: int
) -> Iterator[Row | BadRow]:
    seen: dict[IdentityPart, int] = {}
    for line, cells in lines:
        if line > MAX_ROWS + 1:
            yield BadRow(line, f"quá nhiều dòng / expected at most {MAX_ROWS} rows, rest left out")
            return
        if not any(cells):
            continue
        if any(cells[width:]):
            yield BadRow(line, "nhiều ô hơn tiêu đề / more cells than the header has columns")
            continue
        values = {name: cells[at] if at < len(cells) else "" for name, at in where.items()}
        try:
            row = _row(line, values)
        except Unfit as problem:
            yield BadRow(line, str(problem))
            continue
        first = seen.setdefault(row.identity, line)
        if first != line:
            yield BadRow(line, f"trùng dòng {first} / the same as line {first}")
        else:
            yield row


def _row(line: int, values: Mapping[str, str]) -> Row:
    name = values.get("name", "")
    if not name:
        raise Unfit("name: thiếu tên / expected a name")
    found = identity(name, values.get("phone", ""), values.get("commune", ""))
    wish = values.get("print", "")
    word = _plain(wish)
    if word in _YES:
        printed = found.name
    elif word in _NO:
        printed = ""
    else:
        printed = check_name("print", wish)
    return Row(line, found, printed)


def _columns(path: str, header: Sequence[str]) -> dict[str, int]:
    known = {_plain(word): name for name, words in COLUMNS.items() for word in words}
    where: dict[str, int] = {}
    for at, title in enumerate(header):
        if not title:
            continue
        name = known.get(_plain(title))
        if name is None:
            raise Unfit(
                f"{path}: không hiểu cột {title[:40]!r}; cần {_expected()} / column"
                f" {title[:40]!r}: expected {_expected()}"
            )
        if name in where:
            raise Unfit(
                f"{path}: cột {title[:40]!r}: có hai cột {name} / column {title[:40]!r}: there are"
                f" two for {name}"
            )
        where[name] = at
    if "name" not in where:
        raise Unfit(f"{path}: thiếu cột tên / no column for names; expected {_expected()}")
    return where


def _expected() -> str:
    return ", ".join(f"{name} ({words[-2]})" for name, words in COLUMNS.items())


def _plain(text: str) -> str:
    """Lower case without accents, blanks and punctuation."""
    text = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(character for character in text if character.isalnum())


def _csv(path: str, content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unfit(
            f"{path}: byte {problem.start} không phải UTF-8 / is not UTF-8; save it as "
            "“CSV UTF-8”, or as XLSX"
        ) from problem
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return _numbered(path, reader)


def _numbered(path: str, reader: Iterator[Sequence[str]]) -> Iterator[tuple[int, Sequence[str]]]:
    line = 0
    while True:
        line += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise Unfit(f"{path}: line {line}: {problem}") from problem
        yield line, [_text(cell) for cell in cells]


def _xlsx(path: str, content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415  only caught, never parsed with

    from openpyxl import load_workbook  # noqa: PLC0415  slow to import, and for XLSX only
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(each.file_size for each in archive.infolist())
        if size > MAX_UNPACKED_BYTES:
            raise Unfit(f"{path}: unpacks to {size} bytes; expected at most {MAX_UNPACKED_BYTES}")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            rows = sheet.iter_rows(values_only=True, max_row=MAX_ROWS + 2)
            for line, cells in enumerate(rows, 1):
                yield line, [_text(cell) for cell in cells]
        finally:
            book.close()
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        KeyError,
        IndexError,
        ValueError,
    ) as problem:
        if isinstance(problem, Unfit):
            raise
        raise Unfit(f"{path}: không đọc được / is no XLSX that can be read: {problem}") from problem


def _text(cell: object) -> str:
    """A cell as text in composed letters, without surrounding blanks."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int) and not isinstance(cell, bool) and 10**8 <= cell < 10**9:
        # Spreadsheets take a phone number for a number and drop its leading zero.
        return f"0{cell}"
    return unicodedata.normalize("NFC", str(cell)).strip()
