"""A whole kiosk on made-up hardware, with a real broker and a small server."""

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk import queue_file
from kiosk.app import App
from kiosk.assembly import assembled
from kiosk.equipment import Hardware
from kiosk.errors import CameraError, ConfigError, QueueError
from kiosk.hardware.fakes import FakeCamera, FakeDecoder, RecordingSignals, blank, painted
from kiosk.hardware.ports import Answer, Camera, Frame, Luma
from tests.kiosk import codes
from tests.kiosk.bundle import Bundle, make_bundle
from tests.kiosk.listener import Listener, SmallServer
from tests.support.brokers import Broker
from wire import codec
from wire.presence import Health

FAST = """
[policy]
tickets = true
[delivery]
resend_s = 1
resend_max_s = 2
reconnect_s = 1
reconnect_max_s = 1
spread_s = 0
"""


class LiveCamera:
    """Shows what it is told to until closed."""

    finite = False

    def __init__(self) -> None:
        self.luma: Luma = blank(width=200)
        self._closed = threading.Event()

    def show(self, text: str) -> None:
        self.luma = painted(text.encode(), width=200)

    def frames(self) -> Iterator[Frame]:
        while not self._closed.wait(0.01):
            yield Frame(luma=self.luma, taken_ns=time.monotonic_ns())

    def close(self) -> None:
        self._closed.set()


class Running:
    """An app in a thread of its own."""

    def __init__(
        self, bundle: Bundle, camera: Callable[[], Camera], *, once: bool, timeout_s: float
    ) -> None:
        self.bundle = bundle
        self.signals = RecordingSignals()
        self.status: int | None = None
        self._hardware = Hardware(
            camera="made up", open_camera=camera, decoder=FakeDecoder(), signals=self.signals
        )
        self._once, self._timeout_s = once, timeout_s
        self._app: App | None = None
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._up.wait(5)

    def _run(self) -> None:
        with assembled(self.bundle.load(), self._hardware) as self._app:
            self._up.set()
            self.status = self._app.run(once=self._once, once_timeout_s=self._timeout_s)

    def wait(self, timeout_s: float = 20) -> int | None:
        self._thread.join(timeout_s)
        assert not self._thread.is_alive()
        return self.status

    def stop(self) -> int | None:
        assert self._app is not None
        self._app.stop()
        return self.wait()

    @property
    def depth(self) -> int:
        return queue_file.look(self.bundle.data).depth


@contextlib.contextmanager
def _running(
    bundle: Bundle, camera: Callable[[], Camera], *, once: bool = False, timeout_s: float = 20
) -> Iterator[Running]:
    running = Running(bundle, camera, once=once, timeout_s=timeout_s)
    try:
        yield running
    finally:
        running.stop()


def _bundle(folder: Path, port: int, more: str = "") -> Bundle:
    return make_bundle(folder / "bundle", url=f"mqtt://127.0.0.1:{port}", more=FAST + more)


def _frames(count: int) -> list[Luma]:
    return [painted(f"VE-{number:05d}".encode(), width=200) for number in range(count)]


def _until(true: Callable[[], bool], *, timeout_s: float = 15) -> None:
    give_up_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)


def _accepted(bundle: Bundle) -> dict[tuple[object, object], object]:
    return {
        (line["epoch"], line["counter"]): line["digest"]
        for line in bundle.journal
        if line["answer"] == "accepted"
    }


def test_what_was_signalled_is_what_the_server_stored(broker: Broker, tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, broker.port)
    frames = [painted(text.encode(), width=200) for text in codes.PERSONAL] + _frames(60)
    with SmallServer(broker.port) as server:
        with _running(bundle, lambda: FakeCamera(frames), once=True) as running:
            assert running.wait() == 0
        assert len(server.stored) == 60 + len(codes.PERSONAL)
        assert server.stored == _accepted(bundle)
    assert running.signals.shown.count(Answer.GO) == 60 + len(codes.PERSONAL)
    assert running.depth == 0


def test_once_without_a_server_ends_with_one_and_keeps_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = _bundle(tmp_path, 1)
    with _running(bundle, lambda: FakeCamera(_frames(3)), once=True, timeout_s=0.3) as running:
        assert running.wait() == 1
    assert running.depth == 3
    assert "3 records without a receipt after 0.3 s" in caplog.text


def test_one_line_says_how_a_kiosk_starts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with _running(_bundle(tmp_path, 1), lambda: FakeCamera(_frames(2)), once=True, timeout_s=0):
        pass
    assert (
        "kiosk cho-mau-1 (in), server mqtt://127.0.0.1:1, camera made up, 0 records waiting"
        in caplog.text
    )


def test_a_restart_delivers_what_the_last_run_could_not(mosquitto: Broker, tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, mosquitto.port)
    for _ in range(2):
        with _running(bundle, lambda: FakeCamera(_frames(5)), once=True, timeout_s=0.2) as running:
            assert running.wait() == 1
    with SmallServer(mosquitto.port) as server:
        with _running(bundle, lambda: FakeCamera([]), once=True) as running:
            assert running.wait() == 0
        assert server.stored == _accepted(bundle)
        assert len(server.stored) == 10


def test_a_visitor_is_answered_while_the_broker_does_not_react(
    mosquitto: Broker, tmp_path: Path
) -> None:
    camera = LiveCamera()
    with _running(_bundle(tmp_path, mosquitto.port), lambda: camera) as running:
        camera.show("VE-1")
        _until(lambda: len(running.signals.shown) == 1)
        assert mosquitto.server.process is not None
        os.kill(mosquitto.server.process.pid, signal.SIGSTOP)
        try:
            for number in range(2, 12):
                began_s = time.monotonic()
                camera.show(f"VE-{number}")
                _until(lambda number=number: len(running.signals.shown) == number)  # type: ignore[misc]
                assert time.monotonic() - began_s < 1
        finally:
            os.kill(mosquitto.server.process.pid, signal.SIGCONT)


def test_stopping_says_goodbye(mosquitto: Broker, tmp_path: Path) -> None:
    camera = LiveCamera()
    with Listener(mosquitto.port) as listener:
        with _running(_bundle(tmp_path, mosquitto.port), lambda: camera) as running:
            listener.wait_for(lambda: len(listener.states) == 1)
            assert running.stop() == 0
        listener.wait_for(lambda: len(listener.states) == 2)
        assert [each.state for each in listener.states] == ["ready", "disconnected"]


def test_health_is_sent_with_what_happened(mosquitto: Broker, tmp_path: Path) -> None:
    camera = LiveCamera()
    bundle = _bundle(tmp_path, mosquitto.port, "[health]\ninterval_s = 1\n")
    with Listener(mosquitto.port) as listener, _running(bundle, lambda: camera) as running:
        camera.show("VE-1")
        _until(lambda: running.signals.shown == [Answer.GO])

        def last() -> Health:
            told = [raw for channel, raw in listener.heard if channel == "health"]
            return codec.decode(told[-1], Health) if told else Health()

        listener.wait_for(lambda: last().answers == {"accepted": 1} and last().fps is not None)
        health = last()
        assert health.session == listener.states[0].session
        assert health.queue_depth == 1
        assert health.frame_age_ms is not None
        assert health.frame_age_ms < 5_000
        assert health.decode_ms_p95 is not None


@pytest.mark.slow
def test_the_watchdog_is_fed_by_fresh_frames_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = LiveCamera()
    stalled = threading.Event()
    frames = camera.frames

    def stalling() -> Iterator[Frame]:
        for frame in frames():
            if stalled.is_set():
                camera._closed.wait(30)
                return
            yield frame

    camera.frames = stalling  # type: ignore[method-assign]
    heard: list[bytes] = []
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(0.01)
        monkeypatch.setenv("NOTIFY_SOCKET", address)

        def hear() -> None:
            with contextlib.suppress(TimeoutError):
                while True:
                    heard.append(systemd.recv(100))

        with _running(_bundle(tmp_path, 1), lambda: camera):
            _until(lambda: hear() or heard.count(b"WATCHDOG=1") >= 2)  # type: ignore[func-returns-value]
            assert heard[0] == b"READY=1"
            stalled.set()
            time.sleep(1.2)
            hear()
            fed = heard.count(b"WATCHDOG=1")
            time.sleep(2.5)
            hear()
            assert heard.count(b"WATCHDOG=1") == fed
        hear()
        assert heard[-1] == b"STOPPING=1"


def test_a_camera_that_fails_and_returns_goes_on(mosquitto: Broker, tmp_path: Path) -> None:
    class Failing(FakeCamera):
        finite = False

    cameras = iter(
        [
            Failing([*_frames(2), CameraError("no frame for 2 s")]),
            FakeCamera(_frames(4)),
        ]
    )
    with SmallServer(mosquitto.port) as server:
        with _running(_bundle(tmp_path, mosquitto.port), lambda: next(cameras), once=True) as run:
            assert run.wait() == 0
        assert len(server.stored) == 4
    assert Answer.BROKEN in run.signals.shown


def test_a_camera_that_cannot_be_stops_the_start(tmp_path: Path) -> None:
    def no_camera() -> Camera:
        raise ConfigError("camera.source: no folder")

    hardware = Hardware(
        camera="none", open_camera=no_camera, decoder=FakeDecoder(), signals=RecordingSignals()
    )
    config = _bundle(tmp_path, 1).load()
    with assembled(config, hardware) as app, pytest.raises(ConfigError):
        app.run(once=False, once_timeout_s=1)
    with assembled(config, hardware):
        pass


def test_a_data_folder_in_use_is_red_and_named(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, 1)
    signals = RecordingSignals()
    hardware = Hardware(
        camera="none",
        open_camera=lambda: FakeCamera([]),
        decoder=FakeDecoder(),
        signals=signals,
    )
    with (
        assembled(bundle.load(), hardware),
        pytest.raises(QueueError, match="another kiosk process"),
        assembled(bundle.load(), hardware),
    ):
        pass
    assert signals.shown == [Answer.BROKEN]


def test_a_thousand_records_reach_a_server_that_comes_and_goes(
    mosquitto: Broker, tmp_path: Path
) -> None:
    bundle = _bundle(tmp_path, mosquitto.port)
    with (
        SmallServer(mosquitto.port) as server,
        _running(bundle, lambda: FakeCamera(_frames(1000)), once=True, timeout_s=60) as running,
    ):
        for _ in range(3):
            server.wait_for(lambda: bool(server.stored))
            server.answering = False
            mosquitto.kill()
            mosquitto.start()
            time.sleep(0.3)
            server.answering = True
        assert running.wait(90) == 0
        assert server.stored == _accepted(bundle)
        assert len(server.stored) == 1000


def test_health_is_sent_as_soon_as_a_session_stands(mosquitto: Broker, tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, mosquitto.port)
    with Listener(mosquitto.port) as listener, _running(bundle, LiveCamera):
        listener.wait_for(lambda: any(channel == "health" for channel, _ in listener.heard))
