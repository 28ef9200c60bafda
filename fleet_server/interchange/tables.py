"""The tables people take with them: one description for CSV and XLSX, headed in both languages."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from fleet_server.errors import FleetError

Kind: TypeAlias = Literal["text", "integer", "percent", "time", "date", "duration"]
Value: TypeAlias = str | int | float | dt.date | None
Row: TypeAlias = Mapping[str, Value]
"""Values by the columns' keys; what is missing or None is an empty cell."""


class Misfit(FleetError, ValueError):
    """A value that is not of its column's kind, or of no column. Names the table and the key."""


class Column(NamedTuple):
    """One column; `kind` says what its values are.

    `text`: str. `integer`: int. `percent`: float, 100 is all. `time`: whole seconds UTC, shown in
    local time. `date`: a date. `duration`: whole seconds, shown as whole minutes that were full,
    so that 15 means 15.
    """

    key: str
    vi: str
    en: str
    kind: Kind = "text"

    @property
    def header(self) -> str:
        """What stands above the column."""
        return f"{self.vi} / {self.en}"


class Table(NamedTuple):
    """Columns in their order; `name` is fit for a file and a sheet."""

    name: str
    columns: tuple[Column, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """The header row."""
        return tuple(column.header for column in self.columns)

    def values(self, row: Row) -> Sequence[Value]:
        """The row's values in the columns' order, each of its kind. Raises Misfit."""
        found = [_checked(self, column, row.get(column.key)) for column in self.columns]
        if not row.keys() <= {column.key for column in self.columns}:
            extra = sorted(row.keys() - {column.key for column in self.columns})
            raise Misfit(f"{self.name}: không có cột / no column {', '.join(extra)}")
        return found


def minutes(seconds: int) -> int:
    """Full minutes: an exposure of 14:59 is not one of 15."""
    return seconds // 60


def _checked(table: Table, column: Column, value: Value) -> Value:
    if value is None:
        return None
    if column.kind == "text":
        fits = isinstance(value, str)
    elif column.kind == "percent":
        fits = isinstance(value, float)
    elif column.kind == "date":
        fits = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    else:
        fits = isinstance(value, int) and not isinstance(value, bool)
    if not fits:
        raise Misfit(
            f"{table.name}.{column.key}: sai kiểu / {type(value).__name__} given, "
            f"expected {column.kind}"
        )
    return value


_TIER: Final = Column("tier", "Mức bằng chứng", "Evidence tier")
_STATE: Final = Column("state", "Trạng thái", "State")
_REF: Final = Column("ref", "Mã trong ca", "Reference within the case")
_COMMUNE: Final = Column("commune", "Xã/phường", "Commune")
_NOTES: Final = Column("notes", "Ghi chú", "Notes")
_EXPOSURE: Final = (
    Column("first", "Tiếp xúc lần đầu", "First exposure", "time"),
    Column("certain", "Chắc chắn (phút)", "Certain (min)", "duration"),
    Column("expected", "Dự kiến (phút)", "Expected (min)", "duration"),
    Column("possible", "Có thể (phút)", "Possible (min)", "duration"),
    Column("places", "Địa điểm", "Places"),
)
_REACHABLE: Final = Column("reachable", "Liên lạc được", "Reachable")

CALL_LIST: Final = Table(
    "call-list",
    (
        _REF,
        Column("name", "Họ và tên", "Name"),
        Column("phone", "Điện thoại", "Phone"),
        Column("birth", "Ngày sinh", "Birth"),
        Column("sex", "Giới tính", "Sex"),
        Column("address", "Địa chỉ", "Address"),
        _COMMUNE,
        _TIER,
        _STATE,
        _REACHABLE,
        *_EXPOSURE,
        _NOTES,
    ),
)
"""Whom to call: the only table with names, for those who may open them."""

CONTACTS: Final = Table("contacts", (_REF, _TIER, _STATE, _REACHABLE, *_EXPOSURE, _NOTES))
"""The same people under references that mean nothing outside the case.

Not even the commune: with times and places it would tell who somebody is in a small one.
"""

MILESTONES: Final = Table(
    "milestones",
    (
        Column("no", "STT", "No.", "integer"),
        Column("person", "Mã người", "Person reference"),
        Column("place", "Địa điểm", "Place"),
        Column("address", "Địa chỉ", "Address"),
        _COMMUNE,
        Column("start", "Từ", "From", "time"),
        Column("start_earliest", "Từ, sớm nhất", "From, earliest", "time"),
        Column("start_latest", "Từ, muộn nhất", "From, latest", "time"),
        Column("end", "Đến", "To", "time"),
        Column("end_earliest", "Đến, sớm nhất", "To, earliest", "time"),
        Column("end_latest", "Đến, muộn nhất", "To, latest", "time"),
        Column("source", "Nguồn (quét mã/phỏng vấn)", "Source (scans/interview)"),
        _STATE,
        _NOTES._replace(vi="Đã làm, ghi chú", en="What was done, notes"),
    ),
)
"""Mốc dịch tễ, as the handbook 5053/QĐ-BYT has them: where and when, before who."""

EXPOSURES: Final = Table(
    "exposures",
    (
        Column("contact", "Mã người tiếp xúc", "Contact reference"),
        Column("index", "Mã ca", "Index reference"),
        _TIER,
        Column("seconds", "Thời lượng (giây)", "Duration (s)", "integer"),
        Column("first", "Tiếp xúc lần đầu", "First exposure", "time"),
        Column("places", "Địa điểm", "Places"),
    ),
)
TABLES: Final = (CALL_LIST, CONTACTS, MILESTONES, EXPOSURES)
