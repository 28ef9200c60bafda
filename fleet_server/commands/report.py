"""`fleet report`: the weekly report on coverage."""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from sqlalchemy import Engine

from fleet_server import database
from fleet_server.commands import shared
from fleet_server.commands.report_output import show
from fleet_server.errors import FleetError, SettingsError
from fleet_server.identity import audit
from fleet_server.reports import coverage, tallies, weeks
from fleet_server.reports.coverage import TREND_WEEKS
from fleet_server.reports.coverage_lines import Coverage
from fleet_server.reports.weeks import Week
from fleet_server.settings import Reports, Settings
from fleet_server.times import local

PASSWORD: Final = "TRAM_SMTP_PASSWORD"  # noqa: S105  the name of it
_WEEK = click.option(
    "--week", "name", metavar="YYYY-Www", help="Tuần / week.  [default: the last that is over]"
)
_FONTS = click.option(
    "--fonts",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with DejaVuSans.ttf and DejaVuSans-Bold.ttf, where Debian's is not installed.",
)


class NotAllSent(FleetError):
    """Some reports were not written or sent."""


@click.group()
def report() -> None:
    """Báo cáo / Reports."""


@report.command("coverage")
@click.option("--area", metavar="CODE", help="A commune or province.  [default: all]")
@_WEEK
@click.option("--recount", is_flag=True, help="Count the week again from its scans.")
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@_FONTS
@shared.AS_JSON
@click.pass_obj
def coverage_(
    settings: Settings,
    *,
    area: str | None,
    name: str | None,
    recount: bool,
    pdf: Path | None,
    xlsx: Path | None,
    fonts: Path | None,
    as_json: bool,
) -> None:
    """Who is silent, who scans, and how that stands against the targets.

    A week runs from Monday to Sunday; its report is due on the Friday after. Weeks are counted when
    they are first asked for, and kept; a week is counted again as long as it is not over.
    """
    week = _week(settings, name)
    with shared.opened(settings) as engine:
        _count(engine, settings, week, anew=[week] if recount else [])
        found = _report(engine, settings, week, area)
    if pdf or xlsx:
        from fleet_server.fleet.lettering import FONTS  # noqa: PLC0415  loads fpdf2
        from fleet_server.reports import coverage_pdf, sending  # noqa: PLC0415  loads fpdf2

        if pdf:
            content = coverage_pdf.pdf(found, zone=settings.zone, fonts=fonts or FONTS)
            sending.put(pdf, content)
        if xlsx:
            sending.put(xlsx, sending.book(found, settings.zone))
    if as_json:
        shared.print_json(found)
    elif not (pdf or xlsx):
        show(found, settings.zone)


@report.command()
@_WEEK
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where the files go.  [default: reports in the home directory]",
)
@click.option("--again", is_flag=True, help="Also to those who were sent this week's before.")
@_FONTS
@click.pass_obj
def send(
    settings: Settings, *, name: str | None, out: Path | None, again: bool, fonts: Path | None
) -> None:
    """Write the week's reports as PDF and XLSX, and mail them as `[reports]` says.

    For each area in `reports.to`; without any, one report on all. What its timer runs each Friday.
    Weeks that can still be counted are counted again first.
    """
    week = _week(settings, name)
    folder = out or settings.home_dir / "reports"
    settings = msgspec.structs.replace(settings, reports=_server(settings))
    failed = []
    with shared.opened(settings) as engine:
        _count(engine, settings, week, anew=list(_trend(week)))
        for area in settings.reports.to or {"all": ()}:
            try:
                _send(engine, settings, week, area, folder, again=again, fonts=fonts)
            except FleetError as problem:
                failed.append(f"{area}: {problem}")
    if failed:
        raise NotAllSent("; ".join(failed))


def _send(
    engine: Engine,
    settings: Settings,
    week: Week,
    area: str,
    folder: Path,
    *,
    again: bool,
    fonts: Path | None,
) -> None:
    from fleet_server.fleet.lettering import FONTS  # noqa: PLC0415  loads fpdf2
    from fleet_server.reports import sending  # noqa: PLC0415  loads fpdf2

    found = _report(engine, settings, week, None if area == sending.EVERYWHERE else area)
    written = sending.write(found, area, folder, zone=settings.zone, fonts=fonts or FONTS)
    click.echo(f"Đã ghi / Written: {written.pdf}, {written.xlsx.name}")
    if not settings.reports.smtp_host:
        return
    to = sending.send(
        found,
        area,
        written,
        server=settings.reports,
        password=os.environ.get(PASSWORD, ""),
        again=again,
        zone=settings.zone,
        at=dt.datetime.now(settings.zone),
    )
    if to:
        with engine.execution_options(**database.WRITES).begin() as connection:
            audit.append(
                connection,
                at_ms=shared.now_ms(),
                actor=shared.actor(),
                action="report.sent",
                subject=area,
                detail={"week": week.name, "addresses": len(to)},
            )
        click.echo(f"Đã gửi / Sent: {area} → {', '.join(to)}")


def _server(settings: Settings) -> Reports:
    """The mail server, its certificate's path made whole. Raises SettingsError."""
    server = settings.reports
    if not server.smtp_ca:
        return server
    path = settings.home_dir / server.smtp_ca
    if not path.is_file():
        raise SettingsError(f"reports.smtp_ca: expected a PEM file, and there is none at {path}")
    return msgspec.structs.replace(server, smtp_ca=str(path))


def _week(settings: Settings, name: str | None) -> Week:
    if name is not None:
        return weeks.parse(name)
    return weeks.last_whole(local(shared.now_ms() // 1000, settings.zone).date())


def _trend(week: Week) -> Iterator[Week]:
    """The weeks a report of `week` looks back on, and itself last."""
    return (week.before(n) for n in reversed(range(TREND_WEEKS)))


def _report(engine: Engine, settings: Settings, week: Week, area: str | None) -> Coverage:
    with engine.connect() as connection:
        return coverage.report(
            connection,
            week,
            area=area,
            zone=settings.zone,
            full_types=settings.reports.full_types,
        )


def _count(engine: Engine, settings: Settings, week: Week, *, anew: list[Week]) -> None:
    """Counts what the report looks at and was not counted since it was over, and `anew`."""
    zone, now_ms = settings.zone, shared.now_ms()
    with engine.connect() as connection:
        counted = tallies.counted(connection)
        wanted = [
            each
            for each in _trend(week)
            if each in anew or counted.get(each, 0) < each.bounds(zone)[1] * 1000
        ]
        wanted = [
            each
            for each in wanted
            if tallies.countable(connection, each, zone=zone, now=now_ms // 1000)
        ]
    console = Console(stderr=True, highlight=False)
    for each in wanted:
        with console.status(f"Đang đếm / Counting {each.name} …"):
            _count_one(engine, settings, each, now_ms, asked=each == week)


def _count_one(engine: Engine, settings: Settings, week: Week, now_ms: int, *, asked: bool) -> None:
    with database.snapshot(engine).connect() as connection:
        tally = tallies.count(connection, week, zone=settings.zone, now_ms=now_ms)
    # Weeks before the first place was there say nothing.
    if tally.places or asked:
        with engine.execution_options(**database.WRITES).begin() as connection:
            tallies.keep(connection, tally)
