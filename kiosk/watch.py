"""Keeps a camera or scanner open, whatever happens to it, and hands the door what it gives."""

import logging
import threading
from collections.abc import Callable

from kiosk.door import Door
from kiosk.errors import CameraError, DeviceError
from kiosk.hardware.ports import Answer, Camera, Scanner, Signals, Typed
from kiosk.health import Vitals

_log = logging.getLogger(__name__)


class Watch:
    """One camera after another, in a thread of its own."""

    def __init__(
        self,
        door: Door,
        *,
        open_camera: Callable[[], Camera | Scanner],
        signals: Signals,
        vitals: Vitals,
        restart_s: float,
        restart_max_s: float,
        over: Callable[[], None],
    ) -> None:
        """`over` is called when the thread ends by itself."""
        self._door = door
        self._open_camera = open_camera
        self._signals = signals
        self._vitals = vitals
        self._restart_s = restart_s
        self._restart_max_s = restart_max_s
        self._over = over
        self._stop = threading.Event()
        self._camera: Camera | Scanner | None = None
        self._out_of_order = False
        self._thread = threading.Thread(target=self._run, name="door", daemon=True)
        self.ended_well = False
        """Whether it ended because it was stopped or a finite camera had no more frames."""
        self.failure = ""
        """Why it ended otherwise, as far as known."""

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        """Open the camera and begin. Raises ConfigError for one that cannot be; a camera that
        fails is tried again."""
        try:
            self._camera = self._open_camera()
        except CameraError as problem:
            self._failed(problem)
        self._thread.start()

    def close(self, *, within_s: float = 5.0) -> bool:
        """End; False where the camera holds the thread for longer than `within_s`."""
        self._stop.set()
        camera = self._camera
        if camera is not None:
            camera.close()
        if self._thread.ident is not None:
            self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._watch()
            self.ended_well = True
        except DeviceError as problem:
            self.failure = str(problem)
        finally:
            self._over()

    def _watch(self) -> None:
        """Look until stopped or a finite camera ends. Raises DeviceError where that is the end."""
        pause_s = self._restart_s
        while not self._stop.is_set():
            before = self._vitals.frames
            try:
                camera = self._camera = self._camera or self._open_camera()
                for seen in camera.frames():
                    if isinstance(seen, Typed):
                        self._door.hear(seen)
                    else:
                        self._door.look(seen)
                    if self._stop.is_set():
                        break
                if camera.finite:
                    return
                problem = CameraError("the camera stopped giving frames")
            except CameraError as trouble:
                if self._camera is not None and self._camera.finite:
                    raise
                problem = trouble
            finally:
                if self._camera is not None:
                    self._camera.close()
                    self._camera = None
            if self._stop.is_set():
                return
            if self._vitals.frames > before:
                pause_s, self._out_of_order = self._restart_s, False
            self._failed(problem)
            self._stop.wait(pause_s)
            pause_s = min(self._restart_max_s, 2 * pause_s)

    def _failed(self, problem: CameraError) -> None:
        _log.error("the camera will be opened again: %s", problem)
        self._vitals.camera_restart()
        if not self._out_of_order:
            self._out_of_order = True
            self._signals.show(Answer.BROKEN)
