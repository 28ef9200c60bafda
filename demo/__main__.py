"""`python -m demo`: an embedded fleet server, three kiosks, real pictures, and a tracer's answer.

Everything lives in a temporary folder that is removed at the end. `--once` checks what was stored
against what the kiosks signalled, prints one JSON line last, and exits 0 only if they agree.
"""

import argparse
import json
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import Engine

from demo.check import Comparison, Journal, compare, read_journal, stored_records
from demo.fleet import DemoError, Fleet
from demo.story import show_case, show_scans
from demo.world import AT_MARKET, MARKET, Stand, build
from fleet_server import database

MANAGER = "quan-ly-cho"
"""Who signs in to the market's pages."""
QUIET_S = 4.0
"""Without new answers for this long, kiosks that stay up have seen their pictures."""
LIMIT_S = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="check, print JSON, and stop")
    parser.add_argument(
        "--photographs",
        type=Path,
        default=Path(__file__).resolve().parents[2] / "shared" / "data" / "qr",
        help="folder of real photographs for the third kiosk; left out where it does not exist",
    )
    options = parser.parse_args()
    console = Console(stderr=True)
    # A terminal that closes or a service manager that stops us ends the demo like Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    photographs = options.photographs if options.photographs.is_dir() else None
    try:
        with (
            tempfile.TemporaryDirectory(prefix="tram-demo-") as folder,
            Fleet(Path(folder)) as fleet,
        ):
            return _run(fleet, Path(folder), photographs, console, once=options.once)
    except DemoError as problem:
        console.print(f"[red]Lỗi / Error:[/] {problem}", highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("Đã dừng / Stopped.")
        return 130 if options.once else 0


def _run(
    fleet: Fleet, folder: Path, photographs: Path | None, console: Console, *, once: bool
) -> int:
    console.print("[bold]Trạm[/] — khóa, máy chủ, địa điểm, thẻ / keys, server, venues, cards …")
    (folder / "fleet.toml").write_text(
        f"[broker]\nport = {_free_port()}\n[web]\nport = {_free_port()}\n"
    )
    fleet.run("keys", "init")
    ready = fleet.serve()
    stands, infected = build(fleet, photographs, folder)
    kiosks = [
        fleet.start_kiosk(stand.kiosk, stand.bundle / "kiosk.toml", stand.pictures, once=once)
        for stand in stands
    ]
    way_in = f"{ready['web_url']}/sign-in  {MANAGER}  {fleet.account(MANAGER, MARKET)}"
    console.print(f"Nhật ký chợ / market log: {way_in}", soft_wrap=True)
    _watch(stands, console, lambda: any(kiosk.poll() is None for kiosk in kiosks), once=once)
    failed = [s.kiosk for s, kiosk in zip(stands, kiosks, strict=True) if kiosk.poll()]
    for name in failed:
        console.print(f"[red]{name}[/]:\n{fleet.tail(name)}", highlight=False)
    journals = _journals(stands)
    engine = database.connect(f"sqlite:///{folder / 'fleet.sqlite3'}")
    comparison = _settle(journals, engine)
    show_scans(engine, console)
    exposed = show_case(fleet, infected, console)
    if once:
        print(json.dumps(_summary(stands, journals, comparison, len(exposed))))  # noqa: T201
        return 0 if comparison.holds and len(exposed) == AT_MARKET - 1 and not failed else 1
    console.print(
        f"\n[bold]{way_in}[/]\n"
        "Mật khẩu dùng một lần, trang sẽ đòi đổi / a one-time password, to be changed there.\n"
        "Nhấn Ctrl-C để dừng / press Ctrl-C to stop.",
        soft_wrap=True,
    )
    while True:
        time.sleep(3600)


def _watch(
    stands: Sequence[Stand], console: Console, running: Callable[[], bool], *, once: bool
) -> None:
    """Show each kiosk's answers as they come, until all pictures were seen."""
    columns = (TextColumn("{task.description:>18}"), BarColumn(), MofNCompleteColumn())
    started = changed = time.monotonic()
    last: list[int] = []
    with Progress(*columns, TextColumn("{task.fields[answers]}"), console=console) as progress:
        tasks = [
            progress.add_task(stand.kiosk, total=_pictures(stand), answers="") for stand in stands
        ]
        while True:
            journals = _journals(stands)
            for task, journal in zip(tasks, journals, strict=True):
                answers = ", ".join(f"{n} {answer}" for answer, n in journal.answers.items())
                progress.update(task, completed=journal.answers.total(), answers=answers)
            counts = [journal.answers.total() for journal in journals]
            now = time.monotonic()
            if counts != last:
                last, changed = counts, now
            if not running() or now - started > LIMIT_S:
                return
            if not once and now - changed > QUIET_S and all(counts):
                return
            time.sleep(0.2)


def _settle(journals: Sequence[Journal], engine: Engine, timeout_s: float = 30) -> Comparison:
    """Compare, giving what is still on its way a while to arrive."""
    deadline = time.monotonic() + timeout_s
    while True:
        comparison = compare(list(journals), stored_records(engine))
        if comparison.holds or time.monotonic() > deadline:
            return comparison
        time.sleep(0.3)


def _summary(
    stands: Sequence[Stand], journals: Sequence[Journal], comparison: Comparison, exposed: int
) -> dict[str, int]:
    return {
        "pictures": sum(_pictures(stand) for stand in stands),
        "read": sum(journal.answers.total() for journal in journals),
        "accepted": comparison.accepted,
        "stored": comparison.stored,
        "lost": comparison.lost,
        "duplicates": comparison.duplicates,
        "f1": exposed,
    }


def _pictures(stand: Stand) -> int:
    return sum(1 for _ in stand.pictures.iterdir())


def _journals(stands: Sequence[Stand]) -> list[Journal]:
    return [read_journal(s.kiosk, s.bundle / "data" / "journal.jsonl") for s in stands]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
