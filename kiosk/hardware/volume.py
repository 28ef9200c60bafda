"""How loud the buzzer is, by day and by night. Pure.

A passive buzzer is quieter with shorter pulses: the fundamental of a pulse wave goes with the sine
of its duty. One with a sound of its own knows on and off only, so it sounds for a shorter time.
"""

import datetime as dt
import math
from dataclasses import dataclass
from typing import Final

from kiosk.hardware.patterns import Track

SHORTEST_MS: Final = 30
"""Of a sound that is shortened: what an ear still takes for one."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """Percent by day, and by night from one time of day until another (minutes after midnight)."""

    day: int = 100
    night: int = 100
    night_from_min: int = 0
    night_until_min: int = 0
    """The same as the beginning: no night."""

    def at(self, clock: dt.time) -> int:
        """Percent at this local time."""
        minute = clock.hour * 60 + clock.minute
        begin, end = self.night_from_min, self.night_until_min
        if begin <= end:
            return self.night if begin <= minute < end else self.day
        return self.night if minute >= begin or minute < end else self.day


def minutes(text: str) -> int:
    """`HH:MM` as minutes after midnight. Raises ValueError."""
    clock = dt.time.fromisoformat(text)
    return clock.hour * 60 + clock.minute


def duty(percent: int) -> float:
    """The share of a wave that is high, for a loudness in percent of the loudest."""
    return math.asin(percent / 100) / math.pi


def shortened(track: Track, percent: int) -> list[tuple[int, float]]:
    """`track` with every uninterrupted sound cut to `percent` of its length, then silence.

    Rhythm and length stay: one sound is one, two are two, and the long one is still the longest.
    """
    runs: list[list[float]] = []
    for ms, level in track:
        if runs and bool(runs[-1][1]) == bool(level):
            runs[-1][0] += ms
        else:
            runs.append([ms, level])
    steps: list[tuple[int, float]] = []
    for length, level in runs:
        ms = int(length)
        sounding = min(ms, max(SHORTEST_MS, ms * percent // 100)) if level and percent else 0
        if sounding:
            steps.append((sounding, level))
        if ms > sounding:
            steps.append((ms - sounding, 0))
    return steps
