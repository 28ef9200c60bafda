"""The guard's button through gpiozero; without GPIO, `+` and `-` typed on the terminal."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol, TextIO

from gpiozero import Button, GPIOZeroError

from kiosk.errors import DeviceError
from kiosk.hardware.pins import gpio

HOLD_S: Final = 1.0
"""Pressed for this long, it takes back."""
BOUNCE_S: Final = 0.05
_log: Final = logging.getLogger(__name__)

Press = Callable[[], None]
"""What a press does; called from a thread of its own, must return at once."""


class GuardButton(Protocol):
    """Something the guard presses."""

    def close(self) -> None: ...


def open_button(*, pin: int | None, add: Press, take_back: Press) -> GuardButton | None:
    """The button between `pin` (BCM) and ground: short press `add`, long press `take_back`.

    Without GPIO the terminal stands in for it, if there is one. None where nothing can be pressed.
    Raises DeviceError for a pin that cannot be used.
    """
    factory = gpio() if pin is not None else None
    if pin is not None and factory is not None:
        return PinButton(pin, factory=factory, add=add, take_back=take_back)
    if not _typing():
        return None
    _log.info("guard's button: type + or - and Enter")
    return TypedButton(sys.stdin, add=add, take_back=take_back)


def _typing() -> bool:
    """Whether somebody types at this program; reading as a background job would stop it."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # no stdin, no terminal, closed
        return False


class PinButton:
    """A push button to ground, with the pin's own pull-up."""

    def __init__(
        self, pin: int, *, factory: Any, add: Press, take_back: Press, hold_s: float = HOLD_S
    ) -> None:
        """`factory`: gpiozero's. Raises DeviceError."""
        try:
            self._button = Button(
                pin, pull_up=True, bounce_time=BOUNCE_S, hold_time=hold_s, pin_factory=factory
            )
        except (GPIOZeroError, OSError, ValueError) as problem:
            raise DeviceError(
                f"signals.button_pin: GPIO {pin} cannot be used ({problem})"
            ) from problem
        self._add = add
        self._take_back = take_back
        self._held = False
        self._button.when_pressed = self._pressed
        self._button.when_held = self._hold
        self._button.when_released = self._released

    def close(self) -> None:
        self._button.close()

    def _pressed(self) -> None:
        self._held = False

    def _hold(self) -> None:
        self._held = True
        self._take_back()

    def _released(self) -> None:
        """A press is short only once it has ended in time."""
        if not self._held:
            self._add()


class TypedButton:
    """Lines of `+` and `-`; each sign is one press."""

    def __init__(self, lines: TextIO, *, add: Press, take_back: Press) -> None:
        self._lines = lines
        self._presses = {"+": add, "-": take_back}
        self._closed = False
        threading.Thread(target=self._read, name="button", daemon=True).start()

    def close(self) -> None:
        # A thread that waits for a line cannot be woken; it ends with the process.
        self._closed = True

    def _read(self) -> None:
        try:
            for line in self._lines:
                for sign in line.strip():
                    press = self._presses.get(sign)
                    if press is not None and not self._closed:
                        press()
        except (OSError, ValueError) as problem:
            _log.info("guard's button: the terminal is gone (%s)", problem)
