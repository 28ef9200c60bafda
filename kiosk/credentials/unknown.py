"""Names for codes that do not name a visitor, so that the hint can be the right one.

Only a web address, a Wi-Fi, a contact or a plain text can be a ticket: a code that is personal, is
money or belongs to a place never becomes one, whole or damaged.
"""

import hashlib
import re
from typing import Final

from kiosk.credentials import base45, masks
from kiosk.credentials.payload import Payload
from wire.records import StableKey

SPACE: Final = "ticket"
TICKETS: Final = ("url", "wifi", "vcard", "text")
MAX_TICKET_BYTES: Final = 256
_HASHED: Final = "sha256:"

_PREFIXES: Final = (
    ("shc", ("SHC:/",)),
    ("enrol", ("TRAME1",)),
    ("wifi", ("WIFI:",)),
    ("vcard", ("BEGIN:VCARD", "MECARD:", "BIZCARD:")),
    ("url", ("HTTP://", "HTTPS://", "WWW.")),
)
"""By upper-case prefix; the first that fits names the kind."""

_CERTIFICATE: Final = re.compile(r"(?:H[A-Z][0-9]:)?([0-9A-Z $%*+./:-]{100,})")
_ZLIB: Final = 0x78
_NUMBER: Final = re.compile(r"(?:[A-Za-z]{2})?[0-9]{9,18}")
_DATE: Final = re.compile(
    r"[0-3][0-9][01][0-9](?:19|20)[0-9]{2}|[0-3*][0-9*]/[01*][0-9*]/[0-9]{4}|[0-9]{4}-[0-9*]{2}-[0-9*]{2}"
)


def name(text: str) -> Payload:
    """What `text` is, given that it names no visitor. `text` is not empty."""
    kind = _kind(text)
    if kind not in TICKETS:
        return Payload(kind=kind)
    return Payload(
        kind=kind,
        keys=(StableKey(SPACE, ticket(text)),),
        label=f"{kind} {masks.HIDDEN}",
        ticket=True,
    )


def ticket(text: str) -> str:
    """The text itself up to 256 bytes of UTF-8; a digest of what is longer or unfit to send."""
    raw = text.encode()
    if len(raw) <= MAX_TICKET_BYTES and "\x00" not in text and not text.startswith(_HASHED):
        return text
    return _HASHED + hashlib.sha256(raw).hexdigest()


def _kind(text: str) -> str:
    upper = text[:32].upper()
    for kind, prefixes in _PREFIXES:
        if upper.startswith(prefixes):
            return kind
    if _looks_personal(text):
        return "document"
    return "certificate" if _looks_signed(text) else "text"


def _looks_signed(text: str) -> bool:
    """Whether it is a health certificate that lost its prefix or has a stranger's.

    Such a text must not become a ticket: a certificate is never kept, nor a key made of it.
    """
    shape = _CERTIFICATE.fullmatch(text)
    if shape is None:
        return False
    try:
        return base45.decode(shape[1][:3])[0] == _ZLIB
    except ValueError:
        return False


def _looks_personal(text: str) -> bool:
    """Whether an identity paper's fields stand in it: a long number and a date between pipes."""
    parts = [part.strip() for part in text.split("|")]
    return (
        len(parts) >= 4
        and any(_NUMBER.fullmatch(part) for part in parts)
        and any(_DATE.fullmatch(part) for part in parts)
    )
