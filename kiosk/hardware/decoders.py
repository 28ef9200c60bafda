"""The decoders a kiosk is configured with, tried in their order."""

import importlib
import logging
from collections.abc import Sequence
from typing import Final

from kiosk.errors import ConfigError
from kiosk.hardware.ports import Code, Decoder, Luma

ENGINES: Final = {
    "zxing-cpp": ("kiosk.hardware.zxing", "ZxingDecoder", "pip install zxing-cpp"),
    "pyzbar": ("kiosk.hardware.zbar", "ZbarDecoder", "pip install pyzbar, apt install libzbar0"),
}
"""By name: module, class, and how to get what it needs."""

_log: Final = logging.getLogger(__name__)


class DecoderChain:
    """Asks each decoder in turn until one finds something."""

    def __init__(self, decoders: Sequence[Decoder]) -> None:
        self.decoders = tuple(decoders)
        self.name = "+".join(decoder.name for decoder in self.decoders)

    def decode(self, luma: Luma) -> Sequence[Code]:
        for decoder in self.decoders:
            found = decoder.decode(luma)
            if found:
                return found
        return ()


def engines(decoder: Decoder) -> tuple[Decoder, ...]:
    """The decoders that `decoder` asks in turn, or itself."""
    return decoder.decoders if isinstance(decoder, DecoderChain) else (decoder,)


def open_decoders(names: Sequence[str]) -> DecoderChain:
    """The engines `names` says, in that order.

    Raises ConfigError for an unknown name, or where none of them can be loaded; one of several that
    cannot is left out with a warning on the log.
    """
    if not names:
        raise ConfigError(f"decoder.engines: expected one or more of {', '.join(ENGINES)}")
    decoders: list[Decoder] = []
    missing: list[str] = []
    for name in names:
        if name not in ENGINES:
            raise ConfigError(
                f"decoder.engines: expected one or more of {', '.join(ENGINES)}; found {name!r}"
            )
        module, kind, remedy = ENGINES[name]
        try:
            # Inverted codes cost ZBar a second scan; where zxing-cpp comes first, that finds them.
            options = {"invert": False} if name == "pyzbar" and decoders else {}
            decoders.append(getattr(importlib.import_module(module), kind)(**options))
        except (ImportError, OSError) as problem:
            missing.append(f"{name} cannot be loaded ({problem}); to have it: {remedy}")
    if not decoders:
        raise ConfigError("decoder.engines: " + "; ".join(missing))
    for notice in missing:
        _log.warning("decoder.engines: %s; going on without it", notice)
    return DecoderChain(decoders)
