"""A lamp beside the camera, lit while the picture is dark. Imports gpiozero."""

import logging
import warnings
from collections.abc import Iterator
from typing import Any, Final, Protocol

from gpiozero import LED, BadPinFactory, GPIOZeroError

from kiosk.errors import ConfigError
from kiosk.hardware.ports import Camera, Frame

_STEP: Final = 16
"""Every so manieth pixel across and down is looked at: brightness needs no more."""
_log: Final = logging.getLogger(__name__)


class Lamp(Protocol):
    """What gpiozero's LED is."""

    def on(self) -> None: ...
    def off(self) -> None: ...
    def close(self) -> None: ...


class Darkness:
    """Decides whether the lamp should burn. Pure."""

    def __init__(self, *, level: int, frames: int, burn_s: float) -> None:
        """`level`: mean brightness, of 255, below which a frame is dark. `frames`: that many dark
        ones light the lamp for `burn_s`; brightness under the lamp says nothing about the room."""
        self._level = level
        self._frames = frames
        self._burn_ns = int(burn_s * 1e9)
        self._dark = 0
        self._until_ns: int | None = None

    def lit(self, mean: float, *, now_ns: int) -> bool:
        """Whether the lamp should burn after a frame of this mean brightness."""
        if self._until_ns is not None:
            if now_ns < self._until_ns:
                return True
            self._until_ns, self._dark = None, 0
            return False
        self._dark = self._dark + 1 if mean < self._level else 0
        if self._dark >= self._frames:
            self._until_ns = now_ns + self._burn_ns
        return self._until_ns is not None


class LitCamera:
    """`camera` with a lamp."""

    def __init__(self, camera: Camera, lamp: Lamp, darkness: Darkness) -> None:
        self._camera = camera
        self._lamp = lamp
        self._darkness = darkness
        self._burns = False
        self.finite = camera.finite

    def frames(self) -> Iterator[Frame]:
        for frame in self._camera.frames():
            mean = float(frame.luma[::_STEP, ::_STEP].mean())
            burns = self._darkness.lit(mean, now_ns=frame.taken_ns)
            if burns != self._burns:
                self._burns = burns
                self._turn(on=burns)
            yield frame

    def _turn(self, *, on: bool) -> None:
        try:
            self._lamp.on() if on else self._lamp.off()
        except GPIOZeroError as problem:
            # Also what a frame meets that came while another thread closed: reading goes on.
            _log.error("the torch does not work: %s", problem)

    def close(self) -> None:
        self._camera.close()
        self._lamp.close()


def open_lamp(pin: int, *, factory: Any = None) -> Lamp | None:
    """The lamp at GPIO `pin` (BCM), out; None on a machine without GPIO. Raises ConfigError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one line per GPIO library that is not there
            lamp: Lamp = LED(pin, pin_factory=factory)
    except BadPinFactory:
        _log.warning("no GPIO on this machine: camera.torch_pin is not used")
        return None
    except (GPIOZeroError, OSError, ValueError) as problem:
        raise ConfigError(f"camera.torch_pin: GPIO {pin} cannot be used ({problem})") from problem
    return lamp
