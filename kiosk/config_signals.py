"""kiosk.toml: the pins a kiosk answers by, and what else hangs on them."""

import re
from dataclasses import dataclass
from typing import Final

from kiosk.config_table import flag, pin, text, whole

TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, kw_only=True)
class SignalsSection:
    """[signals]: the pins of lamps and buzzer (BCM). None set: answers go to the terminal."""

    green_pin: int | None = pin()
    """Accepted."""
    amber_pin: int | None = pin()
    """Show again, or another code."""
    red_pin: int | None = pin()
    """The kiosk is broken; nothing was recorded."""
    buzzer_pin: int | None = pin()
    """Sounds with all three."""
    tonal: bool = flag(True)
    """Whether the buzzer is a passive one that plays tones; false for one with its own sound."""
    day_volume: int = whole(100, unit="percent", low=0, high=100)
    """How loud by day. A buzzer with its own sound cannot be quieter: it sounds shorter."""
    night_volume: int = whole(30, unit="percent", low=0, high=100)
    """How loud by night; 0 for none."""
    night_from: str = text("22:00", expected="a local time HH:MM", example="22:00", fits=TIME)
    """When the night begins."""
    night_until: str = text("06:00", expected="a local time HH:MM", example="06:00", fits=TIME)
    """When it ends; the same as its beginning where there is no night."""
    button_pin: int | None = pin()
    """The guard's button, to ground: a press adds a companion, a long one takes the last back."""
    companions_s: int = whole(60, unit="seconds", low=5, high=3600)
    """How long after a scan, or after the last press, the button still counts."""


@dataclass(frozen=True, kw_only=True)
class GateSection:
    """[gate]: a relay that holds a gate closed while it is energised. Without a pin: no gate."""

    relay_pin: int | None = pin()
    """Released (BCM) the gate is open: for each success, and while the kiosk is broken or off."""
    open_ms: int = whole(3_000, unit="milliseconds", low=200, high=60_000)
    """How long it stays open after a success."""
    active_high: bool = flag(True)
    """Whether a high pin energises the relay; false for boards whose input is switched by low."""
