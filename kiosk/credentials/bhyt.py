"""Health-insurance cards, told apart by their layout: 15-character code (old) or 10 digits (new).

They are named so that the visitor can be told to show another code; nothing is read from them.
"""

import re
from typing import Final

from kiosk.credentials.payload import Payload

KIND: Final = "bhyt"
SPACE: Final = "bhyt"
_OLD: Final = re.compile(r"[A-Za-z]{2}[0-9]{13}")
_NEW: Final = re.compile(r"[0-9]{10}")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){2,}")
_END: Final = "$"


def parse(text: str) -> Payload | None:
    """The card's layout as its label, or None where `text` is no such card. Problem: `misread`."""
    first, *rest = text.split("|")
    old = _OLD.fullmatch(first) is not None
    if len(rest) < 5 or not (old or _NEW.fullmatch(first)) or not _HEX.fullmatch(rest[0]):
        return None
    whole = rest[-1] == _END and (old or len(rest) == 16)
    return Payload(
        kind=KIND, label="BHYT 15" if old else "BHYT 10", problem="" if whole else "misread"
    )
