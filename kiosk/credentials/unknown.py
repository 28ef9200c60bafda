"""Names for codes that do not name a visitor, so that the hint can be the right one.

Only a web address, a Wi-Fi, a contact or a plain text can be a ticket: a code that is personal, is
money or belongs to a place never becomes one, whole or damaged.
"""

import hashlib
import re
from typing import Final
from urllib.parse import urlsplit

from kiosk.credentials import masks
from kiosk.credentials.payload import Payload
from wire.records import StableKey

SPACE: Final = "ticket"
TICKETS: Final = ("url", "wifi", "vcard", "text")
MAX_TICKET_BYTES: Final = 256
_HASHED: Final = "sha256:"

_PREFIXES: Final = (
    ("certificate", ("HC1:", "NZCP:/", "SHC:/")),
    ("place", ("NZCOVIDTRACER:", "UKC19TRACING:")),
    ("payment", ("000201",)),
    ("enrol", ("TRAME1",)),
    ("wifi", ("WIFI:",)),
    ("vcard", ("BEGIN:VCARD", "MECARD:", "BIZCARD:")),
    ("url", ("HTTP://", "HTTPS://", "WWW.")),
)
"""By upper-case prefix; the first that fits names the kind."""

_PLACE_HOSTS: Final = (
    "qr.tokhaiyte.vn",
    "tokhaiyte.vn",
    "e.coronawarn.app",
    "app.luca-app.de",
    "safeentry-qr.gov.sg",
    "temperaturepass.ndi-api.gov.sg",
)
"""Sites whose codes hang at doors: they name a place, not the one who shows them."""

_NUMBER: Final = re.compile(r"[0-9]{9,18}")
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
            return "place" if kind == "url" and _host(text) in _PLACE_HOSTS else kind
    return "document" if _looks_personal(text) else "text"


def _host(url: str) -> str:
    try:
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")


def _looks_personal(text: str) -> bool:
    """Whether an identity paper's fields stand in it: a long number and a date between pipes."""
    parts = [part.strip() for part in text.split("|")]
    return (
        len(parts) >= 4
        and any(_NUMBER.fullmatch(part) for part in parts)
        and any(_DATE.fullmatch(part) for part in parts)
    )
