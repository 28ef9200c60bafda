"""Every command in the documents' ```sh blocks is run, in order, in a home of its own."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    if "```sh\n" in path.read_text("utf-8")
)
NOT_RUN = {
    "make demo": "endless; `make demo ONCE=1` is run by tests/system",
    "make test": "this is it",
}
"""Whole command lines that are left out, and why. Those that begin with sudo are left out too:
they change the machine. What they call has tests of its own (tests/provisioning)."""
STAYS = {".venv/bin/fleet serve": '"$TRAM_HOME/run/serve.json"'}
"""Commands that stay, and the file that says when they are ready."""


def lines(document: str) -> Iterator[str]:
    """Its commands, continued lines joined and comments left out."""
    for block in re.findall(r"^```sh\n(.*?)^```", document, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.sub(r"\s+#\s.*$", "", line).strip()
            if command and not command.startswith("#"):
                yield " ".join(command.split())


def script(document: str) -> str:
    """One bash script of all commands; whatever stays is ended with it."""
    out = ["set -eu -o pipefail", "trap 'kill $(jobs -p) 2>/dev/null || :; wait' EXIT", "set -x"]
    if not any("fleet keys init" in line for line in lines(document)):
        out.append(".venv/bin/fleet keys init")  # a guide for a fleet that is there already
    for line in lines(document):
        if line in NOT_RUN or line.startswith("sudo "):
            continue
        if line in STAYS:
            out.append(f"{line} &")
            out.append(f"for _ in $(seq 300); do [ -e {STAYS[line]} ] && break; sleep 0.2; done")
            out.append(f"[ -e {STAYS[line]} ]")
        else:
            out.append(line)
    return "\n".join(out) + "\n"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_documents_commands_do_what_it_says(name: str, tmp_path: Path) -> None:
    # A checkout like a newcomer's, in which what the commands write does not land in this one.
    checkout, home = tmp_path / "tram", tmp_path / "home"
    checkout.mkdir()
    home.mkdir()
    for entry in ROOT.iterdir():
        if entry.name != ".git":
            (checkout / entry.name).symlink_to(entry)
    (home / "fleet.toml").write_text(
        f"[broker]\nport = {free_port()}\n[web]\nport = {free_port()}\n", "utf-8"
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TRAM_")}
    done = subprocess.run(
        ["bash", "-c", script((ROOT / name).read_text("utf-8"))],
        cwd=checkout,
        env={**kept, "TRAM_HOME": str(home), "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )
    assert done.returncode == 0, f"{name}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def test_every_exception_is_still_needed() -> None:
    said = {line for name in DOCUMENTS for line in lines((ROOT / name).read_text("utf-8"))}
    assert set(NOT_RUN) | set(STAYS) <= said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
