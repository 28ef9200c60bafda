"""A public notice: places and times, and nobody. For when so many were exposed that a list says
nothing, or when whom to call is not known.
"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import msgspec

from fleet_server.cases.milestones import CONFIRMED, KnownMilestone
from fleet_server.errors import Refused
from fleet_server.times import iso, local
from fleet_server.tracing.answers import Time

MANY_ALIKE = 20
"""From so many contacts whom nothing tells apart, a notice says more than a list."""


class PlaceAndTime(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a notice."""

    place: str
    start: Time
    end: Time


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What is published."""

    case: str
    disease: str
    places: list[PlaceAndTime]
    vi: str
    en: str


def notice(
    case: str, disease: str, milestones: Iterable[KnownMilestone], *, zone: ZoneInfo
) -> Notice:
    """Confirmed milestones as places and times, on the quarter hour around. Raises Refused.

    Several people at one place in one stretch are one line: nothing tells how many there were.
    """
    spans: dict[str, list[list[int]]] = {}
    for each in sorted(milestones, key=lambda each: each.start[0]):
        if each.state != CONFIRMED:
            continue
        start, end = each.start[0] // 900 * 900, -(-each.end[2] // 900) * 900
        there = spans.setdefault(each.place, [])
        if there and start <= there[-1][1]:
            there[-1][1] = max(there[-1][1], end)
        else:
            there.append([start, end])
    if not spans:
        raise Refused(
            f"case {case}: chưa có mốc dịch tễ nào được xác nhận / no milestone is confirmed yet;"
            " only what was confirmed is published"
        )
    lines = sorted((start, end, place) for place, there in spans.items() for start, end in there)
    listed = "\n".join(
        f"- {place}: {local(start, zone):%H:%M %d/%m/%Y} – {local(end, zone):%H:%M %d/%m/%Y}"
        for start, end, place in lines
    )
    return Notice(
        case=case,
        disease=disease,
        places=[
            PlaceAndTime(place=place, start=iso(start), end=iso(end)) for start, end, place in lines
        ],
        vi=f"THÔNG BÁO KHẨN ({disease})\nNhững ai đã đến các địa điểm sau trong thời gian nêu dưới"
        f" đây, vui lòng liên hệ ngay trạm y tế gần nhất:\n{listed}\n",
        en=f"URGENT NOTICE ({disease})\nIf you were at one of these places at the time given,"
        f" please call the nearest health station now:\n{listed}\n",
    )
