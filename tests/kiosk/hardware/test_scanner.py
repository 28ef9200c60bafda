"""Barcode scanners. No test machine has one or can make one up in its kernel (uinput): recorded
events go through a device made here; the numbers of keys are held to evdev's own by
`make test-picamera`, and here where evdev is installed.
"""

import errno
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from kiosk.errors import CameraError, ConfigError
from kiosk.hardware.cameras import Settings, open_source
from kiosk.hardware.keystrokes import MAX_STROKES, Keystrokes
from kiosk.hardware.ports import Scanner
from kiosk.scanning.layouts import KEYS, LAYOUTS
from kiosk.scanning.spelling import spell
from tests.kiosk.strokes import Stroke, press, typed

MS = 1_000_000
TYPES = {1: [KEYS["1"], KEYS["A"], KEYS["ENTER"]]}


class Keyboard:
    """As evdev's InputDevice, as far as the adapter sees."""

    names: ClassVar = {
        "/dev/input/event3": "ACME Barcode Reader",
        "/dev/input/event4": "ACME Keyboard",
    }
    abilities: ClassVar[dict[str, dict[int, list[int]]]] = dict.fromkeys(names, TYPES)
    grabbed: ClassVar[set[str]] = set()
    devices: ClassVar[dict[str, "Keyboard"]] = {}

    def __init__(self, path: str) -> None:
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self.path, self.name = path, self.names[path]
        self.fd, self._type = os.pipe()
        self._events: list[Any] = []
        self.gone = False
        Keyboard.devices[path] = self

    def capabilities(self) -> dict[int, list[int]]:
        return self.abilities[self.path]

    def grab(self) -> None:
        if self.path in self.grabbed:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.grabbed.add(self.path)

    def type(self, strokes: list[Stroke]) -> None:
        for key, down in strokes:
            for each in (
                SimpleNamespace(type=4, code=4, value=458_756),
                SimpleNamespace(type=1, code=key, value=int(down)),
                *([SimpleNamespace(type=1, code=key, value=2)] if down else []),
                SimpleNamespace(type=0, code=0, value=0),
            ):
                self._events.append(each)
        os.write(self._type, b"!")

    def read(self) -> Iterator[Any]:
        os.read(self.fd, 100)
        events, self._events = self._events, []
        yield from events

    def active_keys(self) -> list[int]:
        if self.gone:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return []

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            os.close(self._type)
            self.grabbed.discard(self.path)
            self.fd = -1


@pytest.fixture
def evdev(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = ModuleType("evdev")
    names = {f"KEY_{name}": number for name, number in KEYS.items()}
    for name, value in {
        "InputDevice": Keyboard,
        "ecodes": SimpleNamespace(EV_KEY=1, **names),
        "list_devices": lambda: list(Keyboard.names),
    }.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "evdev", module)
    monkeypatch.delitem(sys.modules, "kiosk.hardware.scanner", raising=False)
    Keyboard.grabbed.clear()
    yield
    sys.modules.pop("kiosk.hardware.scanner", None)


def scanner(where: str = "/dev/input/event3", **settings: Any) -> Scanner:
    source = open_source(f"scanner:{where}", base=Path(), settings=Settings(**settings))
    return cast(Scanner, source)


def texts(source: Scanner, count: int) -> list[str]:
    found = []
    for each in source.frames():
        if each.strokes:
            found.append(spell(each.strokes, LAYOUTS["us"]).decode())
            if len(found) == count:
                break
    return found


@pytest.mark.usefixtures("evdev")
def test_codes_come_one_by_one_and_the_device_is_the_kiosks_alone() -> None:
    source = scanner()
    device = Keyboard.devices["/dev/input/event3"]
    assert Keyboard.grabbed == {device.path}
    device.type(typed("TRAM1ABC\n"))
    assert texts(source, 1) == ["TRAM1ABC\n"]
    device.type(typed("a|b:c"))
    assert texts(source, 1) == ["a|b:c"]
    source.close()
    source.close()
    assert Keyboard.grabbed == set()
    assert list(source.frames()) == []


@pytest.mark.usefixtures("evdev")
def test_a_scanner_nobody_uses_says_that_it_is_alive() -> None:
    source = scanner()
    began = time.monotonic()
    frames = source.frames()
    alive = [next(frames) for _ in range(3)]
    assert not any(each.strokes for each in alive)
    assert time.monotonic() - began < 2
    source.close()


@pytest.mark.usefixtures("evdev")
def test_an_unplugged_scanner_is_noticed_within_two_seconds() -> None:
    source = scanner()
    frames = source.frames()
    next(frames)
    Keyboard.devices["/dev/input/event3"].gone = True
    began = time.monotonic()
    with pytest.raises(CameraError, match=r"gone.*unplugged"):
        for _each in frames:
            pass
    assert time.monotonic() - began < 2
    source.close()


@pytest.mark.usefixtures("evdev")
def test_closing_from_another_thread_ends_the_frames() -> None:
    source = scanner()
    closer = threading.Timer(0.1, source.close)
    closer.start()
    assert all(not each.strokes for each in source.frames())
    closer.join()


@pytest.mark.usefixtures("evdev")
def test_a_scanner_is_found_by_a_part_of_its_name() -> None:
    source = scanner("barcode")
    assert Keyboard.grabbed == {"/dev/input/event3"}
    source.close()


@pytest.mark.usefixtures("evdev")
@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("acme", r"more than one.*event3.*event4.*give the path"),
        ("honest", r"no such device; those that type: ACME Barcode Reader, ACME Keyboard"),
        ("/dev/input/event9", r"event9: cannot be opened.*plugged in.*group input"),
    ],
)
def test_a_scanner_that_is_not_there_is_named(where: str, says: str) -> None:
    with pytest.raises(CameraError, match=says):
        scanner(where)


@pytest.mark.usefixtures("evdev")
def test_a_taken_scanner_and_a_mouse_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    first = scanner()
    with pytest.raises(CameraError, match="another program"):
        scanner()
    first.close()
    monkeypatch.setitem(Keyboard.abilities, "/dev/input/event3", {1: [272]})
    with pytest.raises(CameraError, match="types no letters"):
        scanner()


def test_without_evdev_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "evdev", None)
    monkeypatch.delitem(sys.modules, "kiosk.hardware.scanner", raising=False)
    with pytest.raises(ConfigError, match="python3-evdev"):
        scanner()


def test_the_numbers_of_keys_are_the_kernels() -> None:
    real = pytest.importorskip("evdev", reason="evdev is not installed here")
    assert {name: getattr(real.ecodes, f"KEY_{name}") for name in KEYS} == dict(KEYS)


def fed(strokes: list[Stroke], *, at_ms: int, keys: Keystrokes) -> None:
    for key, down in strokes:
        keys.add(key, down=down, now_ns=at_ms * MS)


def test_a_code_without_enter_ends_with_a_pause() -> None:
    keys = Keystrokes(pause_ms=300)
    fed(typed("ab"), at_ms=0, keys=keys)
    assert keys.wait_s(now_ns=0, longest_s=1) == pytest.approx(0.3)
    assert keys.take(now_ns=299 * MS) is None
    found = keys.take(now_ns=300 * MS)
    assert found is not None
    assert spell(found.strokes, LAYOUTS["us"]) == b"ab"
    assert keys.take(now_ns=9_000 * MS) is None
    assert keys.wait_s(now_ns=0, longest_s=1) == 1


def test_enter_ends_a_code_soon_but_a_line_break_within_one_does_not() -> None:
    keys = Keystrokes(pause_ms=300)
    fed(typed("a\n"), at_ms=0, keys=keys)
    fed(typed("b\n"), at_ms=20, keys=keys)
    assert keys.take(now_ns=79 * MS) is None
    found = keys.take(now_ns=80 * MS)
    assert found is not None
    assert spell(found.strokes, LAYOUTS["us"]) == b"a\nb\n"


def test_keys_that_only_come_up_are_no_code_and_a_stuck_one_fills_no_memory() -> None:
    keys = Keystrokes(pause_ms=300)
    fed([(KEYS["ENTER"], False)], at_ms=0, keys=keys)
    assert keys.take(now_ns=400 * MS) is None
    fed(press("A") * MAX_STROKES, at_ms=500, keys=keys)
    found = keys.take(now_ns=900 * MS)
    assert found is not None
    assert len(found.strokes) == MAX_STROKES
