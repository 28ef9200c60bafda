"""Text in a cell: never a formula, never a second cell, always one readable line.

Whoever chooses a name chooses what a spreadsheet opens on a tracer's desk. What was changed can be
seen in the cell; nothing is changed where no spreadsheet could misread it.
"""

import re
import unicodedata
from typing import Final

MAX_CELL: Final = 32_767
"""Characters (UTF-16 units) a spreadsheet keeps in one cell."""
FORMULA: Final = frozenset("=+-@\N{MINUS SIGN}")
"""What starts a formula, after compatibility folding: that covers ＝ ＋ － ＠ ﹦ ⁺ and the like."""

_JOINERS: Final = "\u200c\u200d"
"""Invisible characters that letters of some scripts need."""
_BREAKS: Final = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs"})
_PLAIN: Final = re.compile(r"[A-Za-z0-9À-ÖØ-öø-ƿǍ-ʯḀ-ỿ ,./:()_]*")
"""Letters and marks of Vietnamese text, none of which needs a closer look."""
_OPENING: Final = re.compile(rf"""(^|;)([\s"'‘’“”`´{_JOINERS}]*)(?=([^\s]))""")
_APOSTROPHE: Final = "'"
_CUT: Final = "…"


def safe(text: str) -> str:
    """`text` as a cell no spreadsheet takes for a formula; the same again when applied twice.

    - Line breaks, tabs and odd blanks become blanks; other control characters, directions that
      turn text round, invisible characters, and what XML cannot hold are left out.
    - What begins with `= + - @` or a look-alike, also after blanks and quotes that an import may
      trim, gets a leading apostrophe: a phone number stays readable as `'+84900000000`.
    - So does, behind its blanks, what follows a semicolon: where the decimal mark is a comma, as in
      Vietnam, spreadsheets take the semicolon for the end of a cell, quoted or not.
    - What is too long for a cell is cut, which shows as `…`.
    """
    line = plain(text)
    if _PLAIN.fullmatch(line) is None:
        line = _OPENING.sub(_guarded, line)
    return _fitted(line)


def plain(text: str) -> str:
    """`text` on one line, in composed letters, without characters that hide or control."""
    if _PLAIN.fullmatch(text):
        return text
    kept = "".join(
        " " if _blank(character) else character for character in text if not _dropped(character)
    )
    return unicodedata.normalize("NFC", kept)


def _guarded(opening: re.Match[str]) -> str:
    """An apostrophe before what would be a formula, unless there is one already.

    In front of the whole cell; within it after the blanks, where it is easier on the eye.
    """
    before, blanks, first = opening.groups()
    folded = unicodedata.normalize("NFKC", first)
    guarded = blanks.startswith(_APOSTROPHE) or (before and blanks.endswith(_APOSTROPHE))
    if guarded or folded[:1] not in FORMULA:
        return f"{before}{blanks}"
    return f"{before}{blanks}{_APOSTROPHE}" if before else f"{_APOSTROPHE}{blanks}"


def _blank(character: str) -> bool:
    return character in _BREAKS or unicodedata.category(character) == "Zs"


def _dropped(character: str) -> bool:
    point = ord(character)
    no_character = 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE
    if character in _BREAKS or character in _JOINERS:
        return False
    return no_character or unicodedata.category(character) in _DROPPED


def _fitted(line: str) -> str:
    if len(line) <= MAX_CELL // 2:
        return line
    units = line.encode("utf-16-le")
    if len(units) <= MAX_CELL * 2:
        return line
    return units[: (MAX_CELL - 1) * 2].decode("utf-16-le", "ignore") + _CUT
