"""The demo does what it says, checks itself, and leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.check import Comparison, compare, read_journal
from tests.support.programs import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_once_stores_what_was_signalled_and_finds_who_was_exposed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--once", "--photographs", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["lost"], said["duplicates"]) == (0, 0)
    assert said["accepted"] == said["stored"] == 29
    assert (said["pictures"], said["read"], said["f1"]) == (30, 30, 15)


@pytest.mark.timeout(600)
def test_ctrl_c_ends_every_process_and_removes_the_folder(tmp_path: Path) -> None:
    screen = tmp_path / "screen"
    with screen.open("wb") as out:
        demo = subprocess.Popen(
            [sys.executable, "-m", "demo", "--photographs", str(tmp_path / "none")],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
    try:
        wait_until(lambda: "Ctrl-C" in screen.read_text(), what="the demo's end", timeout_s=480)
        running = _processes_in(tmp_path)
        assert any("nats-server" in command for command in running)
        assert sum("kiosk run" in command for command in running) == 3
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
    finally:
        demo.kill()
        demo.wait()
    text = screen.read_text()
    assert re.search(r"http://127\.0\.0\.1:\d+/sign-in  quan-ly-cho  [a-z2-9-]{19}", text)
    assert "Traceback" not in text
    time.sleep(1.0)
    assert _processes_in(tmp_path) == []
    assert list(tmp_path.glob("tram-demo-*")) == []


def test_the_comparison_sees_what_is_missing_changed_or_too_much(tmp_path: Path) -> None:
    lines = [
        {"answer": "accepted", "epoch": "e", "counter": n, "digest": f"d{n}", "at_ms": 1}
        for n in (1, 2, 3)
    ]
    file = tmp_path / "journal.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    journal = read_journal("k", file)
    stored = [("k", "e", n, f"d{n}") for n in (1, 2, 3)]
    assert compare([journal], stored) == Comparison(3, 3, lost=0, duplicates=0)
    assert compare([journal], stored[:2]).lost == 1
    assert not compare([journal], [*stored, stored[0]]).holds
    changed = [*stored[:2], ("k", "e", 3, "other")]
    assert compare([journal], changed) == Comparison(3, 3, lost=1, duplicates=1)


def _processes_in(folder: Path) -> list[str]:
    """Command lines of processes that were started with something in `folder`, but the demo's."""
    out = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if f"{folder}/tram-demo-" in command:
            out.append(command)
    return out
