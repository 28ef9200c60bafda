"""From a number as someone reads it out to the stable keys it may be stored under. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fleet_server.errors import FleetError
from wire import card
from wire.errors import WireError
from wire.records import IdentityPart, StableKey

KINDS: Final = ("document", "insurance", "card", "phone")
"""What a person can be found by."""
MAX_NUMBER: Final = 200
_SEPARATORS: Final = re.compile(r"[\s.\-\u00a0\u2010-\u2015]+")
_OLD_INSURANCE: Final = re.compile(r"[A-Z]{2}[0-9]{13}")
PHONE: Final = "phone"
OLD_ID: Final = "cmnd"
"""Spaces of numbers that stand in sealed identities only (`identity.indexing`)."""
_PHONE: Final = re.compile(r"0[0-9]{9,10}")
_MOVED: Final = {
    **{f"012{old}": f"07{new}" for old, new in zip("01268", "09768", strict=True)},
    **{f"012{old}": f"08{new}" for old, new in zip("34579", "34512", strict=True)},
    **{f"016{digit}": f"03{digit}" for digit in "23456789"},
    **{f"018{old}": f"05{old}" for old in "68"},
    "0199": "059",
}
"""Mobile numbers of eleven digits that became ten in September 2018, by what they begin with."""


class BadNumber(FleetError, ValueError):
    """Not a number of the kind asked for. Says what would be right, never the number itself."""


def stable_keys(
    kind: str, text: str, card_keys: Mapping[str, Ed25519PublicKey]
) -> tuple[StableKey, ...]:
    """The keys a person with this number is known by, the likeliest first. Raises BadNumber."""
    if len(text) > MAX_NUMBER:
        raise BadNumber(f"{kind}: a number has at most {MAX_NUMBER} characters")
    if kind == "document":
        return _document(_SEPARATORS.sub("", text))
    if kind == "insurance":
        return _insurance(_SEPARATORS.sub("", text).upper())
    if kind == "card":
        return (StableKey("card", card_id(text, card_keys)),)
    if kind == "phone":
        if (digits := phone(text)) is None:
            raise BadNumber(
                "số điện thoại: cần 10 chữ số, ví dụ 0900000000 / phone: expected a number of 10"
                " digits such as 0900000000"
            )
        return (StableKey(PHONE, digits),)
    raise BadNumber(f"expected one of {', '.join(KINDS)} to find a person by")


def phone(text: str) -> str | None:
    """A Vietnamese telephone number as it is dialled in the country today; None for others."""
    digits = _SEPARATORS.sub("", text).replace("(", "").replace(")", "")
    for code in ("+84", "0084", "84"):
        if digits.startswith(code) and len(digits) > 10:
            digits = "0" + digits.removeprefix(code).removeprefix("0")
            break
    if not digits.isascii() or _PHONE.fullmatch(digits) is None:
        return None
    if len(digits) == 11 and (moved := _MOVED.get(digits[:4])):
        return moved + digits[4:]
    return digits


def sealed_keys(part: IdentityPart) -> tuple[StableKey, ...]:
    """What somebody can be found by of an identity that no code carries in the open."""
    found = []
    if digits := phone(part.phone):
        found.append(StableKey(PHONE, digits))
    document = _SEPARATORS.sub("", part.document)
    if len(document) == 9 and document.isascii() and document.isdigit():
        found.append(StableKey(OLD_ID, document))
    return tuple(found)


def card_id(text: str, keys: Mapping[str, Ed25519PublicKey]) -> str:
    """The id of one of our cards, from its id or the text of its code. Raises BadNumber."""
    text = "".join(text.split())
    if re.fullmatch(r"[0-9a-fA-F]{32}", text):
        return text.lower()
    try:
        return card.decode(text.upper(), keys).id
    except WireError as problem:
        raise BadNumber(
            f"không phải mã thẻ / card: {problem}; expected a card's id (32 hex digits) or the text"
            " of its code"
        ) from problem


def _document(digits: str) -> tuple[StableKey, ...]:
    if not (digits.isascii() and digits.isdigit()):
        raise BadNumber(
            "số giấy tờ: chỉ gồm chữ số của căn cước hoặc mã định danh / document: expected the"
            " digits of an ID number or a personal code (QID)"
        )
    if len(digits) == 9:
        return (StableKey(OLD_ID, digits),)
    if len(digits) == 12:
        return (StableKey("cccd", digits), StableKey("qid", digits))
    if 13 <= len(digits) <= 20:
        return (StableKey("qid", digits),)
    raise BadNumber(
        "số giấy tờ: căn cước 12 chữ số, chứng minh cũ 9, mã định danh 13 đến 20; đây có"
        f" {len(digits)} / document: expected 12 digits (ID card), 9 (older ones) or 13 to 20"
        f" (QID); these are {len(digits)}"
    )


def _insurance(code: str) -> tuple[StableKey, ...]:
    if _OLD_INSURANCE.fullmatch(code):
        return (StableKey("bhyt", code[-10:]),)
    if len(code) == 10 and code.isascii() and code.isdigit():
        return (StableKey("bhyt", code),)
    raise BadNumber(
        "số bảo hiểm: cần 10 chữ số, hoặc mã cũ 2 chữ và 13 số / insurance: expected 10 digits, or"
        " the old code of 2 letters and 13 digits"
    )
