"""How much computing a kiosk's reading may use. Pure: time and temperature are handed in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TEMPERATURE_MS: Final = 5_000
"""How often the temperature is asked for."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Every limit with its unit."""

    cpu_percent: int = 60
    """Of one core, on average."""
    burst_ms: int = 2_000
    """Computing time saved up in quiet moments at most, and overdrawn at most."""
    warm_c: int = 70
    """From this temperature on `cpu_percent` falls."""
    hot_c: int = 80
    """At and above it `hot_percent` of `cpu_percent` is left."""
    hot_percent: int = 25


class Budget:
    """Computing time comes in evenly and goes out as it is used."""

    def __init__(self, limits: Limits, *, temperature_c: Callable[[], float | None]) -> None:
        """`temperature_c`: the processor's, None where nobody knows."""
        self._limits = limits
        self._temperature_c = temperature_c
        self._saved_ms = float(limits.burst_ms)
        self._now_ms: float | None = None
        self._share = limits.cpu_percent / 100
        self._measured_ms: float | None = None

    @property
    def share(self) -> float:
        """Of one core, at the last temperature known."""
        return self._share

    def at(self, now_ms: float) -> None:
        """It is `now_ms` of any clock that only goes forward."""
        if self._measured_ms is None or now_ms - self._measured_ms >= TEMPERATURE_MS:
            self._measured_ms = now_ms
            self._share = _share(self._limits, self._temperature_c())
        if self._now_ms is not None:
            earned_ms = max(0.0, now_ms - self._now_ms) * self._share
            self._saved_ms = min(float(self._limits.burst_ms), self._saved_ms + earned_ms)
        self._now_ms = now_ms

    def spend(self, ms: float) -> None:
        """So much computing time was used."""
        self._saved_ms = max(-float(self._limits.burst_ms), self._saved_ms - ms)

    @property
    def allows_retry(self) -> bool:
        """Whether there is time for more than a first look."""
        return self._saved_ms > 0

    @property
    def allows_look(self) -> bool:
        """Whether there is time for a first look: it goes into debt where a retry may not."""
        return self._saved_ms > -float(self._limits.burst_ms) / 2


def _share(limits: Limits, temperature_c: float | None) -> float:
    share = limits.cpu_percent / 100
    if temperature_c is None or temperature_c <= limits.warm_c:
        return share
    span = max(1, limits.hot_c - limits.warm_c)
    heat = min(1.0, (temperature_c - limits.warm_c) / span)
    return share * (1 - heat * (1 - limits.hot_percent / 100))
