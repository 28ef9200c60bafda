"""A gate's relay: energised it holds the gate closed, released the gate is open.

So a kiosk that is broken, ended, crashed or without power leaves the way open (docs/wiring.md).
"""

import logging
import threading
from typing import Any, Final

from gpiozero import GPIOZeroError, OutputDevice
from gpiozero.pins.mock import MockFactory

from kiosk.errors import DeviceError
from kiosk.hardware.pins import gpio
from kiosk.hardware.ports import Answer, Notice, Signals

_log: Final = logging.getLogger(__name__)


def gated(
    signals: Signals, *, relay_pin: int | None, open_ms: int = 3000, active_high: bool = True
) -> Signals:
    """`signals` that open the gate too, or as they are where no relay is set.

    Raises DeviceError for a pin that cannot be used.
    """
    if relay_pin is None:
        return signals
    factory = gpio()
    if factory is None:
        _log.warning("no GPIO on this machine: the gate is only logged")
        factory = MockFactory()
    gate = RelayGate(relay_pin, factory=factory, open_ms=open_ms, active_high=active_high)
    return GatedSignals(signals, gate)


class RelayGate:
    """Holds a gate closed by a relay. Any thread may call."""

    def __init__(self, pin: int, *, factory: Any, open_ms: int, active_high: bool = True) -> None:
        """Closes the gate. `factory`: gpiozero's. `active_high`: the relay's input is energised by
        a high pin. Raises DeviceError."""
        try:
            self._relay = OutputDevice(
                pin, active_high=active_high, initial_value=True, pin_factory=factory
            )
        except (GPIOZeroError, OSError, ValueError) as problem:
            raise DeviceError(f"gate.relay_pin: GPIO {pin} cannot be used ({problem})") from problem
        self._open_s = open_ms / 1000
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    def let_pass(self) -> None:
        """Open for the set time, counted from now; returns at once."""
        with self._lock:
            if self._closed:
                return
            self._release()
            # A timer that cannot be started leaves the gate open: the safe side.
            timer = self._timer = threading.Timer(self._open_s, self._hold, [])
            timer.name, timer.daemon = "gate", True
            timer.start()
        _log.info("gate open for %g s", self._open_s)

    def stay_open(self) -> None:
        """Open until the next `let_pass` has passed."""
        with self._lock:
            if not self._closed:
                self._release()
        _log.warning("gate stays open")

    def close(self) -> None:
        """Open for good, and let go of the pin; idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._release()
            self._relay.close()

    def _release(self) -> None:
        """De-energise; whoever was to close the gate later no longer may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._relay.off()

    def _hold(self) -> None:
        with self._lock:
            # A timer that was too late to be cancelled is not the one that is set now.
            if not self._closed and self._timer is threading.current_thread():
                self._timer = None
                self._relay.on()


class GatedSignals:
    """Lets who was answered green pass; leaves the gate open while the kiosk is broken."""

    def __init__(self, signals: Signals, gate: RelayGate) -> None:
        self._signals = signals
        self._gate = gate

    def show(self, answer: Answer | Notice) -> None:
        if answer is Answer.GO:
            self._gate.let_pass()
        elif answer is Answer.BROKEN:
            self._gate.stay_open()
        self._signals.show(answer)

    def close(self) -> None:
        self._gate.close()
        self._signals.close()
