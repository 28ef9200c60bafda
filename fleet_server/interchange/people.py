"""People as other programs split and spell them: names in two parts, dates of birth, phones."""

import calendar
import re
from typing import Final, NamedTuple

_BIRTH: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_PHONE: Final = re.compile(r"[ .()\-\u00a0]")
_COUNTRY: Final = "+84"


class Birth(NamedTuple):
    """A date of birth as far as it is known."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    @property
    def date(self) -> str:
        """`YYYY-MM-DD`, or empty where a part is missing."""
        if self.year is None or self.month is None or self.day is None:
            return ""
        return f"{self.year:04}-{self.month:02}-{self.day:02}"


def split(name: str) -> tuple[str, str]:
    """(first, last) of a name in one piece: its last word is the given name.

    A Vietnamese name is family name, middle names, given name: `Nguyễn Văn Thử` is (`Thử`,
    `Nguyễn Văn`). People are called by the given name, and lists are sorted by it. A name of one
    word is the given name, since that is the part both programs demand.
    """
    words = name.split()
    return (words[-1], " ".join(words[:-1])) if words else ("", "")


def birth(text: str) -> Birth:
    """The known parts of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; a masked part ends what is known."""
    found = _BIRTH.match(text)
    if found is None:
        return Birth()
    year, month, day = (int(part) if part else 0 for part in found.groups())
    if not year:
        return Birth()
    if not 1 <= month <= 12:
        return Birth(year)
    last = calendar.monthrange(year, month)[1]
    return Birth(year, month, day if 1 <= day <= last else None)


def dialled(phone: str) -> str:
    """The number as it is dialled in Vietnam, without a leading plus that a cell would guard."""
    digits = _PHONE.sub("", phone)
    if digits.startswith(_COUNTRY):
        return f"0{digits.removeprefix(_COUNTRY)}"
    return f"00{digits[1:]}" if digits.startswith("+") else digits
