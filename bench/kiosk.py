"""The whole kiosk on a queue of people, in real time, beside pyzbar alone on the same scene.

    python -m bench.kiosk [--seconds N] [--rates 20 30] [--fps F] [--seed N]

The kiosk is `kiosk run` in a process of its own: real decoders, sealing, commits with fsync,
journal; without lamps (answers go to the terminal) and without a server (records wait on the disk).
An answer is right at the first try where the first one a person gets is green and the record that
was committed opens to that person's number. Ends with one JSON line.
"""

import argparse
import datetime as dt
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.people import Bundle, make_bundle, texts
from bench.scene import SIZE, Scene
from kiosk.health import percentile

PROGRAMS: Final = ("kiosk", "pyzbar")
SLOWER: Final = 8
"""A Cortex-A53 core than a desk's, roughly: a third of the clock, a third of the work a cycle."""
_COUNTED_PEOPLE: Final = 8
_MANY: Final = 64
_FEW: Final = 4
GRACE_S: Final = 0.5
"""An answer may come so long after its code has left."""
A53_INSTRUCTIONS_S: Final = 0.8e9
"""A Pi Zero 2 W's core: in order, 1 GHz, 0.8 instructions a cycle on such code (an assumption)."""
_ANSWER: Final = re.compile(r"(\d\d:\d\d:\d\d\.\d{3}) (XANH|VÀNG|ĐỎ|[0-9a-f]+)")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one program did on one scene."""

    program: str
    per_minute: float
    people: int
    right: int
    waits_ms: list[float]
    """From the first frame that holds the whole code until the answer, ascending."""
    fps: float
    cpu: float
    """Share of one core."""
    resident_mb: float
    peak_mb: float

    @property
    def share(self) -> float:
        return self.right / self.people

    def as_json(self) -> dict[str, Any]:
        return {
            "per_minute": self.per_minute,
            "people": self.people,
            "right_first": round(self.share, 4),
            "answered_per_minute": round(self.per_minute * self.share, 2),
            "wait_ms_p50": percentile(self.waits_ms, 50),
            "wait_ms_p95": percentile(self.waits_ms, 95),
            "fps": round(self.fps, 2),
            "cpu": round(self.cpu, 4),
            "resident_mb": round(self.resident_mb, 1),
            "peak_mb": round(self.peak_mb, 1),
        }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rates", type=float, nargs="+", default=[20, 30])
    options.add_argument("--fps", type=float, default=15)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    results = [
        each
        for rate in given.rates
        for each in run(per_minute=rate, seconds=given.seconds, fps=given.fps, seed=given.seed)
    ]
    instructions = count_instructions(per_minute=max(given.rates), seed=given.seed)
    show(results)
    busiest = max((each for each in results if each.program == "kiosk"), key=lambda each: each.cpu)
    print(f"\n{estimate(busiest, instructions)}")
    told: dict[str, Any] = {"seconds": given.seconds, "fps": given.fps, "seed": given.seed}
    for program in PROGRAMS:
        told[program] = [each.as_json() for each in results if each.program == program]
    told["instructions_per_frame"] = instructions and round(instructions)
    print(json.dumps(told))


def run(*, per_minute: float, seconds: float, fps: float, seed: int) -> list[Result]:
    """Each program on the scene of `seed`, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = make_bundle(Path(folder))
        people = texts(max(1, int(seconds * per_minute / 60)), bundle, Random(seed))
        scene = Scene(people, per_minute=per_minute, fps=fps, seed=seed)
        # Made beforehand, so that drawing is never what the programs wait for.
        film = Path(folder) / "film"
        with film.open("wb") as file:
            for number in range(int(scene.ends_s * fps)):
                file.write(scene.frame(number / fps, number).tobytes())
        return [
            _watch(program, scene, film, bundle, fps=fps, per_minute=per_minute)
            for program in PROGRAMS
        ]


def _watch(
    program: str, scene: Scene, film: Path, bundle: Bundle, *, fps: float, per_minute: float
) -> Result:
    ours, theirs = socket.socketpair()
    arguments = [program, str(theirs.fileno()), str(bundle.file)]
    said = film.with_name("said.txt")
    with said.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.onlooker", *arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
        theirs.close()
        try:
            played = _play(scene, film, ours, child.pid, fps=fps)
        finally:
            child.terminate()
            ours.close()
            child.wait(20)
    answers = [_answer(match) for match in _ANSWER.finditer(said.read_text())]
    people = [person.text for person in scene.people]
    recorded = bundle.recorded(people) if program == "kiosk" else None
    right, waits = _judge(scene, answers, played.began, fps, recorded)
    return Result(
        program=program,
        per_minute=per_minute,
        people=len(people),
        right=right,
        waits_ms=sorted(waits),
        fps=played.frames / scene.ends_s,
        cpu=played.cpu_s / scene.ends_s,
        resident_mb=played.resident_mb,
        peak_mb=played.peak_mb,
    )


@dataclass(frozen=True, kw_only=True)
class _Played:
    began: float
    """Wall time of the scene's beginning, seconds."""
    frames: int
    cpu_s: float
    resident_mb: float
    peak_mb: float


def _play(scene: Scene, film: Path, channel: socket.socket, pid: int, *, fps: float) -> _Played:
    """Give the newest frame whenever it is asked for, at the camera's pace."""
    if channel.recv(1) != b"?":
        raise SystemExit("bench: what was to look at the scene did not start; see above")
    asked, given = True, 0
    size = SIZE[0] * SIZE[1]
    with film.open("rb") as frames:
        cpu_s, began, start = _cpu_s(pid), time.time(), time.monotonic()
        for number in range(int(scene.ends_s * fps)):
            luma = frames.read(size)
            time.sleep(max(0.0, start + number / fps - time.monotonic()))
            if not asked and select.select([channel], [], [], 0)[0]:
                asked = channel.recv(1) == b"?"
            if asked:
                channel.sendall(luma)
                asked, given = False, given + 1
    status = _status(pid)
    cpu_s = _cpu_s(pid) - cpu_s
    return _Played(
        began=began,
        frames=given,
        cpu_s=cpu_s,
        resident_mb=status["VmRSS"] / 1000,
        peak_mb=status["VmHWM"] / 1000,
    )


def _judge(
    scene: Scene,
    answers: Sequence[tuple[float, str]],
    began: float,
    fps: float,
    recorded: Sequence[bool] | None,
) -> tuple[int, list[float]]:
    """How many were answered right at the first try, and how long they waited (ms)."""
    right, waits = 0, []
    for number, person in enumerate(scene.people):
        first, last = int(person.arrives_s * fps), int(person.leaves_s * fps)
        seen = [each / fps for each in range(first, last + 2) if person.in_view(each / fps)]
        since, until = began + person.arrives_s, began + person.leaves_s + GRACE_S
        mine = [(at, said) for at, said in answers if since <= at < until]
        # By then the next one may be there: an answer is theirs only before that.
        if number + 1 < len(scene.people):
            following = began + scene.people[number + 1].arrives_s
            mine = [(at, said) for at, said in mine if at < following]
        if not seen or not mine:
            continue
        at, said = mine[0]
        if said == (person.text.encode().hex() if recorded is None else "XANH") and (
            recorded is None or recorded[number]
        ):
            right += 1
            waits.append(max(0.0, (at - began - seen[0]) * 1000))
    return right, waits


def _answer(match: re.Match[str]) -> tuple[float, str]:
    clock = dt.time.fromisoformat(match[1])
    moment = dt.datetime.combine(dt.datetime.now().astimezone().date(), clock).astimezone()
    return moment.timestamp(), match[2]


def count_instructions(*, per_minute: float, seed: int) -> float | None:
    """Of a frame on average, empty and coded ones together; None without valgrind.

    The kiosk's reader on frames from all over a scene, less a run on a few of them: what starting
    costs is in both.
    """
    if shutil.which("valgrind") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        bundle = make_bundle(Path(folder))
        people = texts(_COUNTED_PEOPLE, bundle, Random(seed))
        scene = Scene(people, per_minute=per_minute, fps=15, seed=seed)
        film = Path(folder) / "film"
        begin_s, end_s = scene.people[0].arrives_s, scene.people[-1].leaves_s
        with film.open("wb") as file:
            for number in range(_MANY):
                # Steps that have nothing to do with the rhythm at which people come.
                at_s = begin_s + (number * 0.6180339 % 1) * (end_s - begin_s)
                file.write(scene.frame(at_s, number).tobytes())
        many, few = (_instructions(film, count) for count in (_MANY, _FEW))
    return None if many is None or few is None else (many - few) / (_MANY - _FEW)


def _instructions(film: Path, count: int) -> int | None:
    done = subprocess.run(
        [
            *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable),
            *("-m", "bench.onlooker", "frames", str(film), str(count)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    return int(found[1]) if found else None


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int) -> dict[str, int]:
    """Sizes in KiB."""
    found = re.findall(r"^(\w+):\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return {name: int(size) for name, size in found}


def show(results: Sequence[Result]) -> None:
    print(
        f"{'':8}{'a minute':>9}{'right at first':>18}{'wait ms p50':>13}{'p95':>7}"
        f"{'fps':>7}{'CPU':>7}{'MB':>7}{'peak':>7}"
    )
    for each in results:
        print(
            f"{each.program:8}{each.per_minute:>9g}"
            f"{f'{each.right}/{each.people} = {each.share:.1%}':>18}"
            f"{percentile(each.waits_ms, 50) or 0:>13.0f}{percentile(each.waits_ms, 95) or 0:>7.0f}"
            f"{each.fps:>7.1f}{each.cpu:>7.1%}{each.resident_mb:>7.1f}{each.peak_mb:>7.1f}"
        )


def estimate(result: Result, instructions: float | None) -> str:
    """What 512 MB and four slow cores (a Pi Zero 2 W) would make of it."""
    text = (
        f"Of 512 MB the kiosk would hold {result.peak_mb:.0f} MB ({result.peak_mb / 512:.0%}); "
        "the system, libcamera and its frame buffers take some 200 MB more.\n"
    )
    if instructions is None:
        slow_ms = result.cpu / result.fps * 1000 * SLOWER
        return text + (
            f"Instructions could not be counted here (valgrind). Taken {SLOWER} times slower than "
            f"this machine, a core would need {slow_ms:.0f} ms for a frame: "
            f"{1000 / slow_ms:.0f} frames a second."
        )
    ms = instructions / A53_INSTRUCTIONS_S * 1000
    return text + (
        f"Reading a frame costs {instructions / 1e6:.1f} million instructions on average. A "
        f"Cortex-A53 core at 1 GHz and 0.8 instructions a cycle needs {ms:.0f} ms for them: up to "
        f"{1000 / ms:.0f} frames a second on the one core that looks; delivery, the camera's own "
        "threads and the system have the other three. An answer adds sealing and one fsync, on an "
        "SD card mostly 5 to 50 ms."
    )


if __name__ == "__main__":
    main()
