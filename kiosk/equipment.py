"""What a kiosk sees with and answers by, opened as its configuration says."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.companions import Companions
from kiosk.config import Config
from kiosk.hardware.answering import open_answering
from kiosk.hardware.button import open_button
from kiosk.hardware.cameras import Settings, Torch, open_source
from kiosk.hardware.decoders import open_decoders
from kiosk.hardware.ports import Camera, Decoder, Scanner, Signals


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What a kiosk sees with and answers by."""

    camera: str
    """What the camera is called."""
    open_camera: Callable[[], Camera | Scanner]
    """Opens it, anew at each call."""
    decoder: Decoder
    signals: Signals
    companions: Companions = field(default_factory=lambda: Companions(within_ms=60_000))
    """What the guard's button is pressed into."""


@contextmanager
def opened(config: Config, camera: str, base: Path) -> Iterator[Hardware]:
    """The hardware of `config`, closed again at the end; `camera` counts from `base`."""
    decoder = open_decoders(config.decoder.engines)
    pins = config.signals
    companions = Companions(within_ms=pins.companions_s * 1000)

    def open_it() -> Camera | Scanner:
        return open_source(camera, base=base, settings=_camera_settings(config))

    with ExitStack() as stack:
        signals = open_answering(pins, config.gate)
        stack.callback(signals.close)
        button = open_button(
            pin=pins.button_pin, add=companions.add, take_back=companions.take_back
        )
        if button is not None:
            stack.callback(button.close)
        yield Hardware(
            camera=camera,
            open_camera=open_it,
            decoder=decoder,
            signals=signals,
            companions=companions,
        )


def _camera_settings(config: Config) -> Settings:
    camera = config.camera
    torch = None
    if camera.torch_pin is not None:
        torch = Torch(
            pin=camera.torch_pin,
            level=camera.torch_level,
            frames=camera.torch_frames,
            burn_s=camera.torch_s,
        )
    return Settings(
        fps=camera.fps,
        shown=camera.shown,
        blank=camera.blank,
        size=(camera.width, camera.height),
        stall_s=camera.stall_s,
        rotation=int(camera.rotation),
        short_exposure=camera.short_exposure,
        torch=torch,
        pause_ms=config.scanner.pause_ms,
    )
