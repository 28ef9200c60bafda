"""Where the broker is, out of a URL. Without TLS only this machine itself is an address."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the broker is."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def parse_address(url: str) -> Address | None:
    """The broker `url` names, or None where it is none, or would speak in clear beyond here."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host, tls = parts.hostname, parts.scheme == "mqtts"
    if parts.scheme not in _PORTS or not host or port == 0 or _has_more(parts):
        return None
    if not tls and not _is_loopback(host):
        return None
    return Address(host=host, port=port or _PORTS[parts.scheme], tls=tls)


def _has_more(parts: SplitResult) -> bool:
    return bool(parts.username or parts.password or parts.query or parts.fragment) or (
        parts.path not in ("", "/")
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
