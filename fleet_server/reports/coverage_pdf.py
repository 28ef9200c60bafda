"""The weekly report on coverage on paper: A4, the silent ones first, Vietnamese before English."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, TextEmphasis

from fleet_server.fleet.lettering import FONTS, embed
from fleet_server.interchange.cells import plain
from fleet_server.reports import coverage_words as words
from fleet_server.reports.coverage_lines import AreaLine, Coverage, Place, Point
from fleet_server.reports.coverage_words import number, numbers, percent
from fleet_server.reports.shares import Target, share

MOST_PLACES: Final = 300
"""Silent places on paper; the table has all of them."""
MOST_COMMUNES: Final = 400
_FAMILY: Final = "report"
_MARGIN: Final = 15.0
_Ink = tuple[int, int, int]
_INK: Final = (28, 32, 38)
_GREY: Final = (100, 106, 114)
_LINE: Final = (205, 209, 214)
_SHADE: Final = (240, 242, 244)
_ALARM: Final = (164, 38, 28)
_GOOD: Final = (24, 106, 66)
_BAR: Final = (38, 84, 140)


def pdf(report: Coverage, *, zone: ZoneInfo, fonts: Path = FONTS) -> bytes:
    """The report as a PDF. Raises Unfit where the font is missing."""
    paper = _Paper(" · ".join((words.name_of(report.area), words.title(report)[0])))
    embed(paper, _FAMILY, fonts)
    paper.add_page()
    _head(paper, report, zone)
    _silent(paper, report)
    _communes(paper, report)
    _targets(paper, report.area.targets)
    _figures(paper, report)
    if report.repeaters:
        _repeaters(paper, report.repeaters)
    _trend(paper, report.trend)
    # Communes without a place stand above by name.
    if lines := [line for line in report.areas if line.figures.registered]:
        _areas(paper, lines)
    _notes(paper)
    return bytes(paper.output())


class _Paper(FPDF):
    """A4 with a foot on each page."""

    def __init__(self, foot: str) -> None:
        super().__init__(unit="mm", format="A4")
        self.foot = plain(foot)
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(True, 18)
        self.set_title(self.foot)
        self.set_lang("vi")

    def footer(self) -> None:
        self.set_y(-13)
        self.say(f"{self.foot} · Trang / Page {self.page_no()}/{{nb}}", 7, _GREY, align="C")

    def say(
        self,
        text: str,
        points: float,
        ink: _Ink = _INK,
        *,
        bold: bool = False,
        align: str = "L",
    ) -> None:
        """A paragraph over the whole width."""
        self.set_font(_FAMILY, "B" if bold else "", points)
        self.set_text_color(*ink)
        self.multi_cell(0, points * 0.48, text, align=align, new_x="LMARGIN", new_y="NEXT")

    def pair(self, vi: str, en: str, *, points: float = 9, ink: _Ink = _INK) -> None:
        """Vietnamese, and English below it."""
        self.say(vi, points, ink)
        self.say(en, points - 1.5, _GREY)

    def heading(self, vi: str, en: str, ink: _Ink = _INK) -> None:
        """A heading that stays with what follows."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(4)
        self.set_font(_FAMILY, "B", 11.5)
        self.set_text_color(*ink)
        self.cell(self.get_string_width(vi) + 2.5, 6, vi)
        self.set_font(_FAMILY, "", 8.5)
        self.set_text_color(*_GREY)
        self.cell(0, 6.6, en, new_x="LMARGIN", new_y="NEXT")
        self.ln(0.8)

    def rows(
        self,
        headings: Sequence[tuple[str, str]],
        rows: Iterable[Sequence[str]],
        widths: Sequence[int],
        aligns: str,
        *,
        first_bold: bool = False,
    ) -> None:
        """A table; its headings come again on each page."""
        self.set_font(_FAMILY, "", 7)
        self.set_text_color(*_INK)
        self.set_draw_color(*_LINE)
        self.set_line_width(0.15)
        self.set_fill_color(255)
        with self.table(
            col_widths=tuple(widths),
            text_align=tuple({"l": "LEFT", "r": "RIGHT"}[each] for each in aligns),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis=TextEmphasis.B, fill_color=_SHADE, color=_INK),
            line_height=3.6,
            padding=(0.7, 1),
        ) as table:
            head = table.row()
            for vi, en in headings:
                head.cell(f"{vi}\n{en}")
            for count, row in enumerate(rows):
                bold = FontFace(emphasis=TextEmphasis.B) if first_bold and not count else None
                table.row([plain_lines(cell) for cell in row], style=bold)


def plain_lines(text: str) -> str:
    """Text of others, each line by itself without what hides or turns it."""
    return "\n".join(plain(line) for line in text.split("\n"))


def _head(paper: _Paper, report: Coverage, zone: ZoneInfo) -> None:
    vi, en = words.title(report)
    paper.say(plain(words.name_of(report.area)), 10, _GREY)
    paper.say(vi, 17, bold=True)
    paper.say(en, 10, _GREY)
    paper.ln(1.5)
    paper.pair(*words.period(report), points=8.5)
    paper.pair(*words.as_of(report, zone), points=8.5)


def _silent(paper: _Paper, report: Coverage) -> None:
    paper.heading("Ai im lặng", "Who is silent", _ALARM if report.silent else _GOOD)
    paper.pair(*words.silence(report), points=10)
    if not report.silent:
        return
    paper.ln(1.5)
    paper.rows(
        (
            ("Địa điểm", "Place"),
            ("Xã/phường", "Commune"),
            ("Vì sao, từ khi nào", "Why, since when"),
        ),
        (
            (f"{place.name}\n{place.ref}", place.area_name or "–", f"{place.vi}\n{place.en}")
            for place in report.silent[:MOST_PLACES]
        ),
        (42, 33, 105),
        "lll",
    )
    _more(paper, len(report.silent) - MOST_PLACES)


def _communes(paper: _Paper, report: Coverage) -> None:
    if not report.communes_without:
        return
    paper.heading("Xã, phường không có lượt quét", "Communes without a scan", _ALARM)
    shown = report.communes_without[:MOST_COMMUNES]
    with_places = [f"{each.name} ({each.registered})" for each in shown if each.registered]
    if with_places:
        paper.pair("Có địa điểm đăng ký (số nơi):", "With registered places (how many):", points=8)
        paper.say(plain("; ".join(with_places)), 8)
        paper.ln(1)
    without = [each.name for each in shown if not each.registered]
    if without:
        paper.pair("Chưa đăng ký địa điểm nào:", "Without any registered place:", points=8)
        paper.say(plain("; ".join(without)), 8)
    _more(paper, len(report.communes_without) - MOST_COMMUNES)


def _more(paper: _Paper, more: int) -> None:
    if more > 0:
        paper.ln(1)
        paper.say(f"… và {number(more)} nữa trong bảng XLSX / and {more:,} more in the XLSX", 8)


def _targets(paper: _Paper, targets: Iterable[Target]) -> None:
    paper.heading("Chỉ tiêu", "Targets")
    for each in targets:
        vi, en = words.target(each)
        ink = _GOOD if each.met else _ALARM
        paper.pair(vi, en, ink=_INK if not each.registered else ink)
        if each.registered:
            _bar(paper, each.share or 0.0, each.percent, ink)
        paper.ln(1.5)


def _bar(paper: _Paper, value: float, target: int, ink: _Ink) -> None:
    """How far it is, with a mark at the target."""
    x, y, wide = paper.l_margin, paper.get_y() + 0.8, 120.0
    paper.set_fill_color(*_SHADE)
    paper.rect(x, y, wide, 3, style="F")
    paper.set_fill_color(*ink)
    paper.rect(x, y, wide * value / 100, 3, style="F")
    paper.set_draw_color(*_INK)
    paper.set_line_width(0.4)
    paper.line(x + wide * target / 100, y - 0.8, x + wide * target / 100, y + 3.8)
    paper.set_y(y + 4)


def _figures(paper: _Paper, report: Coverage) -> None:
    found = report.area.figures
    paper.heading("Số liệu trong tuần", "The week in figures")
    cells = (
        ("Địa điểm đăng ký", "Places registered", number(found.registered)),
        ("Có quét", "Active", number(found.active)),
        ("Lượt quét", "Scans", number(found.scans)),
        ("Số người", "Distinct people", number(report.area.people)),
        ("Quét lặp mã", "Repeated codes", percent(report.area.shares.repeated)),
        ("Có giờ ra", "Measured exits", percent(report.area.shares.exits)),
    )
    wide, y = paper.epw / len(cells), paper.get_y() + 1
    for at, (vi, en, value) in enumerate(cells):
        x = paper.l_margin + at * wide
        for text, points, bold, ink, down in (
            (value, 12.5, True, _INK, 0.0),
            (vi, 7.5, False, _INK, 6.0),
            (en, 6.5, False, _GREY, 9.5),
        ):
            paper.set_xy(x, y + down)
            paper.set_font(_FAMILY, "B" if bold else "", points)
            paper.set_text_color(*ink)
            paper.cell(wide, 5 if bold else 3.6, text)
    paper.set_xy(paper.l_margin, y + 14)


_COLUMNS: Final = (
    ("Nơi", "Places"),
    ("Có quét", "Active"),
    ("100 %", "of 100 %"),
    ("70 %", "of 70 %"),
    ("Im lặng", "Silent"),
    ("0 lượt", "No scan"),
    ("Lượt quét", "Scans"),
    ("Người", "People"),
    ("Lặp mã", "Repeat"),
    ("Giờ ra", "Exits"),
)
_WIDE: Final = (14, 14, 15, 15, 12, 12, 17, 16, 14, 14)


def _areas(paper: _Paper, lines: Iterable[AreaLine]) -> None:
    paper.heading("Theo đơn vị", "By area")
    paper.rows(
        (("Đơn vị", "Area"), *_COLUMNS),
        ((words.name_of(line), *numbers(line)) for line in lines),
        (37, *_WIDE),
        "l" + "r" * len(_WIDE),
    )


def _trend(paper: _Paper, points: Sequence[Point]) -> None:
    paper.heading("Theo tuần", "Week by week")
    _chart(paper, points)
    paper.rows(
        (("Tuần", "Week"), *_COLUMNS),
        ((f"{point.week}{'' if point.whole else ' *'}", *numbers(point)) for point in points),
        (37, *_WIDE),
        "l" + "r" * len(_WIDE),
    )


def _chart(paper: _Paper, points: Sequence[Point]) -> None:
    """The share of active places, a bar for each week."""
    if paper.will_page_break(60):
        paper.add_page()
    paper.pair("Tỷ lệ địa điểm có quét (%)", "Share of places that were active (%)", points=8)
    high, left, slot = 24.0, paper.l_margin, 22.0
    top = paper.get_y() + 5
    for at, point in enumerate(points):
        value = point.shares.active
        tall = high * (value or 0.0) / 100
        x = left + at * slot
        paper.set_fill_color(*_SHADE)
        paper.rect(x, top, 14, high, style="F")
        paper.set_fill_color(*_BAR)
        paper.rect(x, top + high - tall, 14, tall, style="F")
        paper.set_font(_FAMILY, "", 6.5)
        paper.set_text_color(*_INK)
        paper.set_xy(x - 3, top - 4)
        paper.cell(20, 4, percent(value), align="C")
        paper.set_xy(x - 3, top + high)
        paper.cell(20, 4, point.week, align="C")
    paper.set_xy(left, top + high + 6)


def _repeaters(paper: _Paper, places: Sequence[Place]) -> None:
    paper.heading("Một mã quét nhiều lần", "One code scanned many times", _ALARM)
    paper.rows(
        (
            ("Địa điểm", "Place"),
            ("Xã/phường", "Commune"),
            ("Nhiều nhất/ngày", "Most in a day"),
            ("Lượt quét", "Scans"),
            ("Lặp mã", "Repeated"),
        ),
        (
            (
                *(f"{place.name}\n{place.ref}", place.area_name or "–"),
                *(number(place.most_by_one), number(place.scans)),
                percent(share(place.repeated, place.scans)),
            )
            for place in places[:MOST_PLACES]
        ),
        (60, 45, 27, 24, 24),
        "llrrr",
    )
    _more(paper, len(places) - MOST_PLACES)


def _notes(paper: _Paper) -> None:
    paper.heading("Ghi chú", "Notes")
    for vi, en in words.NOTES:
        paper.pair(vi, en, points=7.5)
        paper.ln(0.6)
