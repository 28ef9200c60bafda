"""The rows of a CSV file of stays: which columns say what, and which rows cannot be stays.

Pure. References are taken exactly as they are written.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from fleet_server.errors import FleetError
from fleet_server.times import BadTime, parse
from fleet_server.tracing.rules import CAP_S

if TYPE_CHECKING:
    import _csv

MAX_VISITOR: Final = 200
MAX_VENUE: Final = 64
DELIMITERS: Final = (",", ";", "\t")
_SHOWN: Final = 40

_Pick = Callable[[Sequence[str]], tuple[str, str, str, str]]
"""Takes visitor, venue, entry and exit out of a record; IndexError where it has too few fields."""


class BadColumns(FleetError, ValueError):
    """Columns that are not there, or that nobody can make out."""


class Columns(NamedTuple):
    """What the four columns are called; `left_at` may be missing where it has this name."""

    visitor: str = "visitor"
    venue: str = "venue"
    entered_at: str = "entered_at"
    left_at: str = "left_at"

    def __str__(self) -> str:
        return ",".join(f"{field}={name}" for field, name in self._asdict().items())


class Row(NamedTuple):
    """One stay as the file has it, cut at the cap; seconds UTC."""

    visitor: str
    venue: str
    entered_at: int
    left_at: int | None
    capped: bool


class SetAside(NamedTuple):
    """A record that is no stay, by the line it begins in (the header's is 1)."""

    line: int
    reason: str


def columns(text: str) -> Columns:
    """`visitor=who,venue=place,…`, those left out by their own name; or three or four names in
    that order. Raises BadColumns.
    """
    parts = [part.strip() for part in next(csv.reader([text]), [])]
    if not any("=" in part for part in parts):
        if not len(Columns._fields) - 1 <= len(parts) <= len(Columns._fields) or "" in parts:
            raise _wrong_columns(text)
        return _distinct(Columns(*parts))
    given: dict[str, str] = {}
    for part in parts:
        field, _, name = (each.strip() for each in part.partition("="))
        if field not in Columns._fields or not name or field in given:
            raise _wrong_columns(part)
        given[field] = name
    return _distinct(Columns(**given))


def read(lines: Iterable[str], named: Columns, zone: ZoneInfo) -> Iterator[Row | SetAside]:
    """Every record below the header, in their order; blank lines are none. Raises BadColumns.

    `lines` with their ends as they are. Times without an offset are local to `zone`.
    """
    rest = iter(lines)
    first = next(rest, "")
    delimiter = _delimiter(first, named)
    reader = csv.reader(chain([first], rest), delimiter=delimiter, strict=True)
    try:
        header = next(reader)
    except csv.Error as problem:
        raise BadColumns(f"line 1: {problem}; expected a header of column names") from problem
    pick = _picked([name.strip() for name in header], named)
    return _records(reader, pick, len(header), zone)


def _records(
    reader: "_csv.Reader", pick: _Pick, width: int, zone: ZoneInfo
) -> Iterator[Row | SetAside]:
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            through = f", through line {reader.line_num}" if reader.line_num > line else ""
            yield SetAside(line, f"quotation marks are not as in CSV{through}: {problem}")
            continue
        if not fields:
            continue
        try:
            row = _row(*pick(fields), zone)
        except IndexError:
            yield SetAside(line, f"too few fields: {len(fields)}, the header has {width}")
        except _NoStay as problem:
            yield SetAside(line, str(problem))
        else:
            yield row


class _NoStay(Exception):
    """Says why."""


def _row(visitor: str, venue: str, entered: str, left: str, zone: ZoneInfo) -> Row:
    if len(visitor) > MAX_VISITOR or not visitor.isprintable() or visitor.isspace() or not visitor:
        raise _no_reference("visitor", visitor, MAX_VISITOR)
    if len(venue) > MAX_VENUE or not venue.isprintable() or venue.isspace() or not venue:
        raise _no_reference("venue", venue, MAX_VENUE)
    try:
        entered_at = parse(entered, zone)
    except BadTime as problem:
        raise _no_time("entered_at", entered, problem) from problem
    if not left or left.isspace():
        return Row(visitor, venue, entered_at, None, False)
    try:
        left_at = parse(left, zone)
    except BadTime as problem:
        raise _no_time("left_at", left, problem) from problem
    if left_at <= entered_at:
        raise _NoStay(f"left_at {left[:_SHOWN]!r} is not after entered_at {entered[:_SHOWN]!r}")
    capped = left_at - entered_at > CAP_S
    return Row(visitor, venue, entered_at, entered_at + CAP_S if capped else left_at, capped)


def _no_reference(field: str, text: str, most: int) -> _NoStay:
    if not text or text.isspace():
        return _NoStay(f"{field} is missing")
    if len(text) > most:
        return _NoStay(f"{field} has {len(text)} characters, expected up to {most}")
    return _NoStay(f"{field} {text[:_SHOWN]!r} has characters that cannot be printed")


def _no_time(field: str, text: str, problem: BadTime) -> _NoStay:
    if not text or text.isspace():
        return _NoStay(f"{field} is missing")
    return _NoStay(f"{field}: {problem}")


def _delimiter(header: str, named: Columns) -> str:
    """The one by which the header has the columns, else the most columns."""
    split = {each: _split(header, each) for each in DELIMITERS}
    for delimiter, names in split.items():
        if {*named[:3]} <= {*names}:
            return delimiter
    return max(DELIMITERS, key=lambda each: len(split[each]))


def _split(header: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _picked(header: Sequence[str], named: Columns) -> _Pick:
    """How a record below `header` is read. Raises BadColumns."""
    has = f"the file has {', '.join(header)}" if any(header) else "the file has no header"
    no_exits = named.left_at == Columns().left_at and named.left_at not in header
    needed = named[:3] if no_exits else named
    missing = [name for name in needed if name not in header]
    if missing:
        raise BadColumns(
            f"no column {', '.join(missing)}; {has}; name them, such as"
            " --columns visitor=who,venue=place,entered_at=entry,left_at=exit"
        )
    twice = [name for name in needed if header.count(name) > 1]
    if twice:
        raise BadColumns(f"two columns {', '.join(twice)}; {has}")
    if no_exits:
        three = itemgetter(*map(header.index, needed))
        return lambda fields: (*three(fields), "")
    return itemgetter(*map(header.index, named))


def _distinct(named: Columns) -> Columns:
    if len(set(named)) < len(named):
        raise BadColumns(f"--columns {named}: expected four different columns")
    return named


def _wrong_columns(text: str) -> BadColumns:
    return BadColumns(
        f"--columns {text[:80]!r}: expected such as"
        " visitor=who,venue=place,entered_at=entry,left_at=exit, or four names in this order"
    )
