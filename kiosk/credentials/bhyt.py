"""Health-insurance cards, old (15-character code) and new (10 digits).

    old: code15|HEX name|birth|1 or 2|HEX address|clinic|from|to or -|issued|…|$
    new: number10|HEX name|birth|1 or 2|-|clinic|from|-|issued|…|$, 16 fields before the $

Plain text that anyone can print, so never authentic. The ten digits name the insured person on
both, so the old card and the new one are the same visitor.
"""

import re
from typing import Final

from kiosk.credentials import fields, masks
from kiosk.credentials.payload import Payload
from wire.records import IdentityPart, StableKey

KIND: Final = "bhyt"
SPACE: Final = "bhyt"
_OLD: Final = re.compile(r"[A-Za-z]{2}[0-9]{13}")
_NEW: Final = re.compile(r"[0-9]{10}")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_BIRTH: Final = re.compile(r"(?:[0-3][0-9]/[01][0-9]/)?(?:19|20)[0-9]{2}")
_DATE: Final = re.compile(r"[0-3][0-9]/[01][0-9]/[12][0-9]{3}|-|")
_SEX: Final = {"1": "male", "2": "female"}
_EMPTY: Final = ("-", "")
_END: Final = "$"
_LEAST: Final = 8
"""Fewer fields are nobody's card; so it cannot be taken for a national code of six."""
_NEW_FIELDS: Final = 17


def parse(text: str) -> Payload | None:
    """The holder of the card, or None where `text` is no such card.

    Problems: `misread` (the outline is right, a field is not), `encoding` (a name that is not in
    letters of ours), `inconsistent` (a number that is a placeholder).
    """
    code, *rest = (part.strip() for part in text.split("|"))
    old = _OLD.fullmatch(code) is not None
    if len(rest) < _LEAST - 1 or not (old or _NEW.fullmatch(code)):
        return None
    name, birth, sex, address, _clinic, since, until = rest[:7]
    named = _HEX.fullmatch(name) is not None
    born = _BIRTH.fullmatch(birth) is not None
    housed = address in _EMPTY or _HEX.fullmatch(address) is not None
    dated = _DATE.fullmatch(since) is not None and _DATE.fullmatch(until) is not None
    ended = rest[-1] == _END and (old or len(rest) == _NEW_FIELDS - 1)
    if not (named and born and sex in _SEX and housed and dated and ended):
        # Three of the telling fields: an insurance card with a fault, not somebody's member card.
        telling = named + born + (sex in _SEX) + (rest[-1] == _END) + (dated and since != until)
        return Payload(kind=KIND, problem="misread") if telling >= 3 and housed else None
    number = fields.insurance_number(code)
    if not number:
        return Payload(kind=KIND, problem="inconsistent")
    holder, home = _text(name), _text(address)
    if not holder or home is None:
        return Payload(kind=KIND, problem="misread")
    if fields.is_misdecoded(holder):
        return Payload(kind=KIND, problem="encoding")
    return Payload(
        kind=KIND,
        keys=(StableKey(SPACE, number),),
        label=masks.name(holder),
        identity=IdentityPart(
            name=fields.person_name(holder),
            birth=_birth(birth),
            sex=_SEX[sex],
            address=home,
            insurance=number,
        ),
    )


def _text(field: str) -> str | None:
    """What HEX of UTF-8 stands for; empty for an empty field, None where it is not UTF-8."""
    if field in _EMPTY:
        return ""
    try:
        text = bytes.fromhex(field).decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _birth(text: str) -> str:
    if len(text) == 4:
        return text
    day, month, year = text.split("/")
    return fields.date(day, month, year)
