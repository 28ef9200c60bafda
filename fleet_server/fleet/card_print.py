"""Cards on paper: A4 sheets of ten with cut marks, or one card to a page, as PDF.

A card is 85 × 54 mm. Its code with the quiet zone fills a square of 46 mm: read at 30 cm and more.
"""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import segno
from fpdf import FPDF

from fleet_server.fleet.lettering import FONTS, embed
from fleet_server.fleet.references import Unfit

WIDTH_MM: Final = 85.0
HEIGHT_MM: Final = 54.0
CODE_MM: Final = 46.0
"""The code with its quiet zone."""
QUIET: Final = 4
"""Modules around the code that stay white."""
SHEET_MM: Final = (210.0, 297.0)
ACROSS: Final = 2
DOWN: Final = 5
SHEETS: Final = ("a4", "card")

_LEFT_MM: Final = (SHEET_MM[0] - ACROSS * WIDTH_MM) / 2
_TOP_MM: Final = (SHEET_MM[1] - DOWN * HEIGHT_MM) / 2
_MARK_MM: Final = 5.0
_GAP_MM: Final = 1.5
"""Between a cut mark and the cards: a blade that is off leaves no line on them."""
_CODE_X_MM: Final = 2.0
_CODE_Y_MM: Final = (HEIGHT_MM - CODE_MM) / 2
_TEXT_X_MM: Final = 49.5
_TEXT_MM: Final = WIDTH_MM - _TEXT_X_MM - 3.5
_POINT_MM: Final = 25.4 / 72
_FAMILY: Final = "card"
_HOW: Final = (
    ("Đưa mã trước trạm quét,", ""),
    ("cách khoảng một gang tay.", ""),
    ("Hold the code a hand's", ""),
    ("width before the kiosk.", ""),
    ("Mất thẻ: báo ngay để thu hồi.", "B"),
    ("Lost? Say so, it is revoked.", ""),
)


class Face(NamedTuple):
    """What one card says."""

    text: str
    """Of its code."""
    number: str
    """Short form of its id, for people to read out."""
    printed: str
    """The holder's words; empty for none."""


def number(card_id: str) -> str:
    """A card's short number: the first eight digits of its id."""
    return f"{card_id[:4]}-{card_id[4:8]}".upper()


def pdf(faces: Iterable[Face], *, sheet: str = "a4", fonts: Path = FONTS) -> bytes:
    """The cards as a PDF; `sheet` is one of `SHEETS`. Raises Unfit where the font is missing."""
    paper = SHEET_MM if sheet == "a4" else (WIDTH_MM, HEIGHT_MM)
    document = FPDF(unit="mm", format=paper)
    document.set_auto_page_break(False)
    document.set_margin(0)
    document.set_title("Trạm")
    document.set_lang("vi")
    embed(document, _FAMILY, fonts)
    per_page = ACROSS * DOWN if sheet == "a4" else 1
    for at, face in enumerate(faces):
        place = at % per_page
        if place == 0:
            document.add_page()
            if sheet == "a4":
                _cut_marks(document)
        if sheet == "a4":
            row, column = divmod(place, ACROSS)
            _card(document, face, _LEFT_MM + column * WIDTH_MM, _TOP_MM + row * HEIGHT_MM)
        else:
            _card(document, face, 0.0, 0.0)
    return bytes(document.output())


def write(path: Path, content: bytes) -> None:
    """Put a new private file at `path`, whole or not at all. Raises Unfit where there is one."""
    staged = ""
    try:
        descriptor, staged = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        # A link, not a rename: it never takes the place of a file that is there.
        os.link(staged, path)
    except FileExistsError as problem:
        raise Unfit(f"{path}: đã có, không ghi đè / is there already, not overwritten") from problem
    except OSError as problem:
        raise Unfit(f"{path}: cannot be written ({problem.strerror})") from problem
    finally:
        if staged:
            Path(staged).unlink(missing_ok=True)


def symbol(text: str) -> segno.QRCode:
    """The code: error correction M stands a scratched print; capitals keep the symbol small."""
    return segno.make_qr(text, error="m", boost_error=False)


def _card(document: FPDF, face: Face, x: float, y: float) -> None:
    _code(document, face.text, x + _CODE_X_MM, y + _CODE_Y_MM)
    left, at = x + _TEXT_X_MM, y + 9.5
    document.set_text_color(0)
    at = _line(document, "Trạm", left, at, style="B", points=17, lead=1.0)
    at = _line(document, "Thẻ khách · Visitor card", left, at, points=7)
    at += 1.5
    for part in _wrapped(document, face.printed, points=9.5, lines=3):
        at = _line(document, part, left, at, style="B", points=9.5)
    at = y + HEIGHT_MM - 21.5
    for text, style in _HOW:
        at = _line(document, text, left, at, style=style, points=5.6)
    _line(document, f"Số / No. {face.number}", left, y + HEIGHT_MM - 4.6, points=7)


def _line(
    document: FPDF,
    text: str,
    x: float,
    y: float,
    *,
    style: str = "",
    points: float,
    lead: float = 1.25,
) -> float:
    """Write one line, no wider than its place; where the next one stands."""
    document.set_font(_FAMILY, style, points)
    wide = document.get_string_width(text)
    if wide > _TEXT_MM:
        document.set_font(_FAMILY, style, points * _TEXT_MM / wide)
    document.text(x, y, text)
    return y + points * _POINT_MM * lead


def _wrapped(document: FPDF, text: str, *, points: float, lines: int) -> Sequence[str]:
    """`text` in at most that many lines of whole words; what is too wide is set smaller."""
    document.set_font(_FAMILY, "B", points)
    out: list[str] = []
    for word in text.split():
        longer = f"{out[-1]} {word}" if out else word
        fits = document.get_string_width(longer) <= _TEXT_MM
        if out and (fits or len(out) == lines):
            out[-1] = longer
        else:
            out.append(word)
    return out


def _code(document: FPDF, text: str, x: float, y: float) -> None:
    """Dark modules as one rectangle for each run in a row, so that no seam shows between them."""
    rows = [bytes(row) for row in symbol(text).matrix]
    step = CODE_MM / (len(rows) + 2 * QUIET)
    document.set_fill_color(0)
    for down, row in enumerate(rows):
        start = None
        for across, dark in enumerate((*row, 0)):
            if dark and start is None:
                start = across
            elif not dark and start is not None:
                document.rect(
                    x + (QUIET + start) * step,
                    y + (QUIET + down) * step,
                    (across - start) * step,
                    step,
                    style="F",
                )
                start = None


def _cut_marks(document: FPDF) -> None:
    """Short lines outside the block of cards where the blade goes."""
    document.set_draw_color(0)
    document.set_line_width(0.1)
    right, bottom = SHEET_MM[0] - _LEFT_MM, SHEET_MM[1] - _TOP_MM
    for column in range(ACROSS + 1):
        x = _LEFT_MM + column * WIDTH_MM
        document.line(x, _TOP_MM - _GAP_MM - _MARK_MM, x, _TOP_MM - _GAP_MM)
        document.line(x, bottom + _GAP_MM, x, bottom + _GAP_MM + _MARK_MM)
    for row in range(DOWN + 1):
        y = _TOP_MM + row * HEIGHT_MM
        document.line(_LEFT_MM - _GAP_MM - _MARK_MM, y, _LEFT_MM - _GAP_MM, y)
        document.line(right + _GAP_MM, y, right + _GAP_MM + _MARK_MM, y)
