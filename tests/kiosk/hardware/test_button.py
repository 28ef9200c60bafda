"""The guard's button on a mock pin, and typed."""

import io
import os
import time
from collections.abc import Callable, Iterator

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from kiosk.errors import DeviceError
from kiosk.hardware.button import PinButton, TypedButton, open_button

HOLD_S = 0.25


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    made = MockFactory()
    yield made
    made.reset()


@pytest.fixture
def pressed() -> list[str]:
    return []


def push(factory: MockFactory, *, for_s: float) -> None:
    pin = factory.pin(23)
    pin.drive_low()
    time.sleep(for_s)
    pin.drive_high()
    time.sleep(0.1)


def until(true: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + 5
    while not true():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)


@pytest.fixture
def button(factory: MockFactory, pressed: list[str]) -> Iterator[PinButton]:
    made = PinButton(
        23,
        factory=factory,
        add=lambda: pressed.append("+"),
        take_back=lambda: pressed.append("-"),
        hold_s=HOLD_S,
    )
    yield made
    made.close()


@pytest.mark.usefixtures("button")
def test_a_short_press_adds_one(factory: MockFactory, pressed: list[str]) -> None:
    push(factory, for_s=0.1)
    push(factory, for_s=0.1)
    assert pressed == ["+", "+"]


@pytest.mark.usefixtures("button")
def test_a_long_press_takes_one_back_and_adds_none_when_let_go(
    factory: MockFactory, pressed: list[str]
) -> None:
    push(factory, for_s=HOLD_S + 0.15)
    assert pressed == ["-"]
    push(factory, for_s=0.1)
    assert pressed == ["-", "+"]


@pytest.mark.usefixtures("button")
def test_a_pin_that_is_taken_is_named(factory: MockFactory) -> None:
    with pytest.raises(DeviceError, match=r"signals\.button_pin: GPIO 23"):
        PinButton(23, factory=factory, add=lambda: None, take_back=lambda: None)


def test_with_gpio_the_pin_is_used(
    monkeypatch: pytest.MonkeyPatch, factory: MockFactory, pressed: list[str]
) -> None:
    monkeypatch.setattr(Device, "pin_factory", factory)
    button = open_button(pin=23, add=lambda: pressed.append("+"), take_back=lambda: None)
    assert isinstance(button, PinButton)
    push(factory, for_s=0.1)
    button.close()
    assert pressed == ["+"]


def test_at_a_desk_plus_and_minus_are_typed(pressed: list[str]) -> None:
    TypedButton(
        io.StringIO("++\nhallo\n-\n"),
        add=lambda: pressed.append("+"),
        take_back=lambda: pressed.append("-"),
    )
    until(lambda: len(pressed) == 3)
    assert pressed == ["+", "+", "-"]


def test_a_service_without_terminal_and_pin_has_no_button(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("+\n"))
    assert open_button(pin=None, add=lambda: None, take_back=lambda: None) is None


def test_a_terminal_that_goes_away_is_no_trouble(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    lines = io.StringIO("+\n")
    lines.close()
    TypedButton(lines, add=lambda: None, take_back=lambda: None)
    until(lambda: "the terminal is gone" in caplog.text)


def test_in_the_foreground_of_a_terminal_the_keys_are_read(
    monkeypatch: pytest.MonkeyPatch, pressed: list[str]
) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, closefd=True) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        monkeypatch.setattr("os.tcgetpgrp", lambda _descriptor: os.getpgrp())
        button = open_button(pin=None, add=lambda: pressed.append("+"), take_back=lambda: None)
        assert isinstance(button, TypedButton)
        os.write(ours, b"+\n")
        until(lambda: pressed == ["+"])
        monkeypatch.setattr("os.tcgetpgrp", lambda _descriptor: os.getpgrp() + 1)
        assert open_button(pin=None, add=lambda: None, take_back=lambda: None) is None
        button.close()
        os.write(ours, b"\x04")
        time.sleep(0.1)
    os.close(ours)
