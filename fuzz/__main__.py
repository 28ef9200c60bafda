"""Fuzz the parsers, one after the other, each for some seconds.

    python -m fuzz [--seconds 20] [PARSER ...]

Inputs that taught the fuzzer something are kept in build/fuzz/<parser> and built upon the next
time. An input that breaks a parser's promise is written beside them, named, and ends the run with
status 1. The promises are those of tests/kiosk/credentials/checks.py.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.kiosk.credentials.checks import PARSERS, seeds

FOLDER: Final = Path("build/fuzz")
INPUT_BYTES: Final = 4096
INPUT_S: Final = 2
"""One input that takes longer is a finding."""
MEMORY_MB: Final = 1024


def main() -> int:
    """Fuzz; the exit status."""
    options = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.partition("\n")[0])
    options.add_argument("--seconds", type=int, default=20, help="for each parser (default 20)")
    options.add_argument("parsers", nargs="*", metavar="PARSER", help=", ".join(PARSERS))
    given = options.parse_args()
    unknown = sorted(set(given.parsers) - set(PARSERS))
    if unknown:
        options.error(f"no parser {unknown[0]!r}; there are: {', '.join(PARSERS)}")
    if given.seconds < 1:
        options.error("--seconds: expected 1 or more")
    broken = [name for name in given.parsers or PARSERS if not _fuzz(name, given.seconds)]
    if broken:
        print(f"broken: {', '.join(broken)}; the inputs are in {FOLDER}")
        return 1
    return 0


def _fuzz(parser: str, seconds: int) -> bool:
    """Whether `parser` kept its promises, in a process of its own."""
    corpus = FOLDER / parser
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds(parser):
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fuzz.target", str(corpus), f"-max_total_time={seconds}"),
            *(f"-max_len={INPUT_BYTES}", f"-timeout={INPUT_S}", f"-rss_limit_mb={MEMORY_MB}"),
            *(f"-artifact_prefix={FOLDER / parser}-", "-verbosity=0", "-print_final_stats=1"),
        ],
        env={**os.environ, "TRAM_FUZZ": parser},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        print(done.stdout)
    ran = [line for line in done.stdout.splitlines() if "number_of_executed_units" in line]
    count = ran[0].rpartition(" ")[2] if ran else "?"
    print(f"{parser:18} {count:>9} inputs  {'broken' if done.returncode else 'kept its promises'}")
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
