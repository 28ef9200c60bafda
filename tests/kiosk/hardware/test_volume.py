"""How loud the answers are by day and by night."""

import datetime as dt
import time

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from kiosk.hardware.patterns import BUZZER, PATTERNS
from kiosk.hardware.ports import Answer
from kiosk.hardware.signals import PinSignals
from kiosk.hardware.volume import SHORTEST_MS, Volume, duty, minutes, shortened

NIGHT = Volume(day=100, night=20, night_from_min=minutes("22:00"), night_until_min=minutes("06:00"))


@pytest.mark.parametrize(
    ("clock", "percent"),
    [("21:59", 100), ("22:00", 20), ("00:00", 20), ("05:59", 20), ("06:00", 100), ("12:00", 100)],
)
def test_a_night_goes_over_midnight(clock: str, percent: int) -> None:
    assert NIGHT.at(dt.time.fromisoformat(clock)) == percent


def test_a_night_within_one_day_and_none_at_all() -> None:
    noon = Volume(day=80, night=0, night_from_min=720, night_until_min=840)
    assert [noon.at(dt.time(hour)) for hour in (11, 12, 13, 14)] == [80, 0, 0, 80]
    never = Volume(day=80, night=0)
    assert {never.at(dt.time(hour)) for hour in range(24)} == {80}


def test_the_loudest_is_half_of_the_wave_and_quieter_is_less() -> None:
    assert duty(100) == pytest.approx(0.5)
    duties = [duty(percent) for percent in range(0, 101, 10)]
    assert duties == sorted(duties)
    assert duties[0] == 0


@pytest.mark.parametrize("percent", [10, 30, 50])
def test_a_buzzer_with_its_own_sound_keeps_the_rhythm_and_sounds_shorter(percent: int) -> None:
    heard = {}
    for answer, pattern in PATTERNS.items():
        track = pattern[BUZZER]
        quiet = shortened(track, percent)
        assert sum(ms for ms, _ in quiet) == sum(ms for ms, _ in track)
        heard[answer] = [ms for ms, level in quiet if level]
        assert all(ms >= SHORTEST_MS for ms in heard[answer])
    assert {answer: len(sounds) for answer, sounds in heard.items()} == {
        Answer.GO: 1,
        Answer.AGAIN: 2,
        Answer.BROKEN: 1,
    }
    assert heard[Answer.BROKEN][0] >= 3 * heard[Answer.GO][0]


def test_no_volume_is_silence() -> None:
    assert not any(level for _, level in shortened(PATTERNS[Answer.GO][BUZZER], 0))


@pytest.mark.parametrize(("hour", "level"), [(12, 0.5), (23, duty(20))])
def test_a_passive_buzzer_is_quieter_by_night(hour: int, level: float) -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    signals = PinSignals(
        {BUZZER: 18}, factory=factory, volume=NIGHT, local_time=lambda: dt.time(hour)
    )
    signals.show(Answer.BROKEN)
    time.sleep(0.15)
    assert factory.pin(18).state == pytest.approx(level)
    signals.close()
    factory.reset()


def test_a_silent_night_leaves_the_lamps() -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    signals = PinSignals({"green": 17, BUZZER: 18}, factory=factory, volume=Volume(day=0))
    signals.show(Answer.GO)
    time.sleep(0.15)
    assert factory.pin(17).state == 1
    assert not any(state.state for state in factory.pin(18).states)
    signals.close()
    factory.reset()
