"""From the queue to the line and back."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from kiosk import heads, queue_file
from kiosk.clock import FakeClock
from kiosk.courier import Courier
from kiosk.delivery import Delivery, Limits
from kiosk.errors import QueueError
from kiosk.heads import Heads
from kiosk.link import Connected, Lost, ReceiptCame, ServerStateCame
from kiosk.queue import Queue
from tests.kiosk.fakes import FakeLine
from wire import codec
from wire.presence import ServerState
from wire.receipts import Receipt, Refusal
from wire.records import MAX_BATCH_BYTES, Record, Sealed

LIMITS = Limits(
    window_batches=4, batch_records=50, resend_ms=10_000, resend_max_ms=60_000, spread_ms=0
)


class World:
    def __init__(self, folder: Path, *, batch_bytes: int = 131_072) -> None:
        self.folder = folder
        self.queue = Queue(folder, max_records=10_000)
        self.clock = FakeClock()
        self.line = FakeLine()
        self.delivery = Delivery(epoch=self.queue.epoch, limits=LIMITS, random=Random(0))
        self.courier = Courier(
            queue=self.queue,
            delivery=self.delivery,
            line=self.line,
            clock=self.clock,
            batch_bytes=batch_bytes,
            heads=Heads(folder),
        )

    def scan(self, count: int = 1, *, size: int = 10) -> None:
        for _ in range(count):
            self.queue.append(
                lambda counter: codec.encode(
                    Record(counter=counter, tracing=Sealed(sealing="hpke-1", box=b"x" * size))
                ),
                made_ms=self.clock.wall_ms,
            )

    def connect(self) -> None:
        self.courier.handle(Connected(session="s"))
        self.courier.send_due()

    def deliver_all(self) -> None:
        seen = 0
        while len(self.line.batches) > seen:
            batches = self.line.batches[seen:]
            seen += len(batches)
            for batch in batches:
                self.courier.handle(self.line.answer(batch))
            self.courier.send_due()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.queue.close()


def test_committed_bytes_are_published_as_they_are(world: World) -> None:
    world.scan()
    (pending,) = world.queue.pending(limit=1)
    world.connect()
    (batch,) = world.line.batches
    assert bytes(batch.records[0]) == pending.record
    assert batch.epoch == world.queue.epoch


def test_records_leave_the_queue_on_receipts_alone(world: World) -> None:
    world.scan(3)
    world.connect()
    assert world.queue.depth == 3
    world.deliver_all()
    assert world.queue.depth == 0
    assert len(world.line.stored) == 3


def test_a_backlog_is_delivered_in_batches(world: World) -> None:
    world.scan(160)
    world.connect()
    world.deliver_all()
    assert world.queue.depth == 0
    assert [len(batch.records) for batch in world.line.batches] == [50, 50, 50, 10]


def test_a_batch_never_exceeds_its_bytes(tmp_path: Path) -> None:
    world = World(tmp_path, batch_bytes=16_384)
    world.scan(60, size=3_000)
    world.connect()
    world.deliver_all()
    sizes = [len(raw) for _, raw in world.line.published]
    assert world.queue.depth == 0
    assert max(sizes) <= 16_384 <= MAX_BATCH_BYTES
    world.queue.close()


def test_a_batch_carries_the_clocks_and_the_last_receipts_time(world: World) -> None:
    world.scan()
    world.connect()
    world.courier.handle(world.line.answer(world.line.batches[0], server_ms=1_800_000_000_000))
    heard_ms = world.clock.mono_ms()
    world.clock.advance(ms=5_000)
    world.scan()
    world.courier.send_due()
    first, second = (batch.clock for batch in world.line.batches)
    assert (first.server_ms, first.server_mono_ms) == (None, None)
    assert (second.server_ms, second.server_mono_ms) == (1_800_000_000_000, heard_ms)
    assert (second.mono_ms, second.wall_ms) == (world.clock.mono_ms(), world.clock.wall_ms)
    assert second.boot == world.clock.boot


def test_a_refused_record_is_set_aside_with_the_servers_words(world: World) -> None:
    world.scan(2)
    world.connect()
    epoch = world.queue.epoch
    refusal = Refusal(epoch=epoch, counter=1, reason="conflict", detail="other content")
    receipt = Receipt(stored=[(epoch, 2, 2)], refused=[refusal])
    world.courier.handle(ReceiptCame(payload=codec.encode(receipt)))
    assert world.queue.depth == 0
    (kept,) = queue_file.look(world.folder).set_aside
    assert (kept.counter, kept.reason, kept.detail) == (1, "conflict", "other content")


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"stored": 5}', b"\xff" * 100])
def test_what_cannot_be_read_is_passed_over(world: World, payload: bytes) -> None:
    world.scan()
    world.connect()
    world.courier.handle(ReceiptCame(payload=payload))
    world.courier.handle(ServerStateCame(payload=payload))
    assert world.queue.depth == 1
    world.deliver_all()
    assert world.queue.depth == 0


def test_without_a_session_nothing_is_handed_over(world: World) -> None:
    world.scan()
    world.courier.send_due()
    assert world.line.published == []
    assert world.courier.wait_s() is None


def test_a_lost_session_is_taken_up_again(world: World) -> None:
    world.scan(5)
    world.connect()
    world.courier.handle(Lost())
    assert world.courier.health().session == ""
    world.connect()
    world.deliver_all()
    assert world.queue.depth == 0


def test_a_server_that_is_away_is_not_flooded(world: World) -> None:
    world.scan(120)
    state = ServerState(state="offline", session="x")
    world.courier.handle(Connected(session="s"))
    world.courier.handle(ServerStateCame(payload=codec.encode(state)))
    world.courier.send_due()
    assert len(world.line.batches) == 1


def test_a_line_that_takes_nothing_is_left_alone_for_a_while(world: World) -> None:
    world.scan()
    world.line.up = False
    world.connect()
    wait_s = world.courier.wait_s()
    assert wait_s is not None
    assert 5 <= wait_s <= 10
    world.line.up = True
    world.clock.advance(ms=10_000)
    world.courier.send_due()
    assert len(world.line.batches) == 1


def test_a_receipt_that_the_disk_refuses_is_applied_after_the_record_was_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_ranges: object) -> int:
        raise QueueError("read-only")

    world.scan(3)
    world.connect()
    with monkeypatch.context() as patch:
        patch.setattr(world.queue, "acknowledge", fail)
        world.deliver_all()
        assert world.queue.depth == 3
    world.clock.advance(ms=10_000)
    world.courier.send_due()
    world.deliver_all()
    assert world.queue.depth == 0
    assert len(world.line.batches) == 2


def test_a_damaged_record_holds_up_nobody(world: World) -> None:
    world.scan(5)
    database = sqlite3.connect(world.folder / queue_file.FILE)
    with database:
        database.execute("UPDATE pending SET record = x'00' WHERE counter IN (1, 3)")
    database.close()
    world.connect()
    world.deliver_all()
    assert (world.queue.depth, world.queue.set_aside_count) == (0, 2)
    assert sorted(counter for _, counter in world.line.stored) == [2, 4, 5]


def test_health_tells_of_the_queue(world: World) -> None:
    world.scan(2)
    world.connect()
    health = world.courier.health()
    assert (health.session, health.queue_depth) == ("s", 2)
    assert health.queue_oldest_ms == world.clock.wall_ms
    assert health.last_receipt_ms is None
    world.deliver_all()
    assert world.courier.health().last_receipt_ms == world.clock.wall_ms


def test_one_head_an_hour_of_the_servers_log_is_kept(world: World) -> None:
    world.connect()

    def receive(head: str) -> None:
        world.courier.handle(ReceiptCame(payload=codec.encode(Receipt(audit_head=head))))

    def kept() -> list[str]:
        return [line.split()[-1] for line in (world.folder / heads.FILE).read_text().splitlines()]

    receive("")
    receive("not a head\n" + "0" * 64)
    assert not (world.folder / heads.FILE).exists()
    receive("a" * 64)
    receive("b" * 64)
    assert kept() == ["a" * 64]
    world.clock.wall_ms += heads.HOUR_MS
    receive("c" * 64)
    assert kept() == ["a" * 64, "c" * 64]


def test_heads_do_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "MAX_LINES", 10)
    keeper = Heads(tmp_path)
    for hour in range(25):
        keeper.note(f"{hour:064x}", at_ms=hour * heads.HOUR_MS)
    lines = (tmp_path / heads.FILE).read_text().splitlines()
    assert len(lines) <= 10
    assert lines[-1].endswith(f"{24:064x}")


def test_a_disk_that_takes_no_head_takes_records_all_the_same(world: World) -> None:
    (world.folder / heads.FILE).mkdir()
    world.scan()
    world.connect()
    world.deliver_all()
    receipt = Receipt(audit_head="a" * 64)
    world.courier.handle(ReceiptCame(payload=codec.encode(receipt)))
    assert world.queue.depth == 0
