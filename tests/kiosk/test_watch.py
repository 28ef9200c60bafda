"""The camera: opened, lost, opened again."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep

import pytest

from kiosk.errors import CameraError, ConfigError, QueueDamaged
from kiosk.hardware.fakes import FakeCamera, RecordingSignals, blank
from kiosk.hardware.ports import Answer, Camera, Frame, Scanner, Typed
from kiosk.health import Vitals
from kiosk.watch import Watch


class CountingDoor:
    def __init__(self, vitals: Vitals) -> None:
        self.vitals = vitals
        self.error: Exception | None = None
        self.heard: list[Typed] = []

    def hear(self, typed: Typed) -> None:
        self.heard.append(typed)
        self.vitals.frame(decode_ms=1.0, now_ms=0)

    def look(self, _frame: Frame) -> None:
        self.vitals.frame(decode_ms=1.0, now_ms=0)
        if self.error is not None:
            raise self.error


class LiveCamera(FakeCamera):
    """Gives some frames and then fails, as a camera does whose cable is loose."""

    finite = False


class StalledCamera:
    """Never gives a frame, and notices its end only when closed."""

    finite = False

    def __init__(self) -> None:
        self.closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        self.closed.wait(30)
        yield from ()

    def close(self) -> None:
        self.closed.set()


class World:
    def __init__(self, open_camera: Callable[[], Camera | Scanner]) -> None:
        self.vitals = Vitals()
        self.door = CountingDoor(self.vitals)
        self.signals = RecordingSignals()
        self.over = threading.Event()
        self.opened = 0
        self._open_camera = open_camera
        self.watch = Watch(
            self.door,  # type: ignore[arg-type]
            open_camera=self._open,
            signals=self.signals,
            vitals=self.vitals,
            restart_s=0.01,
            restart_max_s=0.05,
            over=self.over.set,
        )

    def _open(self) -> Camera:
        self.opened += 1
        return self._open_camera()

    @property
    def restarts(self) -> int:
        return self.vitals.take(now_ms=0).camera_restarts


def _until(true: Callable[[], bool]) -> None:
    give_up_s = monotonic() + 10
    while not true():
        assert monotonic() < give_up_s
        sleep(0.005)


def test_a_finite_camera_ends_well() -> None:
    world = World(lambda: FakeCamera([blank()] * 5))
    world.watch.start()
    assert world.over.wait(5)
    assert world.watch.close()
    assert (world.vitals.frames, world.opened) == (5, 1)
    assert world.watch.ended_well


def test_a_live_camera_that_fails_is_opened_again_and_reported() -> None:
    world = World(lambda: LiveCamera([blank(), CameraError("no frame for 2 s")]))
    world.watch.start()
    _until(lambda: world.vitals.frames >= 4)
    assert world.watch.close()
    assert world.restarts >= 3
    assert world.signals.shown[0] is Answer.BROKEN


def test_a_live_camera_that_just_ends_is_opened_again() -> None:
    world = World(lambda: LiveCamera([blank()]))
    world.watch.start()
    _until(lambda: world.opened >= 3)
    assert world.watch.close()


def test_a_camera_that_is_absent_at_the_start_is_waited_for() -> None:
    attempts = iter([CameraError("absent")] * 3)

    def open_camera() -> Camera:
        problem = next(attempts, None)
        if problem is not None:
            raise problem
        return FakeCamera([blank()])

    world = World(open_camera)
    world.watch.start()
    assert world.over.wait(5)
    world.watch.close()
    assert (world.opened, world.restarts) == (4, 3)
    assert world.watch.ended_well
    assert world.signals.shown == [Answer.BROKEN]


def test_a_camera_that_cannot_be_is_said_at_once() -> None:
    def open_camera() -> Camera:
        raise ConfigError("camera.source: no folder")

    world = World(open_camera)
    with pytest.raises(ConfigError):
        world.watch.start()
    assert world.watch.close()


def test_a_finite_camera_that_fails_is_the_end() -> None:
    world = World(lambda: FakeCamera([blank(), CameraError("the file is gone")]))
    world.watch.start()
    assert world.over.wait(5)
    world.watch.close()
    assert not world.watch.ended_well
    assert world.watch.failure == "the file is gone"


def test_a_damaged_queue_is_the_end() -> None:
    world = World(lambda: LiveCamera([blank()]))
    world.door.error = QueueDamaged("malformed")
    world.watch.start()
    assert world.over.wait(5)
    world.watch.close()
    assert world.watch.failure == "malformed"


def test_a_stalled_camera_does_not_hold_up_the_end() -> None:
    camera = StalledCamera()
    world = World(lambda: camera)
    world.watch.start()
    began_s = monotonic()
    assert world.watch.close()
    assert monotonic() - began_s < 2
    assert world.vitals.frames == 0


class PluggedScanner:
    """Types one code and is pulled out."""

    finite = False

    def frames(self) -> Iterator[Typed]:
        yield Typed(taken_ns=1)
        yield Typed(strokes=((30, True), (30, False)), taken_ns=2)
        raise CameraError("gone; was it unplugged?")

    def close(self) -> None: ...


def test_a_scanner_is_heard_and_opened_again_after_it_was_unplugged() -> None:
    world = World(PluggedScanner)
    world.watch.start()
    deadline_s = monotonic() + 5
    while len(world.door.heard) < 4 and monotonic() < deadline_s:
        sleep(0.01)
    assert world.watch.close()
    assert [each.taken_ns for each in world.door.heard[:4]] == [1, 2, 1, 2]
    assert world.vitals.frames >= 4
    assert world.vitals.take(now_ms=0).camera_restarts >= 1
