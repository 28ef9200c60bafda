"""Lamps, buzzer and gate as kiosk.toml has them."""

from kiosk.config_signals import GateSection, SignalsSection
from kiosk.errors import DeviceError
from kiosk.hardware.gate import gated
from kiosk.hardware.ports import Signals
from kiosk.hardware.signals import open_signals
from kiosk.hardware.volume import Volume, minutes


def open_answering(pins: SignalsSection, gate: GateSection) -> Signals:
    """What visitors are answered by. Raises DeviceError for a pin that cannot be used."""
    signals = open_signals(
        green_pin=pins.green_pin,
        amber_pin=pins.amber_pin,
        red_pin=pins.red_pin,
        buzzer_pin=pins.buzzer_pin,
        tonal=pins.tonal,
        volume=Volume(
            day=pins.day_volume,
            night=pins.night_volume,
            night_from_min=minutes(pins.night_from),
            night_until_min=minutes(pins.night_until),
        ),
    )
    try:
        return gated(
            signals,
            relay_pin=gate.relay_pin,
            open_ms=gate.open_ms,
            active_high=gate.active_high,
        )
    except DeviceError:
        signals.close()
        raise
