"""Carries records from the queue to the link and receipts back, as `kiosk.delivery` says.

For one thread, which is not the one that answers visitors: a slow network never delays an answer.
"""

import logging
from typing import Final, Protocol

import msgspec

from kiosk.clock import Clock
from kiosk.delivery import Delivery, Settled
from kiosk.errors import QueueDamaged, QueueError
from kiosk.heads import Heads
from kiosk.health import DeliveryHealth
from kiosk.link import Connected, LinkEvent, Lost, ReceiptCame, ServerStateCame
from kiosk.queue import Pending, Queue
from wire import codec
from wire.errors import WireError
from wire.presence import Health, ServerState
from wire.receipts import Receipt
from wire.records import Batch, BatchClock

ENVELOPE_BYTES: Final = 512
"""More than a batch needs besides its records."""

_log = logging.getLogger(__name__)


class Line(Protocol):
    """What the courier needs of a link."""

    def publish(self, channel: str, payload: bytes, *, qos: int = 1) -> bool:
        """Hand over, or False at once where that is not possible now."""
        ...


class Courier:
    """Delivery of one queue over one link."""

    def __init__(
        self,
        *,
        queue: Queue,
        delivery: Delivery,
        line: Line,
        clock: Clock,
        batch_bytes: int,
        heads: Heads,
    ) -> None:
        self._queue = queue
        self._heads = heads
        self._delivery = delivery
        self._line = line
        self._clock = clock
        self._batch_bytes = batch_bytes
        self._session = ""
        self._server_ms: int | None = None
        self._server_mono_ms: int | None = None
        self._receipt_ms: int | None = None

    @property
    def session(self) -> str:
        """The link's current session; empty without one."""
        return self._session

    def handle(self, event: LinkEvent) -> None:
        """Take in what the link reports. Raises QueueDamaged; other disk errors are retried."""
        now_ms = self._clock.mono_ms()
        match event:
            case Connected(session=session):
                self._session = session
                self._delivery.connected(now_ms=now_ms)
            case Lost():
                self._session = ""
                self._delivery.disconnected()
            case ReceiptCame(payload=payload):
                self._receipt(payload, now_ms)
            case ServerStateCame(payload=payload):
                try:
                    state = codec.decode(payload, ServerState)
                except WireError as problem:
                    _log.warning("a server state that cannot be read: %s", problem)
                    return
                self._delivery.server_state(state, now_ms=now_ms)

    def send_due(self) -> None:
        """Send what may be sent now. Raises QueueDamaged; other disk errors are retried."""
        moment = self._clock.now()
        try:
            while (wanted := self._delivery.wanted(now_ms=moment.mono_ms)) is not None:
                rows = self._queue.pending(
                    after=wanted.after, limit=wanted.limit, at_ms=moment.wall_ms
                )
                if not rows:
                    if self._delivery.exhausted():
                        continue
                    return
                rows = self._that_fit(rows)
                if not self._line.publish("scans", self._batch(rows)):
                    self._delivery.set_back(now_ms=moment.mono_ms)
                    return
                self._delivery.sent([row.counter for row in rows], now_ms=moment.mono_ms)
        except QueueDamaged:
            raise
        except QueueError as problem:
            _log.error("the queue cannot be read: %s", problem)
            self._delivery.set_back(now_ms=moment.mono_ms)

    def wait_s(self) -> float | None:
        """Seconds until there may be something to send though nothing happens; None: never."""
        now_ms = self._clock.mono_ms()
        next_ms = self._delivery.next_ms(now_ms=now_ms)
        return None if next_ms is None else (next_ms - now_ms) / 1000

    def send_health(self, health: Health) -> None:
        """Publish `health`; without a session it is left out."""
        self._line.publish("health", codec.encode(health), qos=0)

    def health(self) -> DeliveryHealth:
        """How delivery does. Raises QueueError."""
        return DeliveryHealth(
            session=self._session,
            queue_depth=self._queue.depth,
            queue_oldest_ms=self._queue.oldest_made_ms(),
            set_aside=self._queue.set_aside_count,
            last_receipt_ms=self._receipt_ms,
        )

    def _receipt(self, payload: bytes, now_ms: int) -> None:
        try:
            receipt = codec.decode(payload, Receipt)
        except WireError as problem:
            _log.warning("a receipt that cannot be read: %s", problem)
            return
        moment = self._clock.now()
        self._receipt_ms = moment.wall_ms
        if receipt.server_ms > 0:
            self._server_ms, self._server_mono_ms = receipt.server_ms, moment.mono_ms
        self._heads.note(receipt.audit_head, at_ms=moment.wall_ms)
        settled = self._delivery.receipt(receipt, now_ms=now_ms)
        try:
            self._settle(settled, at_ms=moment.wall_ms)
        except QueueDamaged:
            raise
        except QueueError as problem:
            _log.error(
                "a receipt could not be applied, its records will be sent again: %s", problem
            )
            self._delivery.set_back(now_ms=now_ms)

    def _settle(self, settled: Settled, *, at_ms: int) -> None:
        if settled.stored:
            self._queue.acknowledge(settled.stored)
        for refusal in settled.refused:
            if self._queue.set_aside(
                refusal.counter, reason=refusal.reason, detail=refusal.detail, at_ms=at_ms
            ):
                _log.error(
                    "the server refuses record %d: %s; it is set aside, see `kiosk queue`",
                    refusal.counter,
                    refusal.reason,
                )

    def _that_fit(self, rows: list[Pending]) -> list[Pending]:
        """The first rows that make one batch together; at least one."""
        size = ENVELOPE_BYTES
        for number, row in enumerate(rows):
            size += len(row.record) + 1
            if number and size > self._batch_bytes:
                return rows[:number]
        return rows

    def _batch(self, rows: list[Pending]) -> bytes:
        moment = self._clock.now()
        clock = BatchClock(
            boot=moment.boot,
            mono_ms=moment.mono_ms,
            wall_ms=moment.wall_ms,
            synced=moment.synced,
            server_ms=self._server_ms,
            server_mono_ms=self._server_mono_ms,
        )
        records = [msgspec.Raw(row.record) for row in rows]
        return codec.encode(Batch(epoch=self._queue.epoch, clock=clock, records=records))
