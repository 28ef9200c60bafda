"""What lamps and buzzer do for each answer, as data.

The answers differ in colour, in the rhythm of the light and in the rhythm of the sound, each alone:
one long light and one short rising sound; two blinks and two sounds; a flicker and one long low
sound. On a buzzer with one tone only, the rhythms remain.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from kiosk.hardware.ports import Answer, Notice

Track = Sequence[tuple[int, float]]
"""Steps of (ms, level), one after the other. Level: 1 on, 0 off; for the buzzer Hz, 0 silent."""
Pattern = Mapping[str, Track]
"""Tracks by channel, all beginning together. After its track a channel is off."""

GREEN: Final = "green"
AMBER: Final = "amber"
RED: Final = "red"
BUZZER: Final = "buzzer"
LAMPS: Final = (GREEN, AMBER, RED)
LOWEST_HZ: Final = 110
HIGHEST_HZ: Final = 1760

PATTERNS: Final[Mapping[Answer, Pattern]] = {
    Answer.GO: {
        GREEN: [(1200, 1)],
        BUZZER: [(80, 880), (80, 1175), (80, 1568)],
    },
    Answer.AGAIN: {
        AMBER: [(250, 1), (250, 0), (250, 1)],
        BUZZER: [(150, 660), (150, 0), (150, 660)],
    },
    Answer.BROKEN: {
        RED: [(100, 1), (100, 0)] * 6 + [(800, 1)],
        BUZZER: [(1200, 165)],
    },
}

NOTICES: Final[Mapping[Notice, Pattern]] = {
    Notice.ADDED: {GREEN: [(80, 1)], BUZZER: [(20, 1760)]},
    Notice.TAKEN_BACK: {GREEN: [(80, 1), (120, 0), (80, 1)], BUZZER: [(20, 440)]},
}
"""Blinks and clicks for the guard, all under a third of a second; no visitor's answer is so short.
A press that counted nothing is told nothing."""


def length_ms(pattern: Pattern) -> int:
    """Until the last channel is off."""
    return max(sum(ms for ms, _ in track) for track in pattern.values())


def timeline(pattern: Pattern) -> list[tuple[int, str, float]]:
    """(ms from the start, channel, level), in order of time; ends with every channel off."""
    steps: list[tuple[int, str, float]] = []
    for channel, track in pattern.items():
        at_ms = 0
        for ms, level in track:
            steps.append((at_ms, channel, level))
            at_ms += ms
        steps.append((at_ms, channel, 0))
    return sorted(steps, key=lambda step: step[0])
