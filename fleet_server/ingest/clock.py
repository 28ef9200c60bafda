"""When a scan really happened, as far as the evidence says. Pure.

A kiosk has no battery clock. Until the network has told it the time, its wall clock goes on from
the last moment it wrote down, so it can only be behind.
"""

from typing import NamedTuple

from wire.records import BatchClock, Record


class Times(NamedTuple):
    """ms since 1970 UTC; earliest ≤ corrected ≤ latest ≤ the time of receipt."""

    corrected: int
    earliest: int
    latest: int


def correct(record: Record, clock: BatchClock, received_ms: int) -> Times:
    """The best estimate and its bounds, from the record, its batch's clocks and the receipt."""
    if record.synced:
        return _exactly(record.wall_ms, received_ms)
    if record.boot and record.boot == clock.boot:
        return _same_boot(record, clock, received_ms)
    return _earlier_boot(record, clock, received_ms)


def _same_boot(record: Record, clock: BatchClock, received_ms: int) -> Times:
    age_ms = clock.mono_ms - record.mono_ms
    if clock.synced:
        return _exactly(clock.wall_ms - age_ms, received_ms)
    latest = received_ms - age_ms
    if clock.server_ms is None or clock.server_mono_ms is None:
        return _within(record.wall_ms, latest, latest, received_ms)
    # A receipt is heard soon after it is made, while a batch may have waited at the broker: where
    # the two bounds lie apart, the truth is near the lower one.
    heard = clock.server_ms - (clock.server_mono_ms - record.mono_ms)
    return _within(max(heard, record.wall_ms), heard, latest, received_ms)


def _earlier_boot(record: Record, clock: BatchClock, received_ms: int) -> Times:
    """Made before the kiosk was last switched on, which was this long before the batch."""
    sent_ms = min(clock.wall_ms, received_ms) if clock.synced else received_ms
    return _within(record.wall_ms, record.wall_ms, sent_ms - clock.mono_ms, received_ms)


def _exactly(at_ms: int, received_ms: int) -> Times:
    return _within(at_ms, at_ms, at_ms, received_ms)


def _within(earliest: int, corrected: int, latest: int, received_ms: int) -> Times:
    """Bounds that contradict each other give way to the later one, the server's own evidence."""
    latest = max(0, min(latest, received_ms))
    earliest = max(0, min(earliest, latest))
    return Times(max(earliest, min(corrected, latest)), earliest, latest)
