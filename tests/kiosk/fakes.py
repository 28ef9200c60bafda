"""A server's ear and tongue without a broker, and helpers around a kiosk's parts."""

import hashlib

from kiosk.link import ReceiptCame
from wire import codec
from wire.receipts import Receipt, ranges
from wire.records import Batch


class FakeLine:
    """A link that keeps what is published and answers as a server would."""

    def __init__(self, *, up: bool = True) -> None:
        self.up = up
        self.published: list[tuple[str, bytes]] = []
        self.stored: dict[tuple[str, int], str] = {}
        """Digest by epoch and counter."""

    def publish(self, channel: str, payload: bytes, *, qos: int = 1) -> bool:
        assert qos == (0 if channel == "health" else 1)
        if self.up:
            self.published.append((channel, payload))
        return self.up

    @property
    def batches(self) -> list[Batch]:
        return [codec.decode_batch(raw) for channel, raw in self.published if channel == "scans"]

    def answer(self, batch: Batch, *, server_ms: int = 0) -> ReceiptCame:
        """Store `batch` and give its receipt."""
        counters = []
        for raw in batch.records:
            record = codec.decode_record(raw)
            digest = hashlib.sha256(bytes(raw)).hexdigest()
            assert self.stored.setdefault((batch.epoch, record.counter), digest) == digest
            counters.append(record.counter)
        receipt = Receipt(stored=ranges(batch.epoch, counters), server_ms=server_ms)
        return ReceiptCame(payload=codec.encode(receipt))
