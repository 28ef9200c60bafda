"""Dates, sexes and numbers as they stand in personal codes, in one normal form."""

import datetime as dt
import re
import unicodedata
from typing import Final

_OLD_INSURANCE: Final = re.compile(r"[A-Z]{2}[0-9]{13}")
_NEW_INSURANCE: Final = re.compile(r"[0-9]{10}")
_PUNCTUATION: Final = "‘’“”–\u00a0"
_PHONE: Final = re.compile(r"\+?[0-9]{9,15}")


def is_placeholder(digits: str) -> bool:
    """Whether a number is one digit over and over: filled in for want of a number."""
    return len(set(digits)) <= 1


def date(day: str, month: str, year: str) -> str:
    """`YYYY-MM-DD`; `YYYY` where day or month is not of the calendar; empty without a year."""
    try:
        return dt.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return year if re.fullmatch(r"(?:19|20)[0-9]{2}", year) else ""


def person_name(text: str) -> str:
    """A name in composed letters and with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_misdecoded(text: str) -> bool:
    """Whether signs stand in it that no name or address here is written with: kanji, `Ã»`, `…`.

    A reader guessed the encoding and nobody could put it right; it is not a stranger's name.
    """
    return any(
        not char.isascii() and char not in _PUNCTUATION and not _is_latin(char)
        for char in unicodedata.normalize("NFC", text)
    )


def _is_latin(char: str) -> bool:
    kind = unicodedata.category(char)
    return kind == "Mn" or (kind[0] == "L" and unicodedata.name(char, "").startswith("LATIN "))


def insurance_number(code: str) -> str:
    """The ten digits that name an insured person, from the old or new code; or empty."""
    code = code.strip().upper()
    if _OLD_INSURANCE.fullmatch(code) is None and _NEW_INSURANCE.fullmatch(code) is None:
        return ""
    return "" if is_placeholder(code[-10:]) else code[-10:]


def phone(text: str) -> str:
    """A telephone number without blanks, dots and hyphens, or empty if it is none."""
    digits = re.sub(r"[ .\-]", "", text)
    if _PHONE.fullmatch(digits) is None or is_placeholder(digits.removeprefix("+")):
        return ""
    return digits
