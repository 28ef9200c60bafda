"""Runs inside the tree that `provisioning/picamera.sh` makes: the kiosk's own adapter on libcamera.

    check.py EXPECTED.json      the texts of the codes the virtual camera shows

Prints figures as one JSON line at the end; a promise not kept ends it with a message and status 1.
"""

import json
import logging
import platform
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import evdev
import virtual  # noqa: F401 (must come before picamera2)

from kiosk.errors import CameraError
from kiosk.hardware.cameras import Settings, open_camera, open_source
from kiosk.hardware.decoders import open_decoders
from kiosk.hardware.fakes import RecordingSignals
from kiosk.hardware.ports import Answer, Frame
from kiosk.health import Vitals
from kiosk.watch import Watch

SIZE = (1280, 720)
LOOK_S = 6.0
STALL_S = 2.0
REOPENED = 3
HELD: list[Any] = []


def hold(promise: bool, what: str) -> None:
    if not promise:
        print(f"check.py: {what}", file=sys.stderr, flush=True)
        sys.exit(1)


def open_it() -> Any:
    return open_camera("picamera2", size=SIZE, stall_s=STALL_S)


def rate() -> float:
    """Frames a second that the adapter hands over when nobody decodes."""
    camera = open_it()
    began, frames = time.monotonic(), 0
    for frame in camera.frames():
        hold(frame.luma.shape == SIZE[::-1], f"a frame of {frame.luma.shape}")
        frames += 1
        if time.monotonic() - began >= 2:
            break
    camera.close()
    return frames / (time.monotonic() - began)


def decoded(expected: set[str]) -> dict[str, float]:
    """Every code the camera shows is read by each engine from the adapter's frames."""
    figures = {}
    for name in ("zxing-cpp", "pyzbar"):
        decoder, camera = open_decoders([name]), open_it()
        began, frames, coded, seen = time.monotonic(), 0, 0, set()
        for frame in camera.frames():
            codes = decoder.decode(frame.luma)
            frames, coded = frames + 1, coded + bool(codes)
            seen |= {code.data.decode() for code in codes}
            if time.monotonic() - began >= LOOK_S / 2:
                break
        camera.close()
        hold(seen == expected, f"{name} read {sorted(seen)}, not {sorted(expected)}")
        figures[f"{name} fps"] = round(frames / (time.monotonic() - began), 1)
        figures[f"{name} share"] = round(coded / frames, 3)
    return figures


def reopened() -> None:
    for _ in range(REOPENED):
        camera = open_it()
        next(camera.frames())
        camera.close()
        hold(list(camera.frames()) == [], "a closed camera gave frames")


def stall(camera: Any) -> None:
    """Take every buffer away from the sensor: it has nothing to put a frame into, for ever."""
    while True:
        try:
            HELD.append(camera._camera.capture_request(wait=0.5))
        except TimeoutError:
            return


def noticed() -> float:
    """Seconds until a camera that gives no more frames is reported."""
    camera = open_it()
    frames = camera.frames()
    next(frames)
    stall(camera)
    began = time.monotonic()
    try:
        while True:
            next(frames)
    except CameraError as problem:
        took_s = time.monotonic() - began
        hold("no frame" in str(problem), f"another error: {problem}")
    began = time.monotonic()
    camera.close()
    hold(time.monotonic() - began < STALL_S + 1, "closing a stalled camera took too long")
    return took_s


class CountingDoor:
    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def look(self, _frame: Frame) -> None:
        self._vitals.frame(decode_ms=0.0, now_ms=time.monotonic_ns() // 1_000_000)


def back_again() -> float:
    """Seconds from a stall to the next fresh frame, with the kiosk's own watch over the camera."""
    vitals, signals, opened = Vitals(), RecordingSignals(), []

    def open_one() -> Any:
        opened.append(open_it())
        return opened[-1]

    watch = Watch(
        CountingDoor(vitals),  # type: ignore[arg-type]
        open_camera=open_one,
        signals=signals,
        vitals=vitals,
        restart_s=0.2,
        restart_max_s=1,
        over=threading.Event().set,
    )
    watch.start()
    wait_for(lambda: vitals.frames > 5, "no frames under watch")
    stall(opened[-1])
    time.sleep(0.5)
    before, began = vitals.frames, time.monotonic()
    wait_for(lambda: vitals.frames > before + 5, "no frames after a stall")
    took_s = time.monotonic() - began + 0.5
    health = vitals.take(now_ms=time.monotonic_ns() // 1_000_000)
    hold(health.camera_restarts == 1, f"{health.camera_restarts} restarts reported, not 1")
    hold(signals.shown == [Answer.BROKEN], "a stalled camera was not shown")
    hold(watch.close(), "the watch did not end")
    return took_s


def wait_for(come: Any, what: str) -> None:
    give_up = time.monotonic() + 15
    while not come():
        hold(time.monotonic() < give_up, what)
        time.sleep(0.02)


def scanner_keys() -> int:
    """The key numbers that typing is read by are evdev's, and evdev looks for scanners."""
    from kiosk.scanning import layouts

    for name, number in layouts.KEYS.items():
        hold(getattr(evdev.ecodes, f"KEY_{name}") == number, f"KEY_{name} is not {number}")
    try:
        open_source("scanner:no scanner has this name", base=Path(), settings=Settings())
        hold(False, "a scanner that does not exist was opened")
    except CameraError as problem:
        hold("no such device" in str(problem), f"another error: {problem}")
    return len(layouts.KEYS)


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    expected = set(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    figures: dict[str, Any] = {
        "python": platform.python_version(),
        "picamera2": version("picamera2"),
        "codes": len(expected),
        "fps": round(rate(), 1),
        **decoded(expected),
    }
    reopened()
    figures["stall noticed s"] = round(noticed(), 2)
    hold(figures["stall noticed s"] <= STALL_S + 0.3, f"a stall took {figures} s to notice")
    figures["frames again after s"] = round(back_again(), 2)
    figures["evdev keys"] = scanner_keys()
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
