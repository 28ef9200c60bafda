"""Stays of an index person that a tracer gives by hand. They win over derived ones. Pure.

VENUE,FROM,TO          VENUE: a venue's reference, or `elsewhere:` and any words
                       TO: a time, or `closing`; either time may be EARLIEST~LATEST
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from fleet_server.errors import FleetError
from fleet_server.times import BadTime, iso, parse
from fleet_server.tracing.columns import NO_ROOM
from fleet_server.tracing.reach import Stay
from fleet_server.tracing.rules import CAP_S

CLOSING: Final = "closing"
ELSEWHERE: Final = "elsewhere:"
_EXAMPLE: Final = "cho-mau,2026-01-05T08:00,2026-01-05T09:30"


Closing = Callable[[str, int], int | None]
"""When a venue closes next after a moment; None where its hours are not known."""


class BadStay(FleetError, ValueError):
    """A stay nobody can read."""


class Handmade(NamedTuple):
    """One stay as a tracer confirmed it. Seconds UTC."""

    venue: str
    """A venue's reference; empty for a place without a kiosk."""
    words: str
    """What the place was called."""
    start: tuple[int, int, int]
    """Earliest, expected, latest."""
    end: tuple[int, int, int]
    there: bool = True
    """False: the derived stay that begins so at this venue was not this person's."""


def read(text: str, zone: ZoneInfo, closing: Closing) -> Handmade:
    """A stay as it is typed. `closing(venue, at)`: when the venue closes next. Raises BadStay."""
    parts = [part.strip() for part in text.rsplit(",", 2)]
    if len(parts) != 3 or not all(parts):
        raise BadStay(
            f"stay {text[:80]!r}: cần dạng NƠI,TỪ,ĐẾN như {_EXAMPLE} / expected VENUE,FROM,TO such"
            f" as {_EXAMPLE}"
        )
    place, begun, ended = parts
    elsewhere = place.startswith(ELSEWHERE)
    venue = "" if elsewhere else place
    try:
        start = _times(begun, zone)
        if ended == CLOSING:
            end = _closing(place, start, None if elsewhere else closing)
        else:
            end = _times(ended, zone)
    except BadTime as problem:
        raise BadStay(f"stay {text[:80]!r}: {problem}") from problem
    if not start[1] < end[1]:
        raise BadStay(
            f"stay {text[:80]!r}: lúc ra phải sau lúc vào {iso(start[1])} / expected an end after"
            f" {iso(start[1])}"
        )
    cap = start[1] + CAP_S
    if end[1] > cap:
        hours = CAP_S // 3600
        raise BadStay(
            f"stay {text[:80]!r}: dài hơn {hours} giờ, hãy chia ra / longer than {hours} h; give it"
            " in parts"
        )
    return Handmade(
        venue,
        place.removeprefix(ELSEWHERE).strip(),
        start,
        (max(end[0], start[1]), end[1], min(end[2], cap)),
    )


def instead(
    derived: Sequence[Stay], handmade: Sequence[Handmade], venue_ids: Sequence[int | None]
) -> list[Stay]:
    """What stands of the derived stays beside those made by hand, and these.

    A derived stay goes where a handmade one overlaps it by expected times; where its exit was not
    seen, it has ended when a handmade one begins. `venue_ids`: of each handmade stay; None for a
    place nobody was scanned at.
    """
    placed = list(zip(handmade, venue_ids, strict=True))
    rejected = {(venue, hand.start[1]) for hand, venue in placed if not hand.there}
    placed = [(hand, venue) for hand, venue in placed if hand.there]
    handmade = [hand for hand, _ in placed]
    starts = sorted(hand.start[1] for hand in handmade)
    out = []
    for stay in derived:
        begun, ended = stay.expected
        if (stay.venue, begun) in rejected:
            continue
        if any(begun < hand.end[1] and hand.start[1] < ended for hand in handmade):
            continue
        moved_on = next((at for at in starts if at > begun), None)
        if moved_on is not None and stay.certain[1] <= moved_on < stay.possible[1]:
            stay = stay._replace(  # noqa: PLW2901  the same stay, known better
                expected=(begun, min(ended, moved_on)), possible=(stay.possible[0], moved_on)
            )
        out.append(stay)
    for hand, venue in placed:
        if venue is not None:
            out.append(of(hand, venue))
    return out


def of(hand: Handmade, venue: int) -> Stay:
    """A handmade stay at a venue with kiosks."""
    return Stay(
        venue,
        NO_ROOM,
        (hand.start[2], hand.end[0]),
        (hand.start[1], hand.end[1]),
        (hand.start[0], hand.end[2]),
    )


def _times(text: str, zone: ZoneInfo) -> tuple[int, int, int]:
    """Earliest, expected, latest; expected in the middle of two."""
    first, between, last = text.partition("~")
    earliest = parse(first, zone)
    latest = parse(last, zone) if between else earliest
    if latest < earliest:
        raise BadTime(
            f"{text[:60]!r}: cần SỚM NHẤT~MUỘN NHẤT theo thứ tự này / expected EARLIEST~LATEST in"
            " this order"
        )
    return earliest, (earliest + latest) // 2, latest


def _closing(
    place: str, start: tuple[int, int, int], closing: Closing | None
) -> tuple[int, int, int]:
    at = None if closing is None else closing(place, start[1])
    if at is None:
        raise BadTime(
            f"chưa biết giờ mở cửa của {place}: cần ghi giờ thay cho closing / opening hours of"
            f" {place} are not known: expected a time in place of closing"
        )
    return at, at, at
