"""A table as CSV that spreadsheets open as it is meant: UTF-8 with a byte order mark, CRLF."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from fleet_server.interchange.cells import safe
from fleet_server.interchange.tables import Column, Row, Table, Value, minutes
from fleet_server.times import local

BOM: Final = b"\xef\xbb\xbf"
CHUNK_BYTES: Final = 64 * 2**10
"""Rows are handed on in pieces of about this size."""


def written(table: Table, rows: Iterable[Row], *, zone: ZoneInfo) -> Iterator[bytes]:
    """The file, piece by piece; times as `2026-01-05T08:30:00+07:00`. Raises Misfit."""

    def lines() -> Iterator[Sequence[str | int | float]]:
        for row in rows:
            values = table.values(row)
            yield [
                _cell(column, value, zone)
                for column, value in zip(table.columns, values, strict=True)
            ]

    return encoded((table.headers,), lines())


def encoded(
    headers: Iterable[Sequence[str]], lines: Iterable[Sequence[str | int | float]]
) -> Iterator[bytes]:
    """Header rows, then lines; every text, headers too, is made safe here and nowhere else."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    yield BOM
    for header in headers:
        writer.writerow([safe(text) for text in header])
    for line in lines:
        writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in line])
        if out.tell() >= CHUNK_BYTES:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _cell(column: Column, value: Value, zone: ZoneInfo) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str | float):
        return value
    if column.kind == "time":
        return local(value, zone).isoformat()
    return minutes(value) if column.kind == "duration" else value
