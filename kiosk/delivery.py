"""When to send which records, and what a receipt settles: pure, no network, no disk, no clock.

The queue is passed over from its oldest record to its end in batches. What was not answered in time
is sent again in a later pass, so a record that never gets an answer cannot hold up the others.
While nothing is answered one small batch at a time is tried, ever more rarely.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from wire.presence import OFFLINE, ONLINE, ServerState
from wire.receipts import Receipt, Refusal

Range = tuple[int, int]
"""First and last counter, both included."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much and how often; kiosk.toml's [delivery] in milliseconds."""

    window_batches: int
    batch_records: int
    resend_ms: int
    resend_max_ms: int
    spread_ms: int


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to take out of the queue for the next batch."""

    after: int
    limit: int


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What a receipt says about records that were sent."""

    stored: tuple[Range, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclass
class _Batch:
    counters: set[int]
    sent_ms: int


class Delivery:
    """The state of delivery for one queue file. Times are milliseconds of the boot's clock."""

    def __init__(self, *, epoch: str, limits: Limits, random: Random) -> None:
        self._epoch: Final = epoch
        self._limits: Final = limits
        self._random: Final = random
        self._connected = False
        self._server_session: str | None = None
        self._server_away = False
        self._in_flight: list[_Batch] = []
        self._sent: list[Range] = []
        self._cursor = 0
        self._missed = False
        """Whether this pass left records behind that must be sent again."""
        self._progress = False
        """Whether this pass got any answer."""
        self._window = 1
        self._failures = 0
        self._failed_ms = 0
        self._resume_ms = 0

    @property
    def in_flight(self) -> int:
        """Batches sent and not yet answered."""
        return len(self._in_flight)

    @property
    def failures(self) -> int:
        """Batches in a row that nobody answered."""
        return self._failures

    def connected(self, *, now_ms: int) -> None:
        """A session with the broker stands."""
        self._connected = True
        self._server_session = None
        self._server_away = False
        self._window = 1
        self._resume_ms = now_ms

    def disconnected(self) -> None:
        """The session is over; what was in flight may be lost, or may be what ended it."""
        self._connected = False
        if self._in_flight:
            self._failures += 1
        self._give_up_in_flight()

    def server_state(self, state: ServerState, *, now_ms: int) -> None:
        """The server says it is there, or the broker says it is gone."""
        if state.state == ONLINE:
            back = self._server_away or self._failures > 0
            self._server_session = state.session
            self._server_away = False
            if back:
                self._give_up_in_flight()
                self._failures = 0
                self._resume_ms = now_ms + int(self._random.uniform(0, self._limits.spread_ms))
        elif state.state == OFFLINE and self._server_session in (None, state.session):
            # Another session's "offline" is an old will, published after the new birth.
            self._server_away = True

    def wanted(self, *, now_ms: int) -> Wanted | None:
        """What to send next, or None where nothing may be sent now."""
        self._expire(now_ms)
        if not self._connected or now_ms < self._resume_ms:
            return None
        if len(self._in_flight) >= (1 if self._trying else self._window):
            return None
        if self._missed and self._progress:
            if self._in_flight:
                return None
            self._begin_pass()
        # A batch that nobody answers is halved: should its size be the trouble, that ends it.
        limit = self._limits.batch_records >> min(self._failures, 16)
        return Wanted(after=self._cursor, limit=max(1, limit))

    def exhausted(self) -> bool:
        """The queue had nothing after the cursor; True where `wanted` is worth asking again."""
        if self._in_flight or not self._missed or self._cursor == 0:
            return False
        self._begin_pass()
        return True

    def sent(self, counters: Sequence[int], *, now_ms: int) -> None:
        """A batch of these records, the first that `wanted` asked for, was handed to the link."""
        last = counters[-1]
        self._note_sent((self._cursor + 1, last))
        self._cursor = last
        self._in_flight.append(_Batch(counters=set(counters), sent_ms=now_ms))

    def set_back(self, *, now_ms: int) -> None:
        """A batch could not be handed over, or a receipt not be applied: try later."""
        self._missed = True
        self._fail(now_ms)

    def receipt(self, receipt: Receipt, *, now_ms: int) -> Settled:
        """What `receipt` settles among the records that were sent; all else in it is ignored."""
        stored = [
            part
            for epoch, first, last in receipt.stored
            if epoch == self._epoch
            for part in self._overlap(first, last)
        ]
        refused = [
            refusal
            for refusal in receipt.refused
            if refusal.epoch == self._epoch and self._overlap(refusal.counter, refusal.counter)
        ]
        if not stored and not refused:
            return Settled()
        settled = [*stored, *((each.counter, each.counter) for each in refused)]
        for batch in self._in_flight:
            batch.counters = {
                counter
                for counter in batch.counters
                if not any(first <= counter <= last for first, last in settled)
            }
        answered = [batch for batch in self._in_flight if not batch.counters]
        self._in_flight = [batch for batch in self._in_flight if batch.counters]
        self._progress = True
        if answered or self._failures:
            self._window = min(self._limits.window_batches, self._window + max(1, len(answered)))
        self._failures = 0
        self._server_away = False
        self._resume_ms = min(self._resume_ms, now_ms)
        return Settled(stored=tuple(stored), refused=tuple(refused))

    def next_ms(self, *, now_ms: int) -> int | None:
        """When `wanted` may answer otherwise though nothing happened; None: never."""
        times = [batch.sent_ms + self._limits.resend_ms for batch in self._in_flight]
        if self._connected:
            times.append(self._resume_ms)
        return min((each for each in times if each > now_ms), default=None)

    @property
    def _trying(self) -> bool:
        return self._server_away or self._failures > 0

    def _expire(self, now_ms: int) -> None:
        before_ms = now_ms - self._limits.resend_ms
        late = [batch for batch in self._in_flight if batch.sent_ms <= before_ms]
        if not late:
            return
        self._in_flight = [batch for batch in self._in_flight if batch.sent_ms > before_ms]
        self._missed = True
        # Batches that went out together and were lost together are one failure.
        if any(batch.sent_ms >= self._failed_ms for batch in late):
            self._fail(now_ms)

    def _fail(self, now_ms: int) -> None:
        self._window = 1
        self._failures += 1
        self._failed_ms = now_ms
        longest = min(
            self._limits.resend_max_ms, self._limits.resend_ms << min(self._failures - 1, 16)
        )
        self._resume_ms = now_ms + int(self._random.uniform(longest / 2, longest))

    def _give_up_in_flight(self) -> None:
        self._missed = self._missed or bool(self._in_flight)
        self._in_flight.clear()

    def _begin_pass(self) -> None:
        self._cursor = 0
        self._missed = False
        self._progress = False

    def _note_sent(self, new: Range) -> None:
        merged: list[Range] = []
        for first, last in sorted([*self._sent, new]):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        self._sent = merged

    def _overlap(self, first: int, last: int) -> list[Range]:
        return [
            (max(first, low), min(last, high))
            for low, high in self._sent
            if max(first, low) <= min(last, high)
        ]
