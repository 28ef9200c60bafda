"""Why a place is to be looked at, as is known when its week is counted. Pure."""

import datetime as dt
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from fleet_server.times import local
from fleet_server.tracing.gaps import Heard, hole
from wire.presence import Health

Reason = Literal[
    "never_heard",
    "disconnected",
    "silent",
    "no_kiosk",
    "camera",
    "storage",
    "undelivered",
    "unused",
]
REASONS: Final[tuple[str, ...]] = get_args(Reason)
"""The worst first."""
NOT_HEARD: Final = frozenset({"never_heard", "disconnected", "silent"})
"""Reasons by which a place counts as silent: none of its words reach the server."""
FRAME_MS: Final = 60_000
"""A camera without a picture for so long sees nobody."""
RECENT_S: Final = 7 * 86_400
"""So long after a week a kiosk's words may still be about it."""
FREE_MB: Final = 50
"""With less free space than that a kiosk may not be able to record."""


class Standing(NamedTuple):
    """One kiosk that stood at the place in the week. Seconds UTC."""

    kiosk_id: int
    until: int
    """So long it stood there in that week."""
    heard: Heard | None
    health: Health | None


class Silence(NamedTuple):
    """What is wrong; seconds UTC."""

    reason: Reason
    since: int | None = None
    kiosk_id: int | None = None


def silence(standing: Iterable[Standing], *, scans: int, now: int) -> Silence | None:
    """The worst of a place in a week; None where all is well.

    Whatever its kiosks say, a place without a scan is never well.
    """
    kiosks = list(standing)
    found = [each for kiosk in kiosks if (each := _of_kiosk(kiosk, scans, now)) is not None]
    if found:
        return min(found, key=lambda each: (REASONS.index(each.reason), each.since or 0))
    if scans:
        return None
    return Silence("unused" if kiosks else "no_kiosk")


def words(
    reason: str, *, since: int | None, kiosk: str | None, last: dt.date | None, zone: ZoneInfo
) -> tuple[str, str]:
    """Said in Vietnamese and English; `last` is the last day with a scan, None: there was none."""
    vi, en = _WORDS.get(reason, (reason, reason))
    if kiosk is not None:
        vi, en = f"trạm {kiosk}: {vi}", f"kiosk {kiosk}: {en}"
    if since is not None:
        at = local(since, zone)
        vi, en = f"{vi} từ {at:%H:%M %d/%m/%Y}", f"{en} since {at:%Y-%m-%d %H:%M}"
    if last is None:
        return f"{vi}; chưa từng có lượt quét", f"{en}; never had a scan"
    return f"{vi}; lượt quét cuối {last:%d/%m/%Y}", f"{en}; last scan {last:%Y-%m-%d}"


def _of_kiosk(kiosk: Standing, scans: int, now: int) -> Silence | None:
    missing = hole(kiosk.heard, until=kiosk.until, now=now)
    if missing is not None and missing.reason != "undelivered":
        return Silence(missing.reason, missing.since, kiosk.kiosk_id)
    said = kiosk.health
    # What it said last tells nothing of a week in which it worked, or of one long ago.
    if said is not None and kiosk.heard is not None and not scans:
        dark = kiosk.heard.heard - (said.frame_age_ms or 0) // 1000
        if (said.frame_age_ms or 0) > FRAME_MS and dark < kiosk.until:
            return Silence("camera", dark, kiosk.kiosk_id)
        full = said.disk_free_mb is not None and said.disk_free_mb < FREE_MB
        if full and kiosk.heard.heard < kiosk.until + RECENT_S:
            return Silence("storage", None, kiosk.kiosk_id)
    if missing is not None:
        return Silence("undelivered", missing.since, kiosk.kiosk_id)
    return None


_WORDS: Final[dict[str, tuple[str, str]]] = {
    "never_heard": ("chưa từng liên lạc với máy chủ", "never heard of"),
    "disconnected": ("đã tắt", "switched off"),
    "silent": ("mất liên lạc", "silent"),
    "no_kiosk": ("không có trạm quét", "no kiosk stands there"),
    "camera": ("camera không có hình", "its camera gives no picture"),
    "storage": ("bộ nhớ gần đầy", "its storage is nearly full"),
    "undelivered": ("chưa gửi hết", "has not delivered everything"),
    "unused": ("trạm hoạt động nhưng không ai quét", "its kiosk works, nobody scans"),
}
