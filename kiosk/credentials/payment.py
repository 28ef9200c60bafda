"""Payment codes (EMVCo merchant-presented, VietQR among them), known by their structure.

Objects of two digits id, two digits length and a value, `00` `02` `01` first; a CRC as `63` last.
They are named so that the visitor can be told; amounts and accounts are not read.
"""

import binascii
import re
from collections.abc import Iterator
from typing import Final

from kiosk.credentials.payload import Payload

KIND: Final = "payment"
LIKE: Final = "payment_like"
"""Begins as a payment code and goes on as none: not money for sure, but never a ticket."""
START: Final = "000201"
_CRC: Final = "63"
_HEADER: Final = re.compile(r"[0-9]{4}", re.ASCII)
_CRC_DIGITS: Final = re.compile(r"[0-9A-Fa-f]{4}")


def parse(text: str) -> Payload | None:
    """A payment code or what looks like one; None where `text` does not begin as one."""
    if not text.startswith(START):
        return None
    return Payload(kind=KIND if _is_plausible(text) else LIKE)


def _is_plausible(text: str) -> bool:
    """Whether it is a code with a right CRC, or the beginning of one that was cut short."""
    objects = 0
    for tag, value, ends_at in _objects(text):
        if value is None:
            return False
        objects += 1
        if tag == _CRC:
            return ends_at == len(text) and _crc(text[:-4]) == value.upper()
    return objects >= 2


def _objects(text: str) -> Iterator[tuple[str, str | None, int]]:
    """Tag, value and end of each object, as far as they are whole; value None where none can be."""
    at = 0
    while at + 4 <= len(text):
        header = text[at : at + 4]
        if _HEADER.fullmatch(header) is None:
            yield header[:2], None, at
            return
        size = int(header[2:])
        ends_at = at + 4 + size
        value = text[at + 4 : ends_at]
        if size == 0 or (header[:2] == _CRC and _CRC_DIGITS.fullmatch(value) is None):
            yield header[:2], None, at
            return
        if ends_at <= len(text) or at:
            yield header[:2], value, ends_at
        at = ends_at


def _crc(text: str) -> str:
    """CRC-16/CCITT-FALSE over the text's bytes, four hex digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"
