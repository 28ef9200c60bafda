"""A USB barcode scanner that types like a keyboard. Imports evdev (apt: python3-evdev).

The device is taken for the kiosk alone: nothing of a code reaches a console. What the keys spell is
found out in `kiosk.scanning.spelling`.
"""

import select
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import evdev
from evdev import ecodes

from kiosk.errors import CameraError
from kiosk.hardware.keystrokes import Keystrokes
from kiosk.hardware.ports import Typed

_SLICE_S: Final = 0.2
_ALIVE_S: Final = 0.5
_NEEDED: Final = frozenset({ecodes.KEY_1, ecodes.KEY_A, ecodes.KEY_ENTER})
"""Keys that whatever types codes has; a scanner's other devices and mice have not."""


class UsbScanner:
    """Codes until closed; an unplugged device is an error."""

    finite = False

    def __init__(self, where: str, *, pause_ms: int = 300) -> None:
        """`where`: the device's path, or a part of its name. `pause_ms` ends a code without Enter.

        Raises CameraError.
        """
        self._closed = threading.Event()
        self._using = threading.Lock()
        self._given_back = False
        self._keys = Keystrokes(pause_ms=pause_ms)
        path = where if where.startswith("/") else _named(where)
        try:
            self._device: Any = evdev.InputDevice(path)
        except OSError as problem:
            raise CameraError(
                f"scanner {path}: cannot be opened ({problem.strerror}); is it plugged in, and may "
                "this user read it (group input)?"
            ) from problem
        self._path = path
        try:
            if not _types(self._device):
                raise CameraError(f"scanner {path}: {self._device.name} types no letters")
            self._device.grab()
        except OSError as problem:
            self._device.close()
            # CameraError is an OSError too, and says what is wrong already.
            if isinstance(problem, CameraError):
                raise
            raise CameraError(
                f"scanner {path}: another program has taken it ({problem.strerror})"
            ) from problem

    def frames(self) -> Iterator[Typed]:
        alive_ns = 0
        while not self._closed.is_set():
            try:
                typed, alive = self._listen(ask=time.monotonic_ns() >= alive_ns)
            except OSError as problem:
                raise CameraError(
                    f"scanner {self._path}: gone ({problem.strerror}); was it unplugged?"
                ) from problem
            if typed is not None:
                yield typed
            if alive:
                now_ns = time.monotonic_ns()
                alive_ns = now_ns + int(_ALIVE_S * 1e9)
                yield Typed(taken_ns=now_ns)

    def close(self) -> None:
        self._closed.set()
        # Not while another thread reads: the number of a closed file may be another's at once.
        with self._using:
            if not self._given_back:
                self._given_back = True
                self._device.close()

    def _listen(self, *, ask: bool) -> tuple[Typed | None, bool]:
        """The code that is complete, and whether the device, if asked, is alive.

        Raises OSError for one that is gone.
        """
        with self._using:
            if self._given_back:
                return None, False
            wait_s = self._keys.wait_s(now_ns=time.monotonic_ns(), longest_s=_SLICE_S)
            ready, _, _ = select.select([self._device.fd], [], [], wait_s)
            now_ns = time.monotonic_ns()
            if ready:
                self._take_in(now_ns)
            if ask:
                # The one question a device that is gone cannot answer.
                self._device.active_keys()
            return self._keys.take(now_ns=now_ns), ask

    def _take_in(self, now_ns: int) -> None:
        for event in self._device.read():
            # 2 is a key that repeats because it is held: no scanner means that.
            if event.type == ecodes.EV_KEY and event.value in (0, 1):
                self._keys.add(event.code, down=event.value == 1, now_ns=now_ns)


def _named(name: str) -> str:
    """The path of the one typing device whose name contains `name`. Raises CameraError."""
    found: dict[str, str] = {}
    others: list[str] = []
    for path in evdev.list_devices():
        try:
            device = evdev.InputDevice(path)
        except OSError:
            continue  # unplugged since it was listed
        if _types(device):
            if name.casefold() in device.name.casefold():
                found[path] = device.name
            else:
                others.append(device.name)
        device.close()
    if len(found) == 1:
        return next(iter(found))
    if found:
        listed = ", ".join(f"{path} ({each})" for path, each in found.items())
        raise CameraError(f"scanner {name}: more than one has this name: {listed}; give the path")
    listed = ", ".join(sorted(others)) or "none"
    raise CameraError(f"scanner {name}: no such device; those that type: {listed}")


def _types(device: Any) -> bool:
    return set(device.capabilities().get(ecodes.EV_KEY, ())) >= _NEEDED
