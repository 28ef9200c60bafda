"""Lamps and buzzer through gpiozero; without GPIO, mock pins and a log on the terminal.

One thread plays patterns; an answer that comes while another is shown replaces it at once.
"""

import datetime as dt
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

from gpiozero import LED, Buzzer, GPIOZeroError, TonalBuzzer
from gpiozero.exc import PinPWMUnsupported
from gpiozero.pins.mock import MockFactory, MockPWMPin
from gpiozero.tones import Tone

from kiosk.errors import DeviceError
from kiosk.hardware.patterns import BUZZER, LAMPS, NOTICES, PATTERNS, Pattern, timeline
from kiosk.hardware.pins import gpio
from kiosk.hardware.ports import Answer, Notice, Signals
from kiosk.hardware.volume import Volume, duty, shortened

WORDS: Final[Mapping[Answer | Notice, str]] = {
    Answer.GO: "XANH — Đã ghi nhận / GREEN — recorded",
    Answer.AGAIN: "VÀNG — Đưa lại mã / AMBER — show it again",
    Answer.BROKEN: "ĐỎ — Máy hỏng, dùng giấy / RED — out of order, use paper",
    Notice.ADDED: "+1 người đi cùng / +1 companion",
    Notice.TAKEN_BACK: "−1 người đi cùng / −1 companion",
}
_MID_TONE: Final = "A4"
_OCTAVES: Final = 2
_MOST_NOTICES: Final = 5
_log: Final = logging.getLogger(__name__)

Setter = Callable[[float], None]
"""Gives one channel a level."""


def open_signals(
    *,
    green_pin: int | None = None,
    amber_pin: int | None = None,
    red_pin: int | None = None,
    buzzer_pin: int | None = None,
    tonal: bool = True,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
    out: TextIO | None = None,
) -> Signals:
    """Signals on these pins (BCM), a missing one left out; `tonal` for a buzzer without own sound.

    Where no pin is set or the machine has no GPIO, answers are written to `out` (stderr unless
    given). Raises DeviceError for a pin that cannot be used.
    """
    pins = dict(zip((*LAMPS, BUZZER), (green_pin, amber_pin, red_pin, buzzer_pin), strict=True))
    wired = {channel: pin for channel, pin in pins.items() if pin is not None}
    if not wired:
        return TerminalSignals(None, out=out)
    factory = gpio()
    if factory is not None:
        return PinSignals(wired, factory=factory, tonal=tonal, volume=volume)
    _log.warning("no GPIO on this machine: answers go to the terminal")
    mock = MockFactory(pin_class=MockPWMPin)
    return TerminalSignals(PinSignals(wired, factory=mock, tonal=tonal, volume=volume), out=out)


class PinSignals:
    """Plays patterns on pins."""

    def __init__(
        self,
        pins: Mapping[str, int],
        *,
        factory: Any,
        tonal: bool = True,
        volume: Volume = Volume(),  # noqa: B008 (frozen)
        local_time: Callable[[], dt.time] = lambda: dt.datetime.now().astimezone().time(),
    ) -> None:
        """`pins`: BCM numbers by channel. `factory`: gpiozero's. Raises DeviceError."""
        self._tonal = tonal
        self._volume = volume
        self._local_time = local_time
        self._percent = volume.at(local_time())
        self._devices: list[Any] = []
        self._setters: dict[str, Setter] = {}
        for channel, pin in pins.items():
            try:
                device, setter = _device(
                    channel, pin, factory=factory, tonal=tonal, loudness=lambda: self._percent
                )
            except (GPIOZeroError, OSError, ValueError) as problem:
                self._release()
                reason = "PWM needs python3-lgpio" if _lacks_pwm(problem) else str(problem)
                raise DeviceError(
                    f"signals.{channel}_pin: GPIO {pin} cannot be used ({reason})"
                ) from problem
            self._devices.append(device)
            self._setters[channel] = setter
        self._changed = threading.Condition()
        self._next: Pattern | None = None
        self._notices: deque[Pattern] = deque(maxlen=_MOST_NOTICES)
        self._closed = False
        self._player = threading.Thread(target=self._play, name="signals", daemon=True)
        self._player.start()

    def show(self, answer: Answer | Notice) -> None:
        """Raises DeviceError once the pins have failed: a kiosk must not go dark unnoticed."""
        if not self._player.is_alive():
            raise DeviceError("signals: the pins failed while a pattern was playing")
        with self._changed:
            if isinstance(answer, Notice):
                self._notices.append(NOTICES[answer])
            else:
                self._next = PATTERNS[answer]
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        self._player.join()
        self._release()

    def _play(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._next or self._notices)
                pattern, self._next = self._next, None
                if pattern is None and self._notices:
                    pattern = self._notices.popleft()
                if self._closed or pattern is None:
                    self._dark()
                    return
            self._dark()
            began_s = time.monotonic()
            for at_ms, channel, level in timeline(self._loud(pattern)):
                if self._replaced_within(began_s + at_ms / 1000 - time.monotonic()):
                    break
                setter = self._setters.get(channel)
                if setter is not None:
                    setter(level)

    def _loud(self, pattern: Pattern) -> Pattern:
        """`pattern` as loud as it may be at this hour."""
        self._percent = self._volume.at(self._local_time())
        if self._tonal or self._percent == 100 or BUZZER not in pattern:
            return pattern
        return {**pattern, BUZZER: shortened(pattern[BUZZER], self._percent)}

    def _replaced_within(self, wait_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: self._closed or self._next is not None, timeout=max(0.0, wait_s)
            )

    def _dark(self) -> None:
        for setter in self._setters.values():
            setter(0)

    def _release(self) -> None:
        for device in self._devices:
            device.close()


class TerminalSignals:
    """Writes each answer with the time of day, for a desk without lamps; plays `pins` besides."""

    def __init__(
        self,
        pins: Signals | None,
        *,
        out: TextIO | None = None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now().astimezone(),
    ) -> None:
        self._pins = pins
        self._out = sys.stderr if out is None else out
        self._now = now

    def show(self, answer: Answer | Notice) -> None:
        if self._pins is not None:
            self._pins.show(answer)
        clock = self._now().strftime("%H:%M:%S.%f")[:-3]
        print(f"{clock} {WORDS[answer]}", file=self._out, flush=True)

    def close(self) -> None:
        if self._pins is not None:
            self._pins.close()


def _device(
    channel: str, pin: int, *, factory: Any, tonal: bool, loudness: Callable[[], int]
) -> tuple[Any, Setter]:
    if channel == BUZZER and tonal:
        buzzer = TonalBuzzer(pin, mid_tone=_MID_TONE, octaves=_OCTAVES, pin_factory=factory)

        def sound(hertz: float) -> None:
            percent = loudness()
            buzzer.play(Tone.from_frequency(hertz) if hertz and percent else None)
            if hertz and 0 < percent < 100:
                # gpiozero itself knows one loudness, half of the wave high.
                buzzer.pwm_device.value = duty(percent)

        return buzzer, sound
    kind = Buzzer if channel == BUZZER else LED
    switch = kind(pin, pin_factory=factory)

    def turn(level: float) -> None:
        switch.on() if level else switch.off()

    return switch, turn


def _lacks_pwm(problem: Exception) -> bool:
    return isinstance(problem, PinPWMUnsupported)
