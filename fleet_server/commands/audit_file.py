"""Lines of the log as a file, written while they are read."""

from collections.abc import Iterable, Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from fleet_server.interchange import table_csv
from fleet_server.interchange.tables import Column, Row, Table
from fleet_server.privacy.looks import Look
from fleet_server.times import iso

SHAPES: Final = ("csv", "json")
TABLE: Final = Table(
    "audit",
    (
        Column("line", "Dòng", "Line", "integer"),
        Column("at", "Lúc", "At", "time"),
        Column("actor", "Ai", "Who"),
        Column("action", "Làm gì", "What"),
        Column("case", "Ca", "Case"),
        Column("purpose", "Mục đích", "Purpose"),
        Column("subject", "Về", "Subject"),
        Column("about", "Vì sao có dòng này", "About"),
        Column("detail", "Chi tiết", "Detail"),
    ),
)
"""What a file of the log holds."""
_json: Final = msgspec.json.Encoder(order="sorted")


def written(looks: Iterable[Look], shape: str, zone: ZoneInfo) -> Iterator[bytes]:
    """The file piece by piece: CSV that holds no formulas, or a JSON array."""
    if shape == "csv":
        return table_csv.written(TABLE, map(_row, looks), zone=zone)
    return _array(map(_object, looks))


def _row(look: Look) -> Row:
    entry = look.entry
    return {
        "line": entry.line,
        "at": entry.at_ms // 1000,
        "actor": entry.actor,
        "action": entry.action,
        "case": entry.case_ref,
        "purpose": entry.purpose,
        "subject": entry.subject,
        "about": look.about,
        "detail": _json.encode(entry.detail).decode(),
    }


def _object(look: Look) -> dict[str, Any]:
    entry = look.entry
    return {**_row(look), "at": iso(entry.at_ms // 1000), "detail": entry.detail}


def _array(values: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    before = b"[\n"
    for value in values:
        yield before + msgspec.json.encode(value)
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"
