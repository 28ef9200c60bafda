"""Evidence in words, in both languages, for programs that have no field for it."""

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from fleet_server.interchange.records import MilestoneRecord, Tier
from fleet_server.times import local

TIERS: Final[Mapping[Tier, str]] = {
    "A": "Mức A: chắc chắn / Tier A: certain",
    "B": "Mức B: có khả năng / Tier B: probable",
    "C": "Mức C: có thể / Tier C: possible",
    "": "",
}


def window(record: MilestoneRecord, zone: ZoneInfo) -> str:
    """From when to when a milestone lasted, with its bounds, and what is noted of it."""
    said = f"{_minute(record.start, zone)} → {_minute(record.end, zone)}"
    if record.approximate:
        starts = _between(record.start_earliest, record.start_latest, record.start, zone)
        ends = _between(record.end_earliest, record.end_latest, record.end, zone)
        said += f" (từ / from {starts}, đến / to {ends})"
    said += ", đã xác nhận / confirmed" if record.confirmed else ", từ quét mã / from scans"
    return f"{said}. {record.notes}" if record.notes else said


def _between(earliest: int | None, latest: int | None, at: int, zone: ZoneInfo) -> str:
    bounds = (at if bound is None else bound for bound in (earliest, latest))
    return " – ".join(_minute(bound, zone) for bound in bounds)


def _minute(at: int, zone: ZoneInfo) -> str:
    return local(at, zone).strftime("%Y-%m-%d %H:%M")
