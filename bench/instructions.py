"""Instructions per frame, counted by callgrind: they repeat within 1 % where milliseconds do not.

A run costs the start as well: the same is run with few and with more frames, and the difference
counts.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.pictures import Picture, frames
from bench.readers import open_reader
from kiosk.hardware.decoders import ENGINES, engines, open_decoders
from kiosk.hardware.ports import Frame, Luma
from kiosk.scanning.pipeline import Pipeline
from kiosk.scanning.settings import Settings
from kiosk.scanning.stages import STAGES, Part

FPS = 15
_SCENES = 3
"""Pictures that are averaged over."""
_GRAIN = 1.5
"""Standard deviation in levels of what changes between frames of a scene that stands still."""
_ROUND = sum(not stage.patient and stage.part is not Part.FULL for stage in STAGES)
_SLOW = 16
"""Frames at 15 a second between two retries while nothing moves."""
RUNS = {
    "pyzbar": (1, 3),
    "zxing": (4, 12),
    # A first round of retries follows the start; then one comes each second.
    "tram": (2 * _SLOW, 2 * _SLOW + _ROUND * _SLOW),
    "tram without gate": (_ROUND, 2 * _ROUND),
    "tram first look": (4, 12),
}
"""Frames of the short and of the long run."""


def available() -> str:
    """Why instructions cannot be counted here; empty where they can."""
    if shutil.which("valgrind") is None:
        return "valgrind is not installed (apt install valgrind)"
    return ""


def count(pictures: list[Picture]) -> dict[str, dict[str, float]]:
    """Millions of instructions per 640×480 frame, by "empty" and "coded" and by RUNS."""
    return {
        "empty": per_frame(frames(pictures, coded=False), list(RUNS)),
        "coded": per_frame(frames(pictures, coded=True), ["pyzbar", "zxing", "tram first look"]),
    }


def per_frame(scenes: list[Luma], names: list[str]) -> dict[str, float]:
    """Millions of instructions per frame of some of `scenes`, by the `names` out of RUNS."""
    chosen = scenes[:: max(1, len(scenes) // _SCENES)][:_SCENES]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frame.npy"
        totals = dict.fromkeys(names, 0.0)
        for scene in chosen:
            np.save(file, scene)
            for name in names:
                few, more = RUNS[name]
                spent = _collected(name, file, more) - _collected(name, file, few)
                totals[name] += spent / (more - few) / 1e6 / len(chosen)
    return totals


def _collected(name: str, file: Path, number: int) -> int:
    command = [
        *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
        *(sys.executable, "-m", "bench.instructions", name, str(file), str(number)),
    ]
    # The order of a hash changes what is executed; so does a second thread.
    fixed = {**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=root, env=fixed, capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise RuntimeError(f"valgrind said no number of instructions: {done.stderr[-500:]}")
    return int(found[1])


def work(name: str, scene: Luma, number: int) -> None:
    """Look at `number` frames of a scene that stands still."""
    random = np.random.default_rng(1)
    grain = [np.rint(random.normal(0, _GRAIN, scene.shape)).astype(np.int16) for _ in range(3)]
    seen = [np.clip(scene + each, 0, 255).astype(np.uint8) for each in grain]
    if not name.startswith("tram"):
        reader = open_reader(name)
        for each in range(number):
            reader(seen[each % len(seen)])
        return
    always = Settings(sure_ms=0, retry_ms=0, retries=name != "tram first look")
    settings = Settings() if name == "tram" else always
    pipeline = Pipeline(engines(open_decoders(list(ENGINES))), settings=settings)
    for each in range(number):
        pipeline.look(Frame(luma=seen[each % len(seen)], taken_ns=each * 1_000_000_000 // FPS))


if __name__ == "__main__":
    work(sys.argv[1], np.load(sys.argv[2]), int(sys.argv[3]))
