"""The guard's button at the door: people without a code, counted with whom they came."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.errors import QueueDamaged, QueueError
from kiosk.hardware.ports import Answer, Notice
from tests.kiosk import codes
from tests.kiosk.test_door import World
from wire.records import COMPANIONS, MAX_COMPANIONS, TracingPart


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def press(world: World, signs: str) -> None:
    for sign in signs:
        world.companions.add() if sign == "+" else world.companions.take_back()
    world.show(None)


def counted(world: World) -> list[TracingPart]:
    parts = [
        world.bundle.open(pending.record, epoch=world.queue.epoch)[0]
        for pending in world.queue.pending(limit=1000)
    ]
    return [part for part in parts if part.kind == COMPANIONS]


def test_a_press_is_a_record_of_its_own_that_names_the_scan_and_nobody(world: World) -> None:
    world.show(codes.CARD)
    press(world, "++")
    assert world.queue.depth == 3
    assert counted(world) == [TracingPart(kind=COMPANIONS, companions=1, of=1)] * 2
    assert world.signals.shown == [Answer.GO, Notice.ADDED, Notice.ADDED]
    assert world.woken == 3


def test_the_journal_has_its_line_before_the_guard_is_told(world: World) -> None:
    world.show(codes.CARD)
    press(world, "+")
    record = world.queue.pending(limit=2)[1].record
    assert world.lines[1] == {
        "epoch": world.queue.epoch,
        "counter": 2,
        "digest": hashlib.sha256(record).hexdigest(),
        "answer": "companions",
        "reason": "+1",
        "of": 1,
        "at_ms": world.clock.wall_ms,
    }
    assert world.signals.on_disk == [(1, 1), (2, 2)]


def test_a_long_press_takes_the_last_one_back_and_no_more_than_came(world: World) -> None:
    world.show(codes.CARD)
    press(world, "+--")
    assert [part.companions for part in counted(world)] == [1, -1]
    assert world.signals.shown == [Answer.GO, Notice.ADDED, Notice.TAKEN_BACK]


def test_companions_belong_to_the_visitor_accepted_last(world: World) -> None:
    world.show(codes.CARD)
    press(world, "+")
    world.show(codes.CCCD)
    press(world, "+")
    assert [part.of for part in counted(world)] == [1, 3]


def test_without_a_scan_a_press_counts_nothing_and_tells_nothing(world: World) -> None:
    press(world, "+-")
    assert (world.queue.depth, world.signals.shown, world.lines) == (0, [], [])


def test_a_press_counts_within_a_minute_of_the_scan_or_of_the_last_press(world: World) -> None:
    world.show(codes.CARD)
    world.clock.advance(ms=59_000)
    press(world, "+")
    world.clock.advance(ms=59_000)
    press(world, "+")
    world.clock.advance(ms=60_000)
    press(world, "+")
    assert len(counted(world)) == 2


def test_a_code_that_comes_back_into_view_keeps_its_companions(world: World) -> None:
    world.show(codes.CARD)
    world.show(None, for_ms=1_500)
    world.show(codes.CARD)
    press(world, "+")
    assert [part.of for part in counted(world)] == [1]


def test_after_another_visitors_repeat_a_press_counts_for_nobody_else(world: World) -> None:
    world.show(codes.CARD)
    world.show(codes.CCCD)
    world.show(None, for_ms=1_500)
    world.show(codes.CARD)
    press(world, "+")
    assert counted(world) == []


def test_nobody_comes_with_more_companions_than_the_contract_allows(world: World) -> None:
    world.show(codes.CARD)
    press(world, "+" * (MAX_COMPANIONS + 3))
    assert len(counted(world)) == MAX_COMPANIONS


def test_a_press_that_cannot_be_recorded_is_red(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise QueueError("attempt to write a readonly database")

    world.show(codes.CARD)
    with monkeypatch.context() as patch:
        patch.setattr(world.queue, "append", fail)
        press(world, "+")
    assert world.signals.shown == [Answer.GO, Answer.BROKEN]
    press(world, "-")
    assert counted(world) == []


def test_a_damaged_queue_ends_the_door_at_a_press_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise QueueDamaged("database disk image is malformed")

    world.show(codes.CARD)
    monkeypatch.setattr(world.queue, "append", fail)
    with pytest.raises(QueueDamaged):
        press(world, "+")
