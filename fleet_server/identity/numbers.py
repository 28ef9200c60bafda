"""From a number as someone reads it out to the stable keys it may be stored under. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fleet_server.errors import FleetError
from wire import card
from wire.errors import WireError
from wire.records import StableKey

KINDS: Final = ("document", "insurance", "card")
"""What a person can be found by."""
MAX_NUMBER: Final = 200
_SEPARATORS: Final = re.compile(r"[\s.\-\u00a0\u2010-\u2015]+")
_OLD_INSURANCE: Final = re.compile(r"[A-Z]{2}[0-9]{13}")


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
        raise BadNumber(
            "phone: chưa tìm được theo số điện thoại / cannot be searched yet: phone numbers stand "
            f"in sealed identities only; find by {', '.join(KINDS)}"
        )
    raise BadNumber(f"expected one of {', '.join(KINDS)} to find a person by")


def card_id(text: str, keys: Mapping[str, Ed25519PublicKey]) -> str:
    """The id of one of our cards, from its id or the text of its code. Raises BadNumber."""
    text = "".join(text.split())
    if re.fullmatch(r"[0-9a-fA-F]{32}", text):
        return text.lower()
    try:
        return card.decode(text.upper(), keys).id
    except WireError as problem:
        raise BadNumber(
            f"card: {problem}; expected a card's id (32 hex digits) or the text of its code"
        ) from problem


def _document(digits: str) -> tuple[StableKey, ...]:
    if not (digits.isascii() and digits.isdigit()):
        raise BadNumber("document: expected the digits of an ID number or a personal code (QID)")
    if len(digits) == 9:
        raise BadNumber(
            "document: old 9-digit ID numbers cannot be searched: codes carry them in the sealed "
            "identity only; use the 12-digit number"
        )
    if len(digits) == 12:
        return (StableKey("cccd", digits), StableKey("qid", digits))
    if 13 <= len(digits) <= 20:
        return (StableKey("qid", digits),)
    raise BadNumber(
        f"document: expected 12 digits (ID card) or 13 to 20 (QID); these are {len(digits)}"
    )


def _insurance(code: str) -> tuple[StableKey, ...]:
    if _OLD_INSURANCE.fullmatch(code):
        return (StableKey("bhyt", code[-10:]),)
    if len(code) == 10 and code.isascii() and code.isdigit():
        return (StableKey("bhyt", code),)
    raise BadNumber("insurance: expected 10 digits, or the old code of 2 letters and 13 digits")
