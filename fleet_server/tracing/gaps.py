"""What an answer cannot know: kiosks whose records of the window may still be missing.

An answer without its gaps is indefensible, so whoever computes one asks here in the same
transaction. When in doubt a kiosk is a gap.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, or_, select, true

from fleet_server.database import chunks
from fleet_server.models import Kiosk, LetGoDay, Posting, Presence, Venue
from fleet_server.times import iso, local
from fleet_server.tracing.answers import Gap
from wire import codec, presence
from wire.errors import WireError

SILENT_AFTER_S: Final = 300
"""Kiosks report each minute; after this long without a word one counts as silent."""
WAITING_AFTER_S: Final = 60
"""Records younger than this are on their way, not undelivered."""
USUAL_DAYS: Final = 14
_DAY_S: Final = 86_400

Reason = Literal["never_heard", "silent", "disconnected", "undelivered"]
LET_GO: Final = "let_go"


class Heard(NamedTuple):
    """What was last heard of a kiosk; seconds UTC."""

    state: str
    heard: int
    waiting: int | None
    """Records in its queue when it last said; None: it never said."""
    oldest_s: int | None
    """Age of the oldest of them then."""


class Hole(NamedTuple):
    """From when on a kiosk's records may be missing (None: not known), and why."""

    reason: Reason
    since: int | None


class _Usual(NamedTuple):
    """When a kiosk's scans at a venue are counted, to say how many are usual; seconds UTC."""

    kiosk_id: int
    venue_id: int
    since: int
    until: int


def hole(last: Heard | None, *, until: int, now: int) -> Hole | None:
    """What may be missing of a kiosk's records made before `until`. Pure."""
    end = min(until, now)
    if last is None:
        return Hole("never_heard", None)
    waiting = _waiting_since(last)
    if last.state == presence.READY and now - last.heard <= SILENT_AFTER_S:
        on_their_way = waiting is not None and now - waiting < WAITING_AFTER_S
        if not last.waiting or on_their_way:
            return None
        return Hole("undelivered", waiting) if waiting is None or waiting < end else None
    reason: Reason = "disconnected" if last.state == presence.DISCONNECTED else "silent"
    # Whatever was still waiting when it fell silent is missing as well.
    since = min(at for at in (last.heard, waiting) if at is not None)
    return Hole(reason, since) if since < end else None


def gaps(
    connection: Connection, venue_ids: Collection[int] | None, since: int, until: int, *, now: int
) -> list[Gap]:
    """The gaps of [since, until) at these venues (None: at all): days that are gone, then kiosks,
    longest silent first.
    """
    statement = (
        select(
            Kiosk.id,
            Kiosk.ref,
            Venue.id.label("venue_id"),
            Venue.ref.label("venue"),
            Venue.timezone,
            Posting.valid_from,
            Posting.valid_to,
            Presence.state,
            Presence.since_ms,
            Presence.heard_ms,
            Presence.health,
        )
        .select_from(Posting)
        .join(Kiosk, Posting.kiosk_id == Kiosk.id)
        .join(Venue, Posting.venue_id == Venue.id)
        .outerjoin(Presence, Presence.kiosk_id == Kiosk.id)
        .where(
            Posting.valid_from < until,
            or_(Posting.valid_to.is_(None), Posting.valid_to > since),
            or_(Kiosk.revoked_at.is_(None), Kiosk.revoked_at > since),
        )
    )
    if venue_ids is not None:
        statement = statement.where(Venue.id.in_(venue_ids))
    found: list[tuple[int, Any, Hole, Heard | None]] = []
    for row in connection.execute(statement).all():
        last = None
        # 0: only a retained message was heard, which says when itself.
        if heard_ms := row.heard_ms or row.since_ms:
            last = heard(row.state, heard_ms, row.health)
        posted_until = until if row.valid_to is None else min(until, row.valid_to)
        missing = hole(last, until=posted_until, now=now)
        if missing is None:
            continue
        begun = row.valid_from if missing.since is None else missing.since
        found.append((begun, row, missing, last))
    found.sort(key=lambda item: (item[0], item[1].ref))
    usual = _per_day(connection, [_usual(row, min(begun, now)) for begun, row, _, _ in found])
    gone = gone_until(connection, since, until)
    return ([] if gone is None else [_gone(since, gone)]) + [
        _gap(row.ref, row.venue, ZoneInfo(row.timezone), missing, last, usual=scans)
        for (_, row, missing, last), scans in zip(found, usual, strict=True)
    ]


def gone_until(
    connection: Connection, since: int, until: int, *, after_ms: int | None = None
) -> int | None:
    """Up to when (seconds UTC) retention let go of days of [since, until); None: of none.

    `after_ms`: only what it began to let go of after then.
    """
    days = LetGoDay.day.between(since // _DAY_S, (until - 1) // _DAY_S)
    later = true() if after_ms is None else LetGoDay.begun_ms > after_ms
    last = connection.scalar(select(func.max(LetGoDay.day)).where(days, later))
    return None if last is None else (last + 1) * _DAY_S


def _gone(since: int, until: int) -> Gap:
    """As days are let go, by UTC."""
    last = dt.datetime.fromtimestamp(until - 1, dt.UTC)
    return Gap(
        kiosk="",
        venue="",
        reason=LET_GO,
        since=iso(since),
        queue_depth=None,
        usual_per_day=0,
        vi=f"Lượt quét đến hết ngày {last:%d/%m/%Y} (UTC) đã xóa, hết hạn lưu giữ",
        en=f"Scans up to {last:%Y-%m-%d} (UTC) are gone: their time was over",
    )


def _waiting_since(last: Heard) -> int | None:
    if not last.waiting or last.oldest_s is None:
        return None
    return last.heard - last.oldest_s


def heard(state: str, heard_ms: int, health: bytes | None) -> Heard:
    """What was last heard of a kiosk, from its row."""
    said = presence.Health()
    told = False
    if health is not None:
        try:
            said = codec.decode(health, presence.Health)
            told = True
        except WireError:
            # A newer kiosk's words that this release cannot read: as if it had said nothing.
            told = False
    return Heard(
        state=state,
        heard=heard_ms // 1000,
        waiting=said.queue_depth if told else None,
        oldest_s=said.queue_oldest_s,
    )


def _usual(row: Any, before: int) -> _Usual:
    """The two weeks before, or since it was posted."""
    since = max(row.valid_from, before - USUAL_DAYS * _DAY_S)
    return _Usual(row.id, row.venue_id, since, before)


def _per_day(connection: Connection, wanted: Sequence[_Usual]) -> list[float]:
    """Scans a day in each of these spans."""
    scans: list[int] = []
    for some in chunks(wanted):
        rows = ", ".join(
            f"({n}, {each.kiosk_id}, {each.venue_id}, {each.since * 1000}, {each.until * 1000})"
            for n, each in enumerate(some)
        )
        scans += connection.exec_driver_sql(
            "WITH wanted (n, kiosk_id, venue_id, since_ms, until_ms)"  # noqa: S608  numbers only
            f" AS (VALUES {rows}) SELECT (SELECT count(*) FROM scans s"
            " WHERE s.venue_id = w.venue_id AND s.kiosk_id = w.kiosk_id"
            " AND s.corrected_ms >= w.since_ms AND s.corrected_ms < w.until_ms)"
            " FROM wanted w ORDER BY w.n"
        ).scalars()
    return [
        round(count / max(1.0, (each.until - each.since) / _DAY_S), 1)
        for count, each in zip(scans, wanted, strict=True)
    ]


_WORDS: Final[dict[Reason, tuple[str, str]]] = {
    "never_heard": ("chưa từng liên lạc với máy chủ", "has never been heard of"),
    "silent": ("mất liên lạc", "has been silent"),
    "disconnected": ("đã tắt", "has been switched off"),
    "undelivered": ("chưa gửi hết", "has not delivered everything"),
}


def _gap(
    kiosk: str, venue: str, zone: ZoneInfo, missing: Hole, last: Heard | None, *, usual: float
) -> Gap:
    vi, en = _WORDS[missing.reason]
    waiting = None if last is None else last.waiting
    vi, en = f"Trạm {kiosk} ({venue}) {vi}", f"Kiosk {kiosk} ({venue}) {en}"
    if missing.since is not None:
        at = local(missing.since, zone)
        vi, en = f"{vi} từ {at:%H:%M %d/%m/%Y}", f"{en} since {at:%Y-%m-%d %H:%M}"
    if waiting:
        vi, en = f"{vi}, còn {waiting} lượt trong hàng chờ", f"{en}, {waiting} records waiting"
    vi = f"{vi}; thường ghi {f'{usual:g}'.replace('.', ',')} lượt mỗi ngày"
    en = f"{en}; usually sees {usual:g} scans a day"
    return Gap(
        kiosk=kiosk,
        venue=venue,
        reason=missing.reason,
        since=None if missing.since is None else iso(missing.since),
        queue_depth=waiting,
        usual_per_day=usual,
        vi=vi,
        en=en,
    )
