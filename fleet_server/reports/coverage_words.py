"""What the report on coverage says of itself, on paper, in tables and in mail."""

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from fleet_server.reports.coverage_lines import (
    EVERYWHERE,
    MANY_BY_ONE,
    OWN,
    AreaLine,
    Coverage,
    Point,
)
from fleet_server.reports.shares import ALL, MOST, Target
from fleet_server.times import local, parse

TARGETS: Final = {
    ALL: ("Cơ quan, trường học, doanh nghiệp", "Agencies, schools, companies"),
    MOST: ("Nơi công cộng khác", "Other public places"),
}
NOTES: Final = (
    (
        "Có quét: ít nhất một lượt trong tuần. Mất liên lạc: máy chủ không nghe được trạm.",
        "Active: at least one scan in the week. Silent: the server does not hear a kiosk.",
    ),
    (
        "Quét lặp mã: mã đã được quét tại nơi đó cùng ngày, cùng chiều (cổng hai chiều: quá hai"
        " lượt).",
        "Repeated codes: scanned there that day in that direction before (gates both ways: beyond"
        " two).",
    ),
    (
        f"Một mã nhiều lần: từ {MANY_BY_ONE} lượt một ngày, một chiều.",
        f"One code many times: {MANY_BY_ONE} scans or more in a day and direction.",
    ),
    (
        "Trạm mất mạng gửi muộn: số liệu còn tăng; đây là số liệu tại thời điểm đã ghi.",
        "Kiosks that were offline deliver late: counts still grow; these are as of the time given.",
    ),
)


def title(report: Coverage) -> tuple[str, str]:
    return (f"Báo cáo bao phủ tuần {report.week}", f"Weekly coverage report {report.week}")


def period(report: Coverage) -> tuple[str, str]:
    monday, sunday = report.monday, report.sunday
    return (
        f"Thứ Hai {monday:%d/%m/%Y} – Chủ Nhật {sunday:%d/%m/%Y};"
        f" hạn thứ Sáu {report.due:%d/%m/%Y}",
        f"Monday {monday:%Y-%m-%d} – Sunday {sunday:%Y-%m-%d}; due Friday {report.due:%Y-%m-%d}",
    )


def as_of(report: Coverage, zone: ZoneInfo) -> tuple[str, str]:
    at = local(parse(report.as_of, zone), zone)
    vi, en = f"Số liệu lúc {at:%H:%M %d/%m/%Y}", f"As of {at:%Y-%m-%d %H:%M}"
    if not report.whole:
        return f"{vi}; tuần chưa kết thúc", f"{en}; the week is not over"
    return vi, en


def named(line: AreaLine) -> tuple[str, str]:
    """An area's name; of lines that are none, what they are."""
    if line.level == EVERYWHERE:
        return "Tất cả", "All"
    if line.code is None:
        return "Chưa ghi đơn vị", "No area written down"
    if line.level == OWN:
        return f"{line.name} (trực thuộc)", f"{line.name} (directly in it)"
    return line.name, line.name


def name_of(line: AreaLine) -> str:
    """The same in both languages at once."""
    if line.level == OWN:
        return f"{line.name} (trực thuộc / directly in it)"
    vi, en = named(line)
    return vi if vi == en else f"{vi} / {en}"


def silence(report: Coverage) -> tuple[str, str]:
    """Who is silent, in one sentence."""
    figures = report.area.figures
    none = figures.registered - figures.active
    communes = len(report.communes_without)
    return (
        f"{number(figures.silent)} nơi mất liên lạc, {number(none)} nơi và {number(communes)}"
        " xã/phường không có lượt quét nào.",
        f"{figures.silent:,} places are silent; {none:,} places and {communes:,} communes had no"
        " scan at all.",
    )


def target(each: Target) -> tuple[str, str]:
    """How it stands against one target, in one sentence."""
    vi, en = TARGETS[each.percent]
    if not each.registered:
        return f"{vi}: chưa đăng ký nơi nào", f"{en}: none registered"
    shown = f"{percent(each.share)} / {each.percent} %"
    in_english = f"{each.share}% / {each.percent}%"
    if each.met:
        return f"{vi}: {shown}, đạt", f"{en}: {in_english}, met"
    return (
        f"{vi}: {shown}, thiếu {number(each.missing)} nơi",
        f"{en}: {in_english}, {each.missing:,} more needed",
    )


def about(report: Coverage, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """What a table says beside its rows."""
    yield "Báo cáo / Report", " / ".join(title(report))
    yield "Đơn vị / Area", name_of(report.area)
    yield "Thời gian / Period", " / ".join(period(report))
    yield "Thời điểm / As of", " / ".join(as_of(report, zone))
    yield "Im lặng / Silent", " / ".join(silence(report))
    for each in report.area.targets:
        yield "Chỉ tiêu / Target", " / ".join(target(each))
    for note in NOTES:
        yield "Ghi chú / Note", " / ".join(note)


def number(value: int | None) -> str:
    """As it is written in Vietnam: `1.234`; `–` where it is not known."""
    return "–" if value is None else f"{value:,}".replace(",", ".")


def percent(value: float | None) -> str:
    """`11,5 %`; `–` of nothing."""
    return "–" if value is None else f"{value:.1f} %".replace(".", ",")


def numbers(line: AreaLine | Point) -> tuple[str, ...]:
    """What a table says of an area or a week, in the order of its columns."""
    found = line.figures
    return (
        number(found.registered),
        percent(line.shares.active),
        *(percent(each.share) for each in line.targets),
        number(found.silent),
        number(found.registered - found.active),
        number(found.scans),
        number(line.people),
        percent(line.shares.repeated),
        percent(line.shares.exits),
    )
