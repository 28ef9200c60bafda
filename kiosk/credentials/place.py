"""Codes that hang at doors: they name a place, not the one who shows them."""

from typing import Final
from urllib.parse import urlsplit

from kiosk.credentials.payload import Payload

KIND: Final = "place"
_PREFIXES: Final = (
    "NZCOVIDTRACER:",  # New Zealand
    "UKC19TRACING:",  # England and Wales
    "HKEN:",  # Hong Kong, LeaveHomeSafe
)
_SITES: Final = (
    *("tokhaiyte.vn", "pccovid.gov.vn", "kbyt.khambenh.gov.vn", "suckhoe.dancuquocgia.gov.vn"),
    *("e.coronawarn.app", "app.luca-app.de", "qr.notify-me.ch", "tac.gouv.fr"),
    *("safeentry-qr.gov.sg", "temperaturepass.ndi-api.gov.sg", "mysejahtera.malaysia.gov.my"),
    *("qr.thaichana.com", "mysejahteraqr.kpisoft.com"),
)
"""Check-in sites with all their subdomains; no shorter address is theirs alone."""
_PAGES: Final = (
    ("service.nsw.gov.au", "/campaign/service-nsw-mobile-app"),
    ("service.vic.gov.au", "/check-in"),
)
"""Pages of sites that have other codes too."""


def parse(text: str) -> Payload | None:
    """A place's poster, or None where `text` is none that is known."""
    if text[:16].upper().startswith(_PREFIXES) or _is_check_in(text):
        return Payload(kind=KIND)
    return None


def _is_check_in(text: str) -> bool:
    start = text[:8].lower()
    if not start.startswith(("http://", "https://", "www.")):
        return False
    try:
        url = urlsplit(text if "://" in text[:9] else f"//{text}")
        host = url.hostname or ""
    except ValueError:
        return False
    if any(host == site or host.endswith(f".{site}") for site in _SITES):
        return True
    return any(
        (host == site or host.endswith(f".{site}")) and url.path.lower().startswith(path)
        for site, path in _PAGES
    )
