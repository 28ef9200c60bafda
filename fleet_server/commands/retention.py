"""`fleet retention`: lets go of days whose time is over, and of everything once it is all over."""

import datetime as dt
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from fleet_server.commands import shared
from fleet_server.errors import FleetError, Refused
from fleet_server.privacy import certificate as certificates
from fleet_server.privacy import days, ending, remains
from fleet_server.privacy import retention as letting_go
from fleet_server.privacy.certificate import BadCertificate
from fleet_server.settings import Settings
from fleet_server.times import iso

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Left(FleetError):
    """Something is older than it may be."""


@click.group()
def retention() -> None:
    """Thời hạn lưu / Let go of days whose time is over, and prove it."""


@retention.command()
@shared.AS_JSON
@click.pass_obj
def run(settings: Settings, *, as_json: bool) -> None:
    """Xóa ngày quá hạn / Let go of everything older than `privacy.retention_days`.

    Cut off, the next run goes on where this one was. Each day leaves one line in the log.
    """
    with shared.opened(settings) as engine, _watching() as watcher:
        ran = letting_go.run(
            engine,
            keep_days=settings.privacy.retention_days,
            now_ms=shared.now_ms(),
            actor=shared.actor(),
            watcher=watcher,
        )
    gone = {name: count for name, count in sorted(ran.rows.items()) if count}
    if as_json:
        shared.print_json(
            {
                "first_day_kept": _date(ran.first_day),
                "days": [_date(day) for day in ran.days],
                "cases": ran.cases,
                "persons": ran.persons,
                "rows": gone,
                "swept": ran.swept,
            }
        )
        return
    click.echo(
        f"Đã xóa / Let go: {len(ran.days)} ngày / days, {ran.persons} người / persons,"
        f" {ran.cases} ca / cases; giữ từ / kept from {_date(ran.first_day)}"
    )
    for name, count in gone.items():
        click.echo(f"  {name}: {count}")
    if not ran.swept:
        click.echo(
            "  nhật ký ghi trước còn dùng / the write-ahead log was in use: cut by the next run"
        )


@retention.command()
@shared.AS_JSON
@click.pass_obj
def show(settings: Settings, *, as_json: bool) -> None:
    """Ngày còn giữ, ngày đã xóa / Days kept, days let go, and whether anything is too old.

    Looks through every table; exit 1 where something is older than it may be.
    """
    now_ms, keep = shared.now_ms(), settings.privacy.retention_days
    kept = letting_go.limit(now_ms, keep)
    with shared.reading(settings) as connection:
        present = remains.present(connection)
        gone = remains.let_go(connection)
        older = remains.older(connection, kept)
    upcoming = min((day for day in present if day >= kept.first_day), default=None)
    # A day goes on the day after the last it may be kept.
    goes = None if upcoming is None else iso((upcoming + keep + 1) * days.DAY_S)
    if as_json:
        shared.print_json(
            {
                "retention_days": keep,
                "first_day_kept": _date(kept.first_day),
                "days": [_date(day) for day in present],
                "next": None if upcoming is None else {"day": _date(upcoming), "from": goes},
                "let_go": [_gone(each) for each in gone],
                "older": older,
            }
        )
    else:
        click.echo(f"Giữ / Kept: {keep} ngày / days, từ / from {_date(kept.first_day)} (UTC)")
        shared.print_rows(
            ("CÒN GIỮ\nKEPT",), [(_date(day),) for day in present], empty="Trống / Nothing is kept"
        )
        if upcoming is not None:
            click.echo(f"Tiếp theo / Next to go: {_date(upcoming)}, từ / from {goes}")
        shared.print_rows(
            ("ĐÃ XÓA\nLET GO", "LÚC\nAT", "DÒNG\nROWS", "SHA-256"),
            [
                (
                    *(_date(each.day), _done(each), sum(json.loads(each.counts).values())),
                    each.proof.hex(),
                )
                for each in gone
            ],
            empty="Chưa xóa ngày nào / No day was let go yet",
        )
    if older:
        raise Left(
            f"quá hạn còn giữ / older than it may be: {_words(older)}; `fleet retention run`"
        )
    if not as_json:
        click.echo("Không còn gì quá hạn / Nothing is older than it may be")


@retention.command("end-epidemic")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Chứng nhận / Where the certificate goes.",
)
@click.option(
    "--yes-destroy-everything",
    "said",
    metavar="PHRASE",
    help="Câu xác nhận / The exact phrase, for scripts.",
)
@click.pass_obj
def end_epidemic(settings: Settings, *, out: Path, said: str | None) -> None:
    """Hết dịch / Destroy all visitors' data and the keys that open it; leaves a certificate.

    Only while nothing runs and no case is open. The log stays. It cannot be taken back.
    """
    phrase = ending.phrase(settings)
    with shared.opened(settings) as engine:
        ending.may_end(settings, engine)
        if said is None:
            with engine.connect() as connection:
                counted = ending.counts(connection)
            click.echo(f"Sẽ hủy / To be destroyed: {_words(counted) or '0'}")
            said = click.prompt(f"Gõ / Type: {phrase}")
            if said == phrase:
                click.confirm("Hủy tất cả? / Destroy everything?", abort=True)
        if said != phrase:
            raise Refused(f"câu xác nhận sai / expected {phrase!r}; nothing was destroyed")
        now_ms = shared.now_ms()
        told, aside = ending.end(
            settings,
            engine,
            out=out,
            at_ms=now_ms,
            actor=shared.actor(),
            stamp=dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).strftime("%Y%m%dT%H%M%SZ"),
        )
    click.echo(
        f"Đã hủy / Destroyed: {sum(told.rows.values())} dòng / rows, {len(told.keys)} khóa / keys"
    )
    click.echo(f"Chứng nhận / Certificate: {out}")
    if aside is not None:
        click.echo(f"Khóa còn lại / Keys that are left: {aside}")
    click.echo("Dịch mới / For another epidemic: fleet keys init")


@retention.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def certificate(file: Path) -> None:
    """Kiểm chứng nhận / Check a certificate's signature and words."""
    try:
        told = certificates.read(file.read_text("utf-8"))
    except UnicodeDecodeError as problem:
        raise BadCertificate(f"{file}: expected text in UTF-8") from problem
    signed = "đã ký / signed" if told.public_key else "không ký / not signed"
    click.echo(f"Nguyên vẹn / Holds: {signed}, {iso(told.at_ms // 1000)}, {told.actor}")


class _Bars:
    """One bar for each stage."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def step(self, stage: str, done: int, of: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=of)
        self._progress.update(self._tasks[stage], completed=done)


@contextmanager
def _watching() -> Iterator[letting_go.Watcher]:
    if not sys.stderr.isatty():
        yield letting_go.Silent()
        return
    from rich.progress import Progress  # noqa: PLC0415  only where somebody looks

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield _Bars(progress)


def _date(day: int) -> str:
    return f"{days.date(day):%Y-%m-%d}"


def _done(each: remains.Day) -> str:
    return "đang xóa / not finished" if each.done_ms is None else iso(each.done_ms // 1000)


def _gone(each: remains.Day) -> dict[str, object]:
    return {
        "day": _date(each.day),
        "begun_at": iso(each.begun_ms // 1000),
        "done_at": None if each.done_ms is None else iso(each.done_ms // 1000),
        "rows": json.loads(each.counts),
        "records_sha256": each.proof.hex(),
    }


def _words(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items()) if count)
