"""How long a visitor waits: from a frame with a code to the commit and the signal.

    python -m bench.answer_latency [--folder FOLDER] [--scans N]

Beside it, on the same frames, pyzbar finds the code and nothing is recorded. Put --folder on the
disk the kiosk would use: a commit is one fsync of it.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from demo.pictures import photograph
from kiosk.clock import SystemClock
from kiosk.companions import Companions
from kiosk.credentials.proofs import Proofs
from kiosk.door import Door
from kiosk.hardware.decoders import open_decoders
from kiosk.hardware.ports import Answer, Frame, Luma, Notice
from kiosk.health import Vitals, percentile
from kiosk.journal import Journal
from kiosk.queue import Queue
from kiosk.scanning.decision import Policy
from kiosk.scanning.reader import Reader
from kiosk.scanning.record import Sealer
from kiosk.scanning.repeats import Repeats, View
from kiosk.scanning.spelling import Speller


class Stopwatch:
    """Signals that note when they were given."""

    def __init__(self) -> None:
        self.at_ns: list[int] = []

    def show(self, answer: Answer | Notice) -> None:
        self.at_ns.append(time.perf_counter_ns() if answer is Answer.GO else 0)

    def close(self) -> None:
        pass


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path, help="where the queue is; default: temporary")
    options.add_argument("--scans", type=int, default=200)
    given = options.parse_args()
    frames = _frames(given.scans)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        answers, decodes = _kiosk(frames, Path(folder))
    pyzbar = open_decoders(["pyzbar"])
    peer = [_timed(lambda luma=luma: pyzbar.decode(luma)) for luma in frames]  # type: ignore[misc]
    print(f"{len(answers)} of {len(frames)} pictures answered with success")
    _show("frame to signal (decode, seal, commit, journal)", answers)
    _show("of that decode and understand", decodes)
    _show("pyzbar alone, nothing recorded", peer)
    ratio = sum(answers) / len(answers) / (sum(peer) / len(peer))
    print(f"the whole answer takes {ratio:.2f}× of pyzbar alone")


def _kiosk(frames: Sequence[Luma], folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds from frame to success, and of them for decoding."""
    signals, key = Stopwatch(), bytes(32)
    decoder = open_decoders(["zxing-cpp", "pyzbar"])
    queue = Queue(folder, max_records=len(frames))
    door = Door(
        reader=Reader(decoder, Proofs()),
        speller=Speller(Proofs(), layout="us"),
        policy=Policy(accept=frozenset({"cccd"})),
        repeats=Repeats(key=key, ttl_ms=1, limit=1),
        view=View(key=key, leave_ms=1),
        sealer=Sealer(
            kiosk="bench-1",
            epoch=queue.epoch,
            direction="in",
            ingest=X25519PrivateKey.generate().public_key(),
            vault=X25519PrivateKey.generate().public_key(),
        ),
        queue=queue,
        journal=Journal(folder / "journal.jsonl", max_bytes=10**9),
        signals=signals,
        clock=SystemClock(),
        vitals=Vitals(),
        companions=Companions(within_ms=60_000),
        recorded=lambda: None,
    )
    answers: list[float] = []
    for number, luma in enumerate(frames):
        before, began_ns = len(signals.at_ns), time.perf_counter_ns()
        door.look(Frame(luma=luma, taken_ns=time.monotonic_ns(), source=str(number)))
        if len(signals.at_ns) > before and signals.at_ns[-1]:
            answers.append((signals.at_ns[-1] - began_ns) / 1e6)
    queue.close()
    reader = Reader(decoder, Proofs())
    return answers, [_timed(lambda luma=luma: reader.read(luma)) for luma in frames]  # type: ignore[misc]


def _frames(count: int) -> list[Luma]:
    rng = random.Random(1)
    texts = (
        f"0010900{number:05d}||Nguyễn Văn Mẫu|01011990|Nam|Số {number}, Phường Thử, Hà Nội|01012022"
        for number in range(count)
    )
    return [np.asarray(photograph(text, rng=rng).convert("L")) for text in texts]


def _timed(act: Callable[[], object]) -> float:
    began_ns = time.perf_counter_ns()
    act()
    return (time.perf_counter_ns() - began_ns) / 1e6


def _show(what: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    parts = ", ".join(f"p{percent} {percentile(ordered, percent)}" for percent in (50, 95, 99))
    print(f"{what:<50} ms: {parts}")


if __name__ == "__main__":
    main()
