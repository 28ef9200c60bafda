"""Topic names: fixed depth, contract version in front, lower-case ids."""

import re
from typing import Final, NamedTuple

from wire import CONTRACT
from wire.errors import BadTopic

ID_PATTERN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")
RESERVED_IDS: Final = frozenset(
    {"server", "state", "about", "scans", "receipts", "health", "event", "config", "job", "fleet"}
    | {"ingest", "vault", "web", "tram", "kiosk", "admin", "root"}
)
PREFIX: Final = f"tram/{CONTRACT}"
SERVER_STATE: Final = f"{PREFIX}/server/state"
KEYSET: Final = "keyset"
TRUST: Final = "trust"
REVOCATIONS: Final = "revocations"
DOCUMENTS: Final = {name: f"{PREFIX}/server/{name}" for name in (KEYSET, TRUST, REVOCATIONS)}
"""Where signed documents are retained for all kiosks, by name."""

FROM_KIOSK: Final = ("state", "about", "scans", "health")
"""Channels a kiosk may publish, each under its own id only."""
TO_KIOSK: Final = ("receipts",)
"""Channels a kiosk may hear under its own id, besides `SERVER_STATE` and `DOCUMENTS`."""


class Topic(NamedTuple):
    kiosk: str
    channel: str


def is_kiosk_id(text: str) -> bool:
    """Whether `text` can name a kiosk: 1 to 48 of a-z, 0-9, inner hyphens; no reserved word."""
    return ID_PATTERN.fullmatch(text) is not None and text not in RESERVED_IDS


def kiosk_topic(kiosk: str, channel: str) -> str:
    """The topic of one kiosk's channel. Raises BadTopic for an id that may not stand in a topic."""
    if not is_kiosk_id(kiosk):
        raise BadTopic(f"{kiosk!r} cannot be a kiosk id: 1 to 48 of a-z, 0-9, '-', none reserved")
    if channel not in FROM_KIOSK and channel not in TO_KIOSK:
        raise BadTopic(f"{channel!r} is no channel of contract {CONTRACT}")
    return f"{PREFIX}/{kiosk}/{channel}"


def every_kiosk(channel: str) -> str:
    """The server's subscription to one channel of all kiosks."""
    return f"{PREFIX}/+/{channel}"


def parse(topic: str) -> Topic:
    """Kiosk and channel of a topic a kiosk published. Raises BadTopic for anything else."""
    parts = topic.split("/")
    if len(parts) != 4 or f"{parts[0]}/{parts[1]}" != PREFIX:
        raise BadTopic(f"{topic[:80]!r} is not {PREFIX}/<kiosk>/<channel>")
    kiosk, channel = parts[2], parts[3]
    if not is_kiosk_id(kiosk) or channel not in FROM_KIOSK:
        raise BadTopic(f"{topic[:80]!r} names no channel a kiosk speaks on")
    return Topic(kiosk, channel)
