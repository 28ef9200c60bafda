"""The gate's relay on a mock pin: open is de-energised."""

import time
from collections.abc import Iterator

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from kiosk.errors import DeviceError
from kiosk.hardware.fakes import RecordingSignals
from kiosk.hardware.gate import GatedSignals, RelayGate, gated
from kiosk.hardware.ports import Answer, Notice

PIN = 24
OPEN_MS = 200


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    made = MockFactory()
    yield made
    made.reset()


@pytest.fixture
def signals(factory: MockFactory) -> Iterator[GatedSignals]:
    gate = RelayGate(PIN, factory=factory, open_ms=OPEN_MS)
    made = GatedSignals(RecordingSignals(), gate)
    yield made
    made.close()


def is_open(factory: MockFactory) -> bool:
    return not factory.pin(PIN).state


def test_a_success_opens_for_the_set_time(factory: MockFactory, signals: GatedSignals) -> None:
    assert not is_open(factory)
    signals.show(Answer.GO)
    assert is_open(factory)
    time.sleep(OPEN_MS / 1000 + 0.1)
    assert not is_open(factory)


def test_the_next_success_keeps_it_open_for_its_own_time(
    factory: MockFactory, signals: GatedSignals
) -> None:
    signals.show(Answer.GO)
    time.sleep(0.15)
    signals.show(Answer.GO)
    time.sleep(0.12)
    assert is_open(factory)
    time.sleep(0.2)
    assert not is_open(factory)


@pytest.mark.parametrize("answer", [Answer.AGAIN, Notice.ADDED, Notice.TAKEN_BACK])
def test_nothing_else_opens_it(
    factory: MockFactory, signals: GatedSignals, answer: Answer | Notice
) -> None:
    signals.show(answer)
    assert not is_open(factory)


def test_a_broken_kiosk_leaves_it_open_until_a_success(
    factory: MockFactory, signals: GatedSignals
) -> None:
    signals.show(Answer.GO)
    signals.show(Answer.BROKEN)
    time.sleep(OPEN_MS / 1000 + 0.1)
    assert is_open(factory)
    signals.show(Answer.AGAIN)
    assert is_open(factory)
    signals.show(Answer.GO)
    time.sleep(OPEN_MS / 1000 + 0.1)
    assert not is_open(factory)


def test_the_end_of_the_kiosk_lets_go_of_the_pin(
    factory: MockFactory, signals: GatedSignals
) -> None:
    signals.show(Answer.GO)
    signals.close()
    signals.close()
    assert is_open(factory)
    assert factory.pin(PIN).function == "input"
    time.sleep(OPEN_MS / 1000 + 0.1)
    assert factory.pin(PIN).function == "input"


def test_a_relay_switched_by_low_is_held_low(factory: MockFactory) -> None:
    gate = RelayGate(PIN, factory=factory, open_ms=OPEN_MS, active_high=False)
    assert factory.pin(PIN).state == 0
    gate.stay_open()
    assert factory.pin(PIN).state == 1
    gate.close()


def test_lamps_that_fail_do_not_keep_it_closed(factory: MockFactory) -> None:
    class Dead(RecordingSignals):
        def show(self, answer: Answer | Notice) -> None:
            raise DeviceError("the pins failed")

    signals = GatedSignals(Dead(), RelayGate(PIN, factory=factory, open_ms=OPEN_MS))
    with pytest.raises(DeviceError):
        signals.show(Answer.BROKEN)
    assert is_open(factory)
    signals.close()


def test_a_pin_that_is_taken_is_named(factory: MockFactory) -> None:
    gate = RelayGate(PIN, factory=factory, open_ms=OPEN_MS)
    with pytest.raises(DeviceError, match=r"gate\.relay_pin: GPIO 24"):
        RelayGate(PIN, factory=factory, open_ms=OPEN_MS)
    gate.close()


def test_without_a_pin_there_is_no_gate() -> None:
    signals = RecordingSignals()
    assert gated(signals, relay_pin=None) is signals


def test_with_gpio_the_pin_is_used(monkeypatch: pytest.MonkeyPatch, factory: MockFactory) -> None:
    monkeypatch.setattr(Device, "pin_factory", factory)
    inner = RecordingSignals()
    signals = gated(inner, relay_pin=PIN, open_ms=OPEN_MS)
    assert factory.pin(PIN).state == 1
    signals.show(Answer.BROKEN)
    assert is_open(factory)
    signals.close()
    assert inner.shown == [Answer.BROKEN]
    assert inner.closed


def test_without_gpio_the_gate_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr("kiosk.hardware.gate.gpio", lambda: None)
    signals = gated(RecordingSignals(), relay_pin=PIN, open_ms=OPEN_MS)
    signals.show(Answer.GO)
    signals.show(Answer.BROKEN)
    signals.close()
    assert "gate open for 0.2 s" in caplog.text
    assert "gate stays open" in caplog.text
