"""A venue's kiosks in words: whether they work, what waits, and what visitors were refused for."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, or_, select

from fleet_server.models import Gate, Kiosk, Posting, Presence
from fleet_server.reports.venue_log import LoggedVenue
from fleet_server.tracing import gaps
from fleet_server.tracing.answers import Gap
from wire import codec
from wire.errors import WireError
from wire.presence import Health

GO: Final = ("accepted", "repeat", "certificate_shown")
"""Answers that are no refusals."""

REASONS: Final = {
    "not_accepted": ("loại mã nơi này không nhận", "a kind not taken here"),
    "place": ("mã của địa điểm", "a place's code"),
    "payment": ("mã thanh toán", "a payment code"),
    "payment_like": ("giống mã thanh toán", "like a payment code"),
    "certificate_missing": ("chưa đưa chứng nhận sức khỏe", "no health certificate shown"),
    "expired": ("đã hết hạn", "expired"),
    "revoked": ("thẻ đã bị thu hồi", "a card taken back"),
    "forged": ("chữ ký không đúng", "a wrong signature"),
    "unknown_signer": ("không rõ nơi cấp", "an unknown issuer"),
    "misread": ("đọc chưa rõ", "misread"),
    "garbled": ("đọc chưa rõ", "garbled"),
    "encoding": ("đọc chưa rõ", "misread letters"),
    "inconsistent": ("dữ liệu mâu thuẫn", "contradicts itself"),
    "not_recorded": ("thiết bị không ghi được", "out of order, not recorded"),
    "full": ("bộ nhớ đầy", "storage full"),
}
"""Why visitors were not let through, as a manager says it; a newer kiosk's words stay."""


class Refusals(NamedTuple):
    vi: str
    en: str
    times: int


class KioskInWords(NamedTuple):
    """One kiosk that stands at the venue now."""

    kiosk: str
    gate: str | None
    works: bool
    vi: str
    en: str
    refusals: list[Refusals]
    """Since it was switched on, most frequent first."""


def troubles(connection: Connection, where: LoggedVenue, *, now: int) -> dict[str, Gap]:
    """What is wrong with those of the venue's kiosks that do not work; `now` in seconds UTC."""
    found = gaps.gaps(connection, {where.id}, now - 1, now + 1, now=now)
    return {gap.kiosk: gap for gap in found}


def kiosks(
    connection: Connection, where: LoggedVenue, trouble: Mapping[str, Gap], *, now: int
) -> list[KioskInWords]:
    """The venue's kiosks, those with trouble (as `troubles` says) first; `now` in seconds UTC."""
    rows = connection.execute(
        select(Kiosk.ref, Gate.name.label("gate"), Presence.health)
        .select_from(Posting)
        .join(Kiosk, Posting.kiosk_id == Kiosk.id)
        .outerjoin(Gate, Posting.gate_id == Gate.id)
        .outerjoin(Presence, Presence.kiosk_id == Kiosk.id)
        .where(
            Posting.venue_id == where.id,
            Posting.valid_from <= now,
            or_(Posting.valid_to.is_(None), Posting.valid_to > now),
            Kiosk.revoked_at.is_(None),
        )
        .order_by(Kiosk.ref)
    ).all()
    out = []
    for row in rows:
        gap = trouble.get(row.ref)
        out.append(
            KioskInWords(
                kiosk=row.ref,
                gate=row.gate,
                works=gap is None,
                vi=gap.vi if gap else "Đang hoạt động, đã gửi hết",
                en=gap.en if gap else "Working, everything delivered",
                refusals=refusals(health_of(row.health)),
            )
        )
    return sorted(out, key=lambda each: each.works)


def refusals(health: Health | None) -> list[Refusals]:
    """What a kiosk's last health message says it refused visitors for."""
    answers = {} if health is None else health.answers
    counted = sorted(answers.items(), key=lambda item: (-item[1], item[0]))
    return [
        Refusals(*REASONS.get(reason, (reason, reason)), count)
        for reason, count in counted
        if reason not in GO and count > 0
    ]


def health_of(health: bytes | None) -> Health | None:
    """A kiosk's last health message, where it can be read."""
    if health is None:
        return None
    try:
        return codec.decode(health, Health)
    except WireError:
        return None  # a newer kiosk's words
