"""`fleet privacy`: what the stays give away of people without names."""

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console

from fleet_server import database
from fleet_server.commands import shared
from fleet_server.errors import FleetError
from fleet_server.identity import audit
from fleet_server.reports import singling_out
from fleet_server.reports.singling_out import (
    COMMUNE,
    KNOWN,
    LEAST,
    SMALL,
    VENUE,
    Figure,
    Kept,
    SinglingOut,
)
from fleet_server.settings import Settings

_FINEST: Final = "15min"
_TIMES: Final = {
    "15min": ("15 phút", "15 minutes"),
    "1h": ("giờ", "hour"),
    "1day": ("ngày", "day"),
}
_SHORT: Final = {"15min": "15 phút/min", "1h": "giờ / hour", "1day": "ngày / day"}
_PLACES: Final = {VENUE: "nơi / venue", COMMUNE: "xã / commune"}


class NotWritten(FleetError):
    """A file could not be written."""


@click.group()
def privacy() -> None:
    """Quyền riêng tư / How many visitors their visits single out."""


@privacy.command()
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=30,
    show_default=True,
    help="Số ngày, đến lượt ghé mới nhất / Days up to the newest visit.",
)
@click.option(
    "--sample",
    type=click.IntRange(LEAST, 100_000),
    default=2000,
    show_default=True,
    help="Số khách lấy mẫu / Visitors drawn and compared with all.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    help="Cùng số, cùng mẫu / The same seed draws the same.",
)
@shared.AS_JSON
@click.option(
    "--csv",
    "table",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Ghi các số liệu / Write the figures there.",
)
@click.pass_obj
def report(
    settings: Settings, *, days: int, sample: int, seed: int, as_json: bool, table: Path | None
) -> None:
    """Bao nhiêu khách bị nhận ra chỉ qua vài lượt ghé / Whom a few known visits single out.

    By 1, 2 and 3 known visits, at every resolution of time and place and every retention. Names
    nobody. The audit log says that it was asked.
    """
    now_ms = shared.now_ms()
    with shared.opened(settings) as engine:
        with engine.connect() as connection, _watching() as step:
            answer = singling_out.measure(
                connection,
                days=days,
                sample=sample,
                seed=seed,
                zone=settings.zone,
                now=now_ms // 1000,
                step=step,
            )
        with engine.execution_options(**database.WRITES).begin() as connection:
            audit.append(
                connection,
                at_ms=now_ms,
                actor=shared.actor(),
                action="privacy.report",
                detail={"days": days, "sample": sample, "seed": seed},
            )
    if table is not None:
        _write(table, answer.rows)
    if as_json:
        shared.print_json(answer)
        return
    _print(answer)


@contextmanager
def _watching() -> Iterator[singling_out.Step]:
    if not sys.stderr.isatty():
        yield lambda _stage, _done, _of: None
        return
    from rich.progress import Progress, TaskID  # noqa: PLC0415  only where somebody looks

    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def step(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=of)
            progress.update(tasks[stage], completed=done)

        yield step


def _write(path: Path, rows: Sequence[Figure]) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(Figure.__struct_fields__)
            writer.writerows(msgspec.structs.astuple(row) for row in rows)
    except OSError as problem:
        raise NotWritten(f"{path}: không ghi được / cannot be written: {problem.strerror}") from (
            problem
        )


def _print(answer: SinglingOut) -> None:
    if not answer.too_few:
        told = {answer.days, *(kept.retention_days for kept in _shorter(answer))}
        shared.print_rows(
            (
                *("BIẾT\nKNOWN", "THỜI GIAN\nTIME", "NƠI\nPLACE", "GIỮ, NGÀY\nKEPT, DAYS"),
                *("NHẬN RA\nSINGLED OUT", "95 %", f"NHÓM < {SMALL}\nGROUP < {SMALL}"),
            ),
            [
                (
                    row.known_visits,
                    _SHORT[row.time_resolution],
                    _PLACES[row.place_resolution],
                    row.retention_days,
                    f"{100 * row.unique_share:.1f} %",
                    f"{100 * row.unique_low:.1f}–{100 * row.unique_high:.1f}",
                    f"{100 * row.in_small_group_share:.1f} %",
                )
                for row in answer.rows
                if row.retention_days in told
            ],
            empty="",
        )
        click.echo("")
    click.echo("\n".join(in_words(answer)))


def in_words(answer: SinglingOut) -> list[str]:
    """What the figures say, in sentences: Vietnamese, then English."""
    if answer.as_of is None:
        return ["Chưa có lượt ghé nào để đo.", "There are no visits to measure yet."]
    if answer.too_few:
        return [
            f"Chỉ có {answer.visitors} khách: ít hơn {LEAST} thì tỷ lệ không nói lên điều gì.",
            f"Only {answer.visitors} visitors: of fewer than {LEAST} a share says nothing.",
        ]
    base = _row(answer, _FINEST, VENUE, answer.days)
    share, low, high = (
        f"{100 * each:.0f} %" for each in (base.unique_share, base.unique_low, base.unique_high)
    )
    vi = [
        f"Biết {KNOWN} lượt ghé (nơi nào, lúc nào trong vòng 15 phút) là nhận ra {share} khách"
        f" ({low} đến {high}), trong {answer.visitors} khách và {answer.visits} lượt ghé."
    ]
    en = [
        f"{KNOWN} known visits (which venue, when to 15 minutes) single out {share} of visitors"
        f" ({low} to {high}), among {answer.visitors} visitors and {answer.visits} visits."
    ]
    for kept in _shorter(answer):
        other = _percent(_row(answer, _FINEST, VENUE, kept.retention_days))
        days = kept.retention_days
        vi.append(
            f"Giữ {days} ngày thay vì {answer.days}: còn {other}, và còn dữ liệu của"
            f" {kept.visitors} khách."
        )
        en.append(
            f"Keeping {days} days instead of {answer.days} would make it {other}, and hold data of"
            f" {kept.visitors} visitors."
        )
    if not _shorter(answer):
        n = answer.days_with_visits
        vi.append(f"Chỉ có {n} ngày dữ liệu: chưa đo được tác dụng của việc giữ ngắn hơn.")
        en.append(f"There are {n} days with visits: what keeping less would do cannot be seen yet.")
    for time, (unit_vi, unit_en) in _TIMES.items():
        if time != _FINEST:
            other = _percent(_row(answer, time, VENUE, answer.days))
            vi.append(f"Chỉ biết đến {unit_vi} thay vì 15 phút: {other}.")
            en.append(f"Times to the {unit_en} instead of 15 minutes would make it {other}.")
    if answer.venues_in_communes:
        other = _percent(_row(answer, _FINEST, COMMUNE, answer.days))
        vi.append(f"Chỉ biết xã thay vì nơi: {other}.")
        en.append(f"Communes instead of venues would make it {other}.")
    else:
        vi.append("Chưa nơi nào có xã, nên không đo theo xã.")
        en.append("No venue has its commune, so communes were not measured.")
    return [*vi, *en]


def _shorter(answer: SinglingOut) -> list[Kept]:
    """Retentions that would delete something."""
    return [kept for kept in answer.kept if kept.visits < answer.visits]


def _row(answer: SinglingOut, time: str, place: str, retention: int) -> Figure:
    """The figure of `KNOWN` known visits."""
    wanted = (KNOWN, time, place, retention)
    return next(
        row
        for row in answer.rows
        if wanted
        == (row.known_visits, row.time_resolution, row.place_resolution, row.retention_days)
    )


def _percent(row: Figure) -> str:
    return f"{100 * row.unique_share:.0f} %"
