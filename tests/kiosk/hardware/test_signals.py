"""Patterns as data, on mock pins, and on the terminal."""

import datetime as dt
import io
import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

from kiosk.errors import DeviceError
from kiosk.hardware.fakes import RecordingSignals
from kiosk.hardware.patterns import (
    BUZZER,
    HIGHEST_HZ,
    LAMPS,
    LOWEST_HZ,
    NOTICES,
    PATTERNS,
    Pattern,
    length_ms,
    timeline,
)
from kiosk.hardware.ports import Answer, Notice
from kiosk.hardware.signals import PinSignals, TerminalSignals, open_signals

PINS = {"green": 17, "amber": 27, "red": 22, "buzzer": 18}
LAMP_OF = {Answer.GO: "green", Answer.AGAIN: "amber", Answer.BROKEN: "red"}
TOLERANCE_S = 0.045


def rhythm(pattern: Pattern, channels: tuple[str, ...]) -> list[tuple[int, bool]]:
    """On and off times of the channels together, colour and pitch left out."""
    out: list[tuple[int, bool]] = []
    for channel in channels:
        for ms, level in pattern.get(channel, []):
            if out and out[-1][1] == bool(level):
                out[-1] = (out[-1][0] + ms, bool(level))
            else:
                out.append((ms, bool(level)))
    return out


def ons(pattern: Pattern, channels: tuple[str, ...]) -> int:
    return sum(on for _, on in rhythm(pattern, channels))


def test_each_answer_has_its_own_lamp_and_a_sound() -> None:
    for answer, pattern in PATTERNS.items():
        assert set(pattern) == {LAMP_OF[answer], BUZZER}


def test_the_answers_differ_without_colour() -> None:
    assert {answer: ons(pattern, LAMPS) for answer, pattern in PATTERNS.items()} == {
        Answer.GO: 1,
        Answer.AGAIN: 2,
        Answer.BROKEN: 7,
    }


def test_the_answers_differ_by_sound_alone_even_on_one_tone() -> None:
    sounds = {answer: rhythm(pattern, (BUZZER,)) for answer, pattern in PATTERNS.items()}
    assert sounds[Answer.GO] == [(240, True)]
    assert sounds[Answer.AGAIN] == [(150, True), (150, False), (150, True)]
    assert sounds[Answer.BROKEN] == [(1200, True)]


def test_go_rises_and_broken_is_low() -> None:
    rising = [level for _, level in PATTERNS[Answer.GO][BUZZER]]
    assert rising == sorted(rising)
    low = max(level for _, level in PATTERNS[Answer.BROKEN][BUZZER])
    assert all(
        low < level
        for answer in (Answer.GO, Answer.AGAIN)
        for _, level in PATTERNS[answer][BUZZER]
        if level
    )


@pytest.mark.parametrize("answer", Answer)
def test_steps_are_long_enough_to_see_and_tones_within_the_buzzers_range(answer: Answer) -> None:
    for channel, track in PATTERNS[answer].items():
        for ms, level in track:
            assert ms >= 50
            allowed = level == 0 or LOWEST_HZ <= level <= HIGHEST_HZ
            assert allowed if channel == BUZZER else level in (0, 1)
    assert length_ms(PATTERNS[answer]) <= 2_000


def test_a_timeline_is_in_order_and_ends_dark() -> None:
    for pattern in PATTERNS.values():
        steps = timeline(pattern)
        assert [at_ms for at_ms, _, _ in steps] == sorted(at_ms for at_ms, _, _ in steps)
        last = {channel: level for _, channel, level in steps}
        assert set(last.values()) == {0}


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    made = MockFactory(pin_class=MockPWMPin)
    yield made
    made.reset()


def played(pin: Any) -> list[tuple[float, float]]:
    """(seconds it lasted, state) from the first time the mock pin was on."""
    # gpiozero notes with each state the time since the one before it.
    steps = [
        (after.timestamp, float(state.state)) for state, after in itertools.pairwise(pin.states)
    ]
    return list(itertools.dropwhile(lambda step: not step[1], steps))


def merged(pattern: Pattern, channel: str) -> list[tuple[float, float]]:
    level = 0.5 if channel == BUZZER else 1.0
    return [(ms / 1000, level if on else 0.0) for ms, on in rhythm(pattern, (channel,))]


@pytest.mark.slow
@pytest.mark.parametrize("answer", Answer)
def test_a_pattern_is_played_on_the_pins_as_its_data_says(
    answer: Answer, factory: MockFactory
) -> None:
    signals = PinSignals(PINS, factory=factory)
    pattern = PATTERNS[answer]
    signals.show(answer)
    time.sleep(length_ms(pattern) / 1000 + 0.15)
    for channel, pin in PINS.items():
        mock = factory.pin(pin)
        if channel not in pattern:
            assert not any(state.state for state in mock.states)
            continue
        expected = merged(pattern, channel)
        steps = played(mock)
        assert [state for _, state in steps] == [state for _, state in expected]
        for (lasted, _), (meant, _) in zip(steps, expected, strict=True):
            assert lasted == pytest.approx(meant, abs=TOLERANCE_S)
        assert mock.state == 0
    signals.close()


def test_the_buzzer_plays_the_tones_of_the_pattern(factory: MockFactory) -> None:
    signals = PinSignals({"buzzer": 18}, factory=factory)
    heard: list[float] = []
    signals.show(Answer.GO)
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        frequency = factory.pin(18).frequency
        if frequency is not None and (not heard or heard[-1] != round(frequency)):
            heard.append(round(frequency))
        time.sleep(0.005)
    signals.close()
    assert heard == [880, 1175, 1568]


def test_a_newer_answer_replaces_a_running_one(factory: MockFactory) -> None:
    signals = PinSignals(PINS, factory=factory)
    signals.show(Answer.BROKEN)
    time.sleep(0.15)
    signals.show(Answer.GO)
    time.sleep(0.1)
    assert factory.pin(PINS["red"]).state == 0
    assert factory.pin(PINS["green"]).state == 1
    signals.close()


def test_closing_leaves_everything_dark(factory: MockFactory) -> None:
    signals = PinSignals(PINS, factory=factory)
    pins = [factory.pin(pin) for pin in PINS.values()]
    signals.show(Answer.BROKEN)
    time.sleep(0.05)
    assert any(pin.state for pin in pins)
    signals.close()
    signals.close()
    assert not any(pin.states[-1].state for pin in pins)


def test_a_buzzer_with_its_own_sound_is_switched(factory: MockFactory) -> None:
    signals = PinSignals({"buzzer": 18}, factory=factory, tonal=False)
    signals.show(Answer.BROKEN)
    time.sleep(0.1)
    assert factory.pin(18).state == 1
    signals.close()


def test_a_pin_that_cannot_be_used_is_named(factory: MockFactory) -> None:
    with pytest.raises(DeviceError, match=r"signals\.red_pin: GPIO 17"):
        PinSignals({"green": 17, "red": 17}, factory=factory)
    PinSignals({"green": 17}, factory=factory).close()


def test_a_buzzer_without_pwm_says_what_is_missing() -> None:
    with pytest.raises(DeviceError, match=r"signals\.buzzer_pin: GPIO 18.*python3-lgpio"):
        PinSignals({"buzzer": 18}, factory=MockFactory(pin_class=MockPin))


def test_pins_that_fail_while_playing_do_not_fail_silently(
    factory: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals = PinSignals({"green": 17}, factory=factory)
    monkeypatch.setattr("threading.excepthook", lambda _args: None)

    def broken(_level: float) -> None:
        raise OSError("the pins are gone")

    monkeypatch.setitem(signals._setters, "green", broken)
    signals.show(Answer.GO)
    signals._player.join(1)
    with pytest.raises(DeviceError, match="pins failed"):
        signals.show(Answer.GO)


def test_without_pins_answers_go_to_the_terminal_with_the_time() -> None:
    out, inner = io.StringIO(), RecordingSignals()
    noon = dt.datetime(2025, 1, 2, 12, 3, 11, 402_000, tzinfo=dt.UTC)
    signals = TerminalSignals(inner, out=out, now=lambda: noon)
    for answer in Answer:
        signals.show(answer)
    signals.close()
    assert out.getvalue().splitlines() == [
        "12:03:11.402 XANH — Đã ghi nhận / GREEN — recorded",
        "12:03:11.402 VÀNG — Đưa lại mã / AMBER — show it again",
        "12:03:11.402 ĐỎ — Máy hỏng, dùng giấy / RED — out of order, use paper",
    ]
    assert inner.shown == list(Answer)
    assert inner.closed


def test_a_machine_without_gpio_plays_on_mock_pins_and_writes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("kiosk.hardware.signals.gpio", lambda: None)
    out = io.StringIO()
    signals = open_signals(green_pin=17, buzzer_pin=18, out=out)
    assert isinstance(signals, TerminalSignals)
    assert isinstance(signals._pins, PinSignals)
    signals.show(Answer.GO)
    signals.close()
    assert "XANH" in out.getvalue()
    assert "no GPIO" in caplog.text


def test_a_machine_with_gpio_uses_its_pins(
    monkeypatch: pytest.MonkeyPatch, factory: MockFactory
) -> None:
    monkeypatch.setattr(Device, "pin_factory", factory)
    signals = open_signals(green_pin=17)
    assert isinstance(signals, PinSignals)
    signals.show(Answer.GO)
    time.sleep(0.1)
    assert factory.pin(17).state == 1
    signals.close()


def test_notices_are_too_short_to_be_taken_for_an_answer() -> None:
    shortest = min(length_ms(pattern) for pattern in PATTERNS.values())
    for pattern in NOTICES.values():
        assert length_ms(pattern) < 300 < shortest
        assert max(ms for ms, on in rhythm(pattern, LAMPS) if on) < 100
        assert max(ms for ms, on in rhythm(pattern, (BUZZER,)) if on) < 30
    assert {notice: ons(pattern, LAMPS) for notice, pattern in NOTICES.items()} == {
        Notice.ADDED: 1,
        Notice.TAKEN_BACK: 2,
    }


def test_a_notice_waits_until_the_visitors_answer_is_over(factory: MockFactory) -> None:
    signals = PinSignals(PINS, factory=factory)
    signals.show(Answer.AGAIN)
    time.sleep(0.1)
    signals.show(Notice.ADDED)
    signals.show(Notice.TAKEN_BACK)
    time.sleep(0.5)
    assert not any(state.state for state in factory.pin(PINS["green"]).states)
    time.sleep(0.9)
    blinks = [state.state for state in factory.pin(PINS["green"]).states].count(1)
    assert blinks == 3
    signals.close()


def test_an_answer_cuts_a_notice_short(factory: MockFactory) -> None:
    signals = PinSignals(PINS, factory=factory)
    signals.show(Notice.TAKEN_BACK)
    time.sleep(0.02)
    signals.show(Answer.BROKEN)
    time.sleep(0.05)
    assert factory.pin(PINS["green"]).state == 0
    assert factory.pin(PINS["red"]).state == 1
    signals.close()
