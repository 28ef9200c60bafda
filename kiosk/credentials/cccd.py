"""The QR on chip ID cards: `cccd` (7 fields, 2021 to mid 2024), `can_cuoc` (11, July 2024 on).

    id12|oldId or empty|Name|DDMMYYYY|Nam/Nữ|address|DDMMYYYY of issue[|4 more]

Plain text that anyone can print, so never authentic; but the number repeats sex and birth year, and
a code that contradicts itself is refused.
"""

import re
import unicodedata
from typing import Final

from kiosk.credentials import fields, masks
from kiosk.credentials.payload import Payload
from wire.records import IdentityPart, StableKey

SEVEN: Final = "cccd"
ELEVEN: Final = "can_cuoc"
SPACE: Final = "cccd"
_KINDS: Final = {7: SEVEN, 11: ELEVEN}
_ID: Final = re.compile(r"[0-9]{12}")
_OLD_ID: Final = re.compile(r"[0-9]{9}|[0-9]{12}|")
_NAME: Final = re.compile(r"[^0-9<>|]{1,100}")
_BIRTH: Final = re.compile(r"(?:[0-9]{4})?(?:19|2[0-3])[0-9]{2}")
_ISSUED: Final = re.compile(r"(?:[0-9]{8})?")
_SEXES: Final = {"nam": "male", "nữ": "female", "nu": "female"}


def parse(text: str) -> Payload | None:
    """The holder of the card, or None where `text` is no such code.

    Problems: `misread` (the outline is right, a field is not), `inconsistent` (number, birth year
    and sex contradict each other), `encoding` (the name was misdecoded on its way).
    """
    parts = [part.strip() for part in text.split("|")]
    kind = _KINDS.get(len(parts))
    if kind is None:
        return None
    number, old, name, birth, sex_word, address, issued = parts[:7]
    sex = _SEXES.get(unicodedata.normalize("NFC", sex_word).lower())
    numbered = _ID.fullmatch(number) is not None
    born = _BIRTH.fullmatch(birth) is not None
    well_formed = (
        _OLD_ID.fullmatch(old) is not None
        and _NAME.fullmatch(name) is not None
        and _ISSUED.fullmatch(issued) is not None
    )
    if not (numbered and born and well_formed) or sex is None:
        # Two of the telling fields: an ID card with a fault, not somebody's member card.
        telling = numbered + born + (sex is not None) + (len(issued) == 8 and issued.isdigit())
        return Payload(kind=kind, problem="misread") if telling >= 2 else None
    year = birth[-4:]
    if fields.is_placeholder(number) or number[3:6] != _century_and_sex(year, sex) + year[2:]:
        return Payload(kind=kind, problem="inconsistent")
    if fields.is_misdecoded(name):
        return Payload(kind=kind, problem="encoding")
    return Payload(
        kind=kind,
        keys=(StableKey(SPACE, number),),
        label=masks.name(name),
        identity=IdentityPart(
            name=fields.person_name(name),
            birth=fields.date(birth[:2], birth[2:4], year) if len(birth) == 8 else year,
            sex=sex,
            address=address,
            document=number,
        ),
    )


def _century_and_sex(year: str, sex: str) -> str:
    """The fourth digit of the number: 0/1 for men/women born in 19xx, 2/3 in 20xx, and so on."""
    return str((int(year[:2]) - 19) * 2 + (sex == "female"))
