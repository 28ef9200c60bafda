"""Before the camera: who is answered what, and what stands on the disk by then."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.clock import FakeClock
from kiosk.companions import Companions
from kiosk.credentials.proofs import Proofs
from kiosk.door import Door
from kiosk.errors import QueueDamaged, QueueError
from kiosk.hardware.fakes import FakeDecoder, RecordingSignals, blank, painted
from kiosk.hardware.ports import Answer, Decoder, Frame, Notice, Typed
from kiosk.health import Vitals
from kiosk.journal import Journal
from kiosk.queue import Queue
from kiosk.scanning.decision import Policy
from kiosk.scanning.pipeline import Pipeline
from kiosk.scanning.reader import Reader
from kiosk.scanning.record import Sealer
from kiosk.scanning.repeats import Repeats, View
from kiosk.scanning.spelling import Speller
from tests.kiosk import codes
from tests.kiosk.bundle import make_bundle
from tests.kiosk.strokes import typed


class WitnessingSignals(RecordingSignals):
    """Notes what was on the disk at the moment of each signal."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.on_disk: list[tuple[int, int]] = []
        """Committed records and journal lines, per signal."""

    def show(self, answer: Answer | Notice) -> None:
        super().show(answer)
        other = sqlite3.connect(self._folder / "queue.sqlite3")
        (count,) = other.execute("SELECT count(*) FROM pending").fetchone()
        other.close()
        lines = len((self._folder / "journal.jsonl").read_text().splitlines())
        self.on_disk.append((count, lines))


class World:
    def __init__(
        self,
        folder: Path,
        *,
        tickets: bool = False,
        max_records: int = 100,
        decoder: Decoder | None = None,
    ) -> None:
        self.bundle = make_bundle(folder / "bundle")
        self.data = folder / "data"
        self.queue = Queue(self.data, max_records=max_records)
        self.journal = Journal(self.data / "journal.jsonl", max_bytes=100_000)
        self.signals = WitnessingSignals(self.data)
        self.clock = FakeClock()
        self.vitals = Vitals()
        self.companions = Companions(within_ms=60_000)
        self.woken = 0
        keyset = self.bundle.keyset
        self.door = Door(
            reader=Reader(
                Pipeline([decoder or FakeDecoder()]), Proofs(card_keys=keyset.card_keys())
            ),
            speller=Speller(Proofs(card_keys=keyset.card_keys()), layout="us"),
            policy=Policy(
                accept=frozenset({"card", "national", "cccd", "can_cuoc"}), tickets=tickets
            ),
            repeats=Repeats(key=bytes(32), ttl_ms=120_000, limit=100),
            view=View(key=bytes(32), leave_ms=1000),
            sealer=Sealer(
                kiosk="cho-mau-1",
                epoch=self.queue.epoch,
                direction="in",
                ingest=keyset.ingest_key(),
                vault=keyset.vault_key(),
            ),
            queue=self.queue,
            journal=self.journal,
            signals=self.signals,
            clock=self.clock,
            vitals=self.vitals,
            companions=self.companions,
            recorded=self._wake,
        )

    def _wake(self) -> None:
        self.woken += 1

    def show(self, text: str | None, *, for_ms: int = 100) -> None:
        """Hold `text` (None: nothing) before the camera, ten frames a second."""
        luma = blank(width=200) if text is None else painted(text.encode(), width=200)
        for _ in range(for_ms // 100):
            self.clock.advance(ms=100)
            self.door.look(Frame(luma=luma, taken_ns=self.clock.mono_ms() * 1_000_000))

    @property
    def lines(self) -> list[dict[str, object]]:
        text = (self.data / "journal.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def close(self) -> None:
        self.queue.close()
        self.journal.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_success_is_signalled_after_commit_and_journal(world: World) -> None:
    for text in (codes.NATIONAL, codes.CCCD, codes.CARD):
        world.show(text)
    assert world.signals.shown == [Answer.GO] * 3
    assert world.signals.on_disk == [(1, 1), (2, 2), (3, 3)]
    assert world.woken == 3


def test_the_journal_names_the_committed_record_by_its_digest(world: World) -> None:
    world.show(codes.NATIONAL)
    (line,) = world.lines
    (pending,) = world.queue.pending(limit=1)
    assert line == {
        "epoch": world.queue.epoch,
        "counter": 1,
        "digest": hashlib.sha256(pending.record).hexdigest(),
        "answer": "accepted",
        "at_ms": world.clock.wall_ms,
    }


def test_ingest_and_vault_can_open_what_was_committed(world: World) -> None:
    world.show(codes.NATIONAL)
    (pending,) = world.queue.pending(limit=1)
    tracing, identity = world.bundle.open(pending.record, epoch=world.queue.epoch)
    assert tracing.keys[0].space == "qid"
    assert identity is not None
    assert identity.name == "NGUYEN VAN MAU"


def test_a_code_that_stays_in_view_is_answered_once(world: World) -> None:
    world.show(codes.CARD, for_ms=30_000)
    assert world.signals.shown == [Answer.GO]
    assert world.queue.depth == 1
    assert world.vitals.frames == 300


def test_a_repeat_within_two_minutes_is_answered_again_without_a_new_record(world: World) -> None:
    world.show(codes.CARD)
    world.show(None, for_ms=1_500)
    world.show(codes.CARD)
    assert world.signals.shown == [Answer.GO, Answer.GO]
    assert world.queue.depth == 1
    assert [line["answer"] for line in world.lines] == ["accepted", "repeat"]


def test_the_same_visitor_after_two_minutes_is_a_new_record(world: World) -> None:
    world.show(codes.CARD)
    world.clock.advance(ms=120_000)
    world.show(codes.CARD)
    assert world.queue.depth == 2


def test_a_refusal_is_told_and_recorded_nowhere_but_in_the_journal(world: World) -> None:
    world.show(codes.UNKNOWN["payment"])
    assert world.signals.shown == [Answer.AGAIN]
    assert world.queue.depth == 0
    (line,) = world.lines
    assert line["answer"] == "refused"
    assert line["reason"] == "payment"


def test_tickets_are_recorded_where_the_venue_takes_them(tmp_path: Path) -> None:
    world = World(tmp_path, tickets=True)
    world.show(codes.UNKNOWN["text"])
    world.show(codes.UNKNOWN["place"])
    assert world.signals.shown == [Answer.GO, Answer.AGAIN]
    world.close()


def test_an_empty_frame_says_nothing(world: World) -> None:
    world.show(None, for_ms=1_000)
    assert world.signals.shown == []
    assert world.lines == []


def test_a_commit_that_fails_is_red_and_never_a_success(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise QueueError("attempt to write a readonly database")

    with monkeypatch.context() as patch:
        patch.setattr(world.queue, "append", fail)
        world.show(codes.CARD)
    assert world.signals.shown == [Answer.BROKEN]
    assert world.woken == 0
    assert world.lines[0]["answer"] == "broken"
    world.show(None, for_ms=1_500)
    world.show(codes.CARD)
    assert world.signals.shown == [Answer.BROKEN, Answer.GO]
    assert world.queue.depth == 1


def test_a_disk_gone_read_only_is_red(world: World) -> None:
    database = world.queue._database
    database.execute("PRAGMA query_only = 1")
    world.show(codes.CARD)
    assert world.signals.shown == [Answer.BROKEN]
    database.execute("PRAGMA query_only = 0")


def test_a_full_queue_is_red(tmp_path: Path) -> None:
    world = World(tmp_path, max_records=1)
    world.show(codes.CARD)
    world.show(codes.CCCD)
    assert world.signals.shown == [Answer.GO, Answer.BROKEN]
    assert world.lines[1] == {"answer": "broken", "reason": "full", "at_ms": world.clock.wall_ms}
    world.close()


def test_a_journal_that_cannot_be_written_is_red(world: World) -> None:
    world.journal.close()
    world.show(codes.CARD)
    assert world.signals.shown == [Answer.BROKEN]
    world.journal = Journal(world.data / "journal.jsonl", max_bytes=100_000)


def test_a_damaged_database_is_red_and_ends_the_door(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise QueueDamaged("database disk image is malformed")

    monkeypatch.setattr(world.queue, "append", fail)
    with pytest.raises(QueueDamaged):
        world.show(codes.CARD)
    assert world.signals.shown == [Answer.BROKEN]


def test_a_code_too_long_for_a_record_is_shown_again(tmp_path: Path) -> None:
    world = World(tmp_path, tickets=False)
    # Control characters take six bytes each in JSON; a code cannot hold so many visible ones.
    text = codes.CCCD.replace("Số 1", "\x01" * 1900)
    luma = painted(text.encode(), width=200)
    world.door.look(Frame(luma=luma, taken_ns=1))
    assert world.signals.shown == [Answer.AGAIN]
    assert world.lines[0]["reason"] == "too_large"
    assert world.queue.depth == 0
    world.close()


def test_nothing_out_of_a_code_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    for text in (codes.NATIONAL, codes.CCCD, codes.CAN_CUOC, codes.CARD, *codes.UNKNOWN.values()):
        world.show(text)
    assert len(caplog.records) >= 10
    for secret in ("MAU", "Mẫu", "0900000001", "160000000000000001", "001090000001", "Vé số"):
        assert secret not in caplog.text


def test_a_code_from_a_scanner_is_answered_as_one_from_a_camera(world: World) -> None:
    strokes = tuple(typed(codes.CARD + "\n", layout="de"))
    decision = world.door.hear(Typed(strokes=strokes, taken_ns=1_000_000))
    assert decision is not None
    assert decision.answer is Answer.GO
    assert world.door.hear(Typed(strokes=strokes, taken_ns=300_000_000)) is None
    misread = tuple(typed(codes.CARD[:-1] + "\n"))
    decision = world.door.hear(Typed(strokes=misread, taken_ns=600_000_000))
    assert decision is not None
    assert decision.answer is Answer.AGAIN
    assert world.queue.depth == 1


def test_a_scanner_that_is_alive_counts_as_a_fresh_frame(world: World) -> None:
    assert world.door.hear(Typed(taken_ns=1)) is None
    assert world.vitals.frames == 1
    assert world.signals.shown == []
