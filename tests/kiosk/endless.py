"""`python -m tests.kiosk.endless KIOSK_TOML START`: a kiosk to which visitors never stop coming."""

import itertools
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from kiosk.assembly import assembled
from kiosk.config import load
from kiosk.equipment import Hardware
from kiosk.hardware.fakes import FakeDecoder, RecordingSignals, painted
from kiosk.hardware.ports import Answer, Frame, Notice


class Crowd:
    """Another ticket in each frame."""

    finite = False

    def __init__(self, start: str) -> None:
        self._start = start

    def frames(self) -> Iterator[Frame]:
        for number in itertools.count():
            luma = painted(f"VE-{self._start}-{number:07d}".encode(), width=200)
            yield Frame(luma=luma, taken_ns=time.monotonic_ns())

    def close(self) -> None:
        pass


class PrintingSignals(RecordingSignals):
    """Says each answer on standard output, unbuffered, as a lamp would."""

    def show(self, answer: Answer | Notice) -> None:
        os.write(1, f"{answer}\n".encode())


def main(config: str, start: str) -> None:
    hardware = Hardware(
        camera="crowd",
        open_camera=lambda: Crowd(start),
        decoder=FakeDecoder(),
        signals=PrintingSignals(),
    )
    with assembled(load(Path(config)), hardware) as app:
        app.run(once=False, once_timeout_s=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
