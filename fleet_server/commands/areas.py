"""`fleet areas`: the list of all administrative units."""

from pathlib import Path
from typing import Final

import click

from fleet_server import times
from fleet_server.commands import shared
from fleet_server.errors import FleetError
from fleet_server.fleet import area_import, units
from fleet_server.fleet.area_import import Imported
from fleet_server.settings import Settings

SHOWN: Final = 20
"""Venues named at most."""


class NotRead(FleetError):
    """A file that cannot be read."""


@click.group()
def areas() -> None:
    """Danh mục đơn vị hành chính / The list of administrative units."""


@areas.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--from", "since", metavar="DATE", help="In force from then on.  [default: now]")
@click.option("--complete", is_flag=True, help="What the file does not name ends.")
@shared.AS_JSON
@click.pass_obj
def import_(
    settings: Settings, *, file: Path, since: str | None, complete: bool, as_json: bool
) -> None:
    """Bring in FILE: CSV with the columns code, level, name, name_en, parent, replaces.

    All of it or nothing; the same file again changes nothing. A unit that is named, placed or cut
    otherwise than before goes on in a new version. `replaces` holds the codes of units that merged
    into this one: venues and cases follow.
    """
    now_ms = shared.now_ms()
    at = now_ms // 1000 if since is None else times.parse(since, settings.zone)
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise NotRead(f"{file}: {problem.strerror}") from problem
    found = units.of(content)
    with shared.writing(settings) as connection:
        done = area_import.take(
            connection, found, since=at, complete=complete, at_ms=now_ms, actor=shared.actor()
        )
    if as_json:
        shared.print_json(done._asdict())
    else:
        _say(done)


def _say(done: Imported) -> None:
    click.echo(
        f"Đã nhập / Imported: {len(done.new)} mới / new, {len(done.changed)} thay đổi / changed, "
        f"{len(done.ended)} kết thúc / ended, {done.unchanged} như cũ / as they were"
    )
    if done.not_in_list:
        click.echo(
            f"{done.not_in_list} đơn vị không có trong tệp, giữ nguyên / in force without standing"
            " in the file, left so; --complete ends them"
        )
    if done.venues_without:
        shown = ", ".join(done.venues_without[:20]) + (
            " …" if len(done.venues_without) > 20 else ""
        )
        click.echo(
            f"{len(done.venues_without)} địa điểm chưa có đơn vị mới / venues in units that are no"
            f" more (fleet venue set REF --area CODE): {shown}"
        )
    if done.codes_ended:
        click.echo(
            f"{done.codes_ended} mã truy cập của đơn vị đã kết thúc / access codes for units that"
            " are no more: make new ones (fleet token create)"
        )
    if done.accounts_ended:
        click.echo(
            f"{done.accounts_ended} tài khoản của đơn vị đã kết thúc / people whose unit is"
            " no more: give them another (fleet account set-role)"
        )
