"""What a venue's log may show of a visitor: initials, or the end of a card's number."""

from typing import Final

HIDDEN: Final = "***"
_MAX_WORDS: Final = 6


def name(full: str) -> str:
    """`Nguyễn Văn Mẫu` as `N*** V*** M***`; nothing but first letters, no lengths."""
    words = full.split()[:_MAX_WORDS]
    return " ".join(_initial(word) + HIDDEN for word in words) or HIDDEN


def number(kind: str, value: str, *, shown: int = 4) -> str:
    """`card ***1a2b`: the kind and the last digits of a number much longer than them."""
    return f"{kind} {HIDDEN}{value[-shown:] if len(value) >= 3 * shown else ''}"


def _initial(word: str) -> str:
    return word[0] if len(word) > 1 and word[0].isalpha() else ""
