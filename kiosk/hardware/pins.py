"""gpiozero's way to this machine's pins."""

import warnings
from typing import Any

from gpiozero import BadPinFactory, Device


def gpio() -> Any:
    """gpiozero's pin factory for this machine (lgpio where there is one), or None without GPIO."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one line per library it does not find
        try:
            Device.ensure_pin_factory()
        except BadPinFactory:
            return None
    return Device.pin_factory
