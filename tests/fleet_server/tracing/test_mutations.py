"""The mistakes everybody makes once, made on purpose: each must break a test.

A copy of the program gets one of them, and the tests that should notice are run on it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[3]
COPIED = ("fleet_server", "wire", "tests", "pyproject.toml")
TRACING = "tests/fleet_server/tracing"


class Mutation(NamedTuple):
    """`old` becomes `new` in `file`; `tests` must not like it."""

    file: str
    old: str
    new: str
    tests: str


EXPOSURE = f"{TRACING}/test_exposure.py"
SEARCH = f"{TRACING}/test_questions.py -k sqlite"
MUTATIONS = {
    "the search is not bounded by the cap": Mutation(
        "storage/sqlite.py", "s.entered_at > ? AND", "s.entered_at != ? AND", SEARCH
    ),
    "the search begins too late for the longest stays": Mutation(
        "storage/sqlite.py",
        "[venue_id, start - CAP_S, end, start]",
        "[venue_id, start - CAP_S + 1, end, start]",
        SEARCH,
    ),
    "the day before is left out": Mutation(
        "storage/sqlite.py", "days_of(start - CAP_S + 1, end)", "days_of(start, end)", SEARCH
    ),
    "a measured stay is not cut at the cap": Mutation(
        "visits.py",
        "left = min(max(seen, entered + 1), cap)",
        "left = max(seen, entered + 1)",
        f"{TRACING}/test_visits.py",
    ),
    "an overlap at the threshold is not long enough": Mutation(
        "exposure.py",
        "longest[_CERTAIN] >= rule.min_overlap_s",
        "longest[_CERTAIN] > rule.min_overlap_s",
        EXPOSURE,
    ),
    "overlaps that touch stay two": Mutation(
        "exposure.py", "shift[1:] > latest[:-1]", "shift[1:] >= latest[:-1]", EXPOSURE
    ),
    "stays that touch overlap": Mutation(
        "exposure.py", "met = start < end", "met = start <= end", EXPOSURE
    ),
    "the dwell is forgotten": Mutation(
        "columns.py",
        "np.minimum(found.entered + dwell_s, found.end_latest)",
        "found.end_latest",
        EXPOSURE,
    ),
    "overlaps are added up and not merged": Mutation(
        "exposure.py",
        "fresh[1:] = start[1:] + shift[1:] > latest[:-1]",
        "fresh[1:] = True",
        EXPOSURE,
    ),
    "the air of a certain overlap lingers": Mutation(
        "reach.py", "(0, linger, linger)", "(linger, linger, linger)", EXPOSURE
    ),
    "an F1 is infectious before it was exposed": Mutation(
        "secondary.py",
        "since=exposure.first + latency_s",
        "since=asked.question.since",
        f"{TRACING}/test_rings.py -k sqlite",
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutated")
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def run(folder: Path, tests: str) -> subprocess.CompletedProcess[str]:
    options = ["-x", "-q", "-p", "no:cacheprovider", *tests.split(" ", 3)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


@pytest.mark.slow
def test_without_a_mistake_the_tests_pass(copy: Path) -> None:
    for tests in sorted({mutation.tests for mutation in MUTATIONS.values()}):
        done = run(copy, tests)
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("what", MUTATIONS)
def test_a_mistake_breaks_a_test(copy: Path, what: str) -> None:
    mutation = MUTATIONS[what]
    file = copy / "fleet_server" / "tracing" / mutation.file
    text = file.read_text("utf-8")
    assert text.count(mutation.old) == 1, f"{mutation.file} no longer says {mutation.old!r}"
    file.write_text(text.replace(mutation.old, mutation.new), "utf-8")
    try:
        done = run(copy, mutation.tests)
    finally:
        file.write_text(text, "utf-8")
    # 1: tests failed. Anything else would be no verdict.
    assert done.returncode == 1, f"nobody noticed that {what}:\n{done.stdout}"
