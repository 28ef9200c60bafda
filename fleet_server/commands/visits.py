"""`fleet visits`: stays derived from scans or imported, and how they came to be what they are."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from fleet_server.commands import shared
from fleet_server.settings import Settings
from fleet_server.times import local, parse
from fleet_server.tracing import derivation, import_file, import_rows, importing
from fleet_server.tracing.answers import StaySeen
from fleet_server.tracing.asking import Asker, Desk, Wanted
from fleet_server.tracing.importing import Imported

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

INTERRUPTED = 130
"""Exit status of what was stopped by Ctrl-C, as a shell has it."""

COLLECT_AFTER = 500_000
"""Objects made between two looks for cycles: about one look for each transaction of an import."""


@click.group()
def visits() -> None:
    """Lượt ghé / Stays: derived from scans, or imported."""


@visits.command()
@shared.AS_JSON
@click.pass_obj
def rebuild(settings: Settings, *, as_json: bool) -> None:
    """Derive all stays anew from the scans; needed after opening hours changed."""
    with shared.opened(settings) as engine:
        done = derivation.rebuild(engine, now_ms=shared.now_ms())
    if as_json:
        shared.print_json(asdict(done))
        return
    click.echo(
        f"Đã tính lại / Derived anew: {done.persons} persons; "
        f"{done.added} stays new, {done.changed} changed, {done.removed} gone"
    )


@visits.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--columns",
    metavar="NAMES",
    help="Tên cột / visitor=who,venue=place,entered_at=entry,left_at=exit, or four names.",
)
@click.option(
    "--strict", is_flag=True, help="Lỗi nếu có dòng bị bỏ / Exit 1 if rows are set aside."
)
@shared.AS_JSON
@click.pass_context
def import_(
    ctx: click.Context, file: Path, *, columns: str | None, strict: bool, as_json: bool
) -> None:
    """Nhập lượt ghé từ CSV / Import stays from a CSV file, plain or gzip.

    Columns visitor, venue, entered_at, left_at (may be empty). Times are ISO 8601 or epoch
    seconds. The same again changes nothing; one cut off goes on.
    """
    settings: Settings = ctx.obj
    named = import_rows.Columns() if columns is None else import_rows.columns(columns)
    try:
        with (
            shared.opened(settings) as engine,
            import_file.opened(file) as opened,
            _watching(file) as watcher,
            _seldom_collected(),
        ):
            done = importing.run(
                engine,
                opened,
                named,
                settings,
                watcher,
                actor=shared.actor(),
                now_ms=shared.now_ms(),
            )
    except KeyboardInterrupt:
        click.echo(
            "Đã dừng; chạy lại lệnh này để tiếp tục / Stopped; the same command goes on.", err=True
        )
        ctx.exit(INTERRUPTED)
    if as_json:
        shared.print_json(_as_json(file, done))
    else:
        click.echo(_in_words(file, done))
    if strict and done.set_aside:
        ctx.exit(1)


@visits.command()
@click.option("--visitor", required=True, metavar="REF", help="Người cần xem / Such as P17.")
@click.option("--from", "since", required=True, metavar="T", help="ISO 8601 hoặc / or epoch.")
@click.option("--to", "until", required=True, metavar="T", help="Không kể / Not in the window.")
@click.option("--case", default="", metavar="REF", help="Ca bệnh / The case it is asked for.")
@click.option("--purpose", default="", metavar="TEXT", help="Mục đích / What it is asked for.")
@click.option("--by", default="", metavar="NAME", help="Ai hỏi / Who asks; else the user's name.")
@shared.AS_JSON
@click.pass_obj
def history(
    settings: Settings,
    *,
    visitor: str,
    since: str,
    until: str,
    case: str,
    purpose: str,
    by: str,
    as_json: bool,
) -> None:
    """Lượt ghé đã thay đổi thế nào / Each version of a person's stays in [from, to).

    Late scans and later imports change stays; what was known before is kept.
    """
    zone = settings.zone
    wanted = Wanted(parse(since, zone), parse(until, zone), zone=zone)
    asker = Asker(by or shared.actor(), case, purpose)
    with shared.opened(settings) as engine:
        answer = Desk(engine, asker, shared.now_ms()).history(visitor, wanted)
    if as_json:
        shared.print_json(answer)
        return
    shared.print_rows(
        ("BIẾT TỪ\nKNOWN FROM", "ĐẾN\nUNTIL", "NƠI\nVENUE", "VÀO\nENTERED", "RA\nLEFT"),
        [
            (
                _clock(version.since, settings),
                "nay / now" if version.until is None else _clock(version.until, settings),
                version.stay.venue,
                _clock(version.stay.entered_at, settings),
                _end(version.stay, settings),
            )
            for version in answer.versions
        ],
        empty="Không có lượt ghé / No stays",
    )


class _Quiet:
    """Says only what is set aside."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def step(self, stage: str, done: int, of: int) -> None:
        """Nobody looks."""

    def set_aside(self, line: int, reason: str) -> None:
        click.echo(f"{self._file}:{line}: {reason}", err=True)


class _Shown:
    """A bar in the terminal, and above it what is set aside."""

    def __init__(self, file: Path, progress: "Progress") -> None:
        self._file = file
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def step(self, stage: str, done: int, of: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=of)
        self._progress.update(self._tasks[stage], completed=done)

    def set_aside(self, line: int, reason: str) -> None:
        self._progress.console.print(
            f"{self._file}:{line}: {reason}", markup=False, highlight=False, soft_wrap=True
        )


@contextmanager
def _watching(file: Path) -> Iterator[importing.Watcher]:
    if not sys.stderr.isatty():
        yield _Quiet(file)
        return
    from rich.progress import Progress  # noqa: PLC0415  only where somebody looks

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield _Shown(file, progress)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Rows make no cycles; looking for some all the time takes a fifth of an import's time."""
    usual = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _as_json(file: Path, done: Imported) -> dict[str, object]:
    return {
        "file": str(file),
        "rows": done.rows,
        "stored": done.stored,
        "changed": done.changed,
        "repeated": done.repeated,
        "set_aside": done.set_aside,
        "set_aside_rows": [each._asdict() for each in done.set_aside_rows],
        "visitors": done.visitors,
        "venues_created": done.venues_created,
        "resumed_at": done.resumed_at,
    }


def _in_words(file: Path, done: Imported) -> str:
    words = [
        f"Đã nhập / Imported {file}: {done.rows} dòng / rows",
        f"  lượt ghé mới / stays new {done.stored}, đổi / changed {done.changed},"
        f" đã có / there already {done.repeated}, bỏ riêng / set aside {done.set_aside}",
        f"  người mới / visitors new {done.visitors},"
        f" nơi mới / venues new {len(done.venues_created)}",
    ]
    if done.resumed_at is not None:
        words.append(
            f"  tiếp tục sau / went on after {done.resumed_at} dòng đã có / rows done before"
        )
    return "\n".join(words)


def _end(stay: StaySeen, settings: Settings) -> str:
    """When it ended, or by when at the latest and what says so."""
    if stay.left_at is not None:
        return _clock(stay.left_at, settings)
    return f"≤ {_clock(stay.end_latest, settings)} ({stay.end_source})"


def _clock(at: str, settings: Settings) -> str:
    return f"{local(parse(at, settings.zone), settings.zone):%d/%m/%Y %H:%M:%S}"
