"""What looks at a scene, in a process of its own: `kiosk run`, or pyzbar alone in the same loop.

    python -m bench.onlooker kiosk SOCKET KIOSK_TOML
    python -m bench.onlooker pyzbar SOCKET
    python -m bench.onlooker frames FILM COUNT

Frames come through the inherited SOCKET as from a camera driver: asked for, and only the newest.
"""

import datetime as dt
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from kiosk import equipment
from kiosk.cli import main as kiosk_command
from kiosk.credentials.proofs import Proofs
from kiosk.hardware.decoders import engines, open_decoders
from kiosk.hardware.ports import Camera, Frame
from kiosk.scanning.pipeline import Pipeline
from kiosk.scanning.reader import Reader

WIDTH, HEIGHT = 640, 480
LEAVE_S: Final = 1.0
"""As the kiosk: a code unseen for so long has left."""


class ScenesCamera:
    """Frames of the scene, each when it is asked for."""

    finite = False

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)

    def frames(self) -> Iterator[Frame]:
        buffer = bytearray(WIDTH * HEIGHT)
        while True:
            self._socket.sendall(b"?")
            view = memoryview(buffer)
            while view:
                count = self._socket.recv_into(view)
                if count == 0:
                    return
                view = view[count:]
            luma = np.frombuffer(buffer, np.uint8).reshape(HEIGHT, WIDTH)
            yield Frame(luma=luma, taken_ns=time.monotonic_ns())

    def close(self) -> None:
        # A reader that waits for a frame is woken, and finds the end.
        self._socket.shutdown(socket.SHUT_RDWR)


def run_kiosk(descriptor: int, config: str) -> None:
    """`kiosk run` as it is, but for where frames come from."""

    def open_source(_source: str, **_options: object) -> Camera:
        return ScenesCamera(descriptor)

    # The one seam: everything else is the program as it runs at a door.
    equipment.open_source = open_source  # type: ignore[assignment, attr-defined]
    kiosk_command(["run", "--config", config])


def run_pyzbar(descriptor: int) -> None:
    """Says each new text, as hex, with the time of day."""
    decoder = open_decoders(["pyzbar"])
    seen: dict[bytes, float] = {}
    for frame in ScenesCamera(descriptor).frames():
        now_s = time.monotonic()
        for code in decoder.decode(frame.luma):
            if now_s - seen.get(code.data, -LEAVE_S) >= LEAVE_S:
                clock = dt.datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
                print(f"{clock} {code.data.hex()}", file=sys.stderr, flush=True)
            seen[code.data] = now_s


def read_frames(film: str, count: int) -> None:
    """Only what a frame costs: decoding and understanding the first `count` of `film`."""
    pipeline = Pipeline(engines(open_decoders(["zxing-cpp", "pyzbar"])))
    reader = Reader(pipeline, Proofs())
    with Path(film).open("rb") as file:
        for _ in range(count):
            raw = file.read(WIDTH * HEIGHT)
            luma = np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH)
            reader.look(Frame(luma=luma, taken_ns=time.monotonic_ns()))


if __name__ == "__main__":
    if sys.argv[1] == "frames":
        read_frames(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1] == "kiosk":
        run_kiosk(int(sys.argv[2]), sys.argv[3])
    else:
        run_pyzbar(int(sys.argv[2]))
