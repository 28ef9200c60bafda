"""SIGKILL at any moment: whatever was signalled is in the queue, byte by byte, once."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from kiosk.queue import Queue
from tests.kiosk.bundle import make_bundle

KILLS = 20
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_killed_kiosk_has_everything_it_signalled(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", more="[policy]\ntickets = true\n")
    rng = random.Random(7)
    signalled = 0
    for number in range(KILLS):
        signalled += _run_and_kill(bundle.file, start=str(number), after_s=rng.uniform(0, 0.25))
        lines = (bundle.data / "journal.jsonl").read_text().splitlines()
        accepted = [json.loads(line) for line in lines if line]
        with Queue(bundle.data, max_records=10**6) as queue:
            kept = {
                (queue.epoch, row.counter): hashlib.sha256(row.record).hexdigest()
                for row in queue.pending(limit=10**6)
            }
            assert queue.set_aside_count == 0
        ids = Counter((line["epoch"], line["counter"]) for line in accepted)
        assert max(ids.values()) == 1, "a counter was used twice"
        for line in accepted:
            assert kept[line["epoch"], line["counter"]] == line["digest"]
        # Each signal has its line; each kill may leave one record and one line without a signal.
        assert signalled <= len(accepted) <= signalled + number + 1
        assert len(accepted) <= len(kept) <= len(accepted) + number + 1
    print(
        f"\n{KILLS} kills, {signalled} signalled, {len(accepted)} in the journal, {len(kept)} kept"
    )
    assert signalled > KILLS


def _run_and_kill(config: Path, *, start: str, after_s: float) -> int:
    """Run a kiosk, kill it `after_s` after its first answer; how many answers it gave."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kiosk.endless", str(config), start],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        bufsize=0,  # communicate() does not see what readline() has read ahead
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first == b"go\n", process.stderr.read() if process.stderr else b""
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate()
    assert set(rest.splitlines()) <= {b"go"}
    return 1 + rest.count(b"go\n")
