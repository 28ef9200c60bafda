"""The national personal QR (PC-Covid, VNeID, Hue-S): Decision 1405/QĐ-BTTTT of 2021, version 1.1.

    SoGiayTo|HoTen|NgaySinh|LoaiDinhDanh|QID|EXT

Self-declared, so never authentic. The QID is the key; a health-insurance number in EXT is a second.
The decision does not fix the QID's length: 12 to 20 digits are taken (the public sample has 18).
"""

import re
from typing import Final

from kiosk.credentials import fields, masks
from kiosk.credentials.payload import Payload
from wire.records import IdentityPart, StableKey

KIND: Final = "national"
SPACE: Final = "qid"
_DOCUMENT: Final = re.compile(r"[*0-9A-Za-z]{0,20}")
_NAME: Final = re.compile(r"[^0-9<>|]{1,100}")
_BIRTH: Final = re.compile(r"[0-9*]{4}(?:-[0-9*]{2}-[0-9*]{2})?")
_DECLARED: Final = re.compile(r"[01]")
_QID: Final = re.compile(r"[0-9]{12,20}")
_EXT: Final = re.compile(r"[^<]{0,40}(?:<[^<]*){0,5}")
_SEX: Final = {"1": "male", "2": "female"}


def parse(text: str) -> Payload | None:
    """The person `text` declares, or None where it is no national code.

    Problems: `misread` (the outline is right, a field is not), `inconsistent` (a QID that is a
    placeholder and would make one person of many), `encoding` (the name was misdecoded on its way).
    """
    parts = text.split("|")
    if len(parts) != 6:
        return None
    document, name, birth, declared, qid, ext = (part.strip() for part in parts)
    patterns = (_DOCUMENT, _NAME, _BIRTH, _DECLARED, _QID, _EXT)
    right = [
        pattern.fullmatch(part) is not None
        for pattern, part in zip(patterns, (document, name, birth, declared, qid, ext), strict=True)
    ]
    if not all(right):
        # Two of the telling fields: a personal code with a fault, not somebody's member card.
        telling = right[2] + right[3] + right[4] + ("<" in ext)
        return Payload(kind=KIND, problem="misread") if telling >= 2 else None
    if fields.is_placeholder(qid):
        return Payload(kind=KIND, problem="inconsistent")
    if fields.is_misdecoded(name):
        return Payload(kind=KIND, problem="encoding")
    _, sex, insurance, phone, *_ = [*ext.split("<"), "", "", "", ""]
    insurance = fields.insurance_number(insurance)
    keys = [StableKey(SPACE, qid)]
    if insurance:
        keys.append(StableKey("bhyt", insurance))
    return Payload(
        kind=KIND,
        keys=tuple(keys),
        label=masks.name(name),
        identity=IdentityPart(
            name=fields.person_name(name),
            phone=fields.phone(phone),
            birth=_birth(birth),
            sex=_SEX.get(sex.strip(), ""),
            document=document,
            insurance=insurance,
        ),
    )


def _birth(text: str) -> str:
    if "*" in text or len(text) == 4:
        return text
    year, month, day = text.split("-")
    return fields.date(day, month, year)
