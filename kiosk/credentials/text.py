"""From a code's bytes to its text, without ever passing a misdecoded name on.

Most codes carry no mark of their encoding. Some readers guess one and hand over the guess, written
again in UTF-8: a Vietnamese name then arrives in kanji. Such round trips are known and are undone.
"""

from typing import Final

_WRONG_GUESSES: Final = ("cp932", "shift_jis", "big5", "cp1252", "latin-1")
"""Encodings that readers are known to take UTF-8 for (ZBar: Shift-JIS, Big5 or Latin-1)."""
_FOREIGN: Final = ("shift_jis", "gb18030", "latin-1")
"""Encodings met in codes from elsewhere, in the order to try them for showing only."""


def to_text(data: bytes) -> str | None:
    """The text `data` stands for, or None where it is not text: no guess is made."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text.removeprefix("\ufeff") if text.isascii() else _undone(text).removeprefix("\ufeff")


def to_show(data: bytes) -> str:
    """`data` for a technician's eyes: the text, else the likeliest guess. Never for a record."""
    text = to_text(data)
    for encoding in _FOREIGN:
        if text is not None:
            break
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text or ""


def _undone(text: str) -> str:
    for encoding in _WRONG_GUESSES:
        try:
            original = text.encode(encoding).decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        if _is_latin(original):
            return original
    return text


def _is_latin(text: str) -> bool:
    """Whether every letter beyond ASCII is one that Vietnamese and its neighbours write with.

    A genuine kanji text that happens to form UTF-8 when taken back stays as it is.
    """
    return not text.isascii() and all(
        char.isascii() or "\u00a0" <= char <= "\u036f" or "\u1e00" <= char <= "\u206f"
        for char in text
    )
