"""`fleet case export`: what leaves a case as files."""

from pathlib import Path
from typing import Final

import click

from fleet_server.cases import exports
from fleet_server.cases.contact_list import Filter
from fleet_server.cases.exports import KINDS, NAMED, SHAPES, Wanted
from fleet_server.cases.states import WORDS
from fleet_server.commands import shared
from fleet_server.commands.case_desk import CASE, at_work
from fleet_server.settings import Settings
from fleet_server.tracing.exposure import TIERS


@click.command()
@CASE
@click.argument("kind", type=click.Choice(KINDS))
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Thư mục / Folder.  [default: this one]",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(sorted({shape for shapes in SHAPES.values() for shape in shapes})),
    help="Dạng tệp / Of the files.  [default: xlsx, Go.Data json, SORMAS csv]",
)
@click.option("--role", type=click.Choice(["F1", "F2"]), help="F1 hoặc / or F2.")
@click.option("--state", type=click.Choice(list(WORDS)), help="Tình trạng / State.")
@click.option("--tier", type=click.Choice(TIERS), help="Mức / Tier.")
@click.option("--area", metavar="CODE", help="Xã phường gọi / The commune that calls.")
@click.option("--by-commune", is_flag=True, help="Mỗi xã một tệp / A call list for each commune.")
@click.option("--purpose", default="", metavar="TEXT", help="Để làm gì / What the names are for.")
@click.option("--opening", type=int, metavar="N", help="Yêu cầu đã duyệt / An approved request.")
@shared.AS_JSON
@click.pass_obj
def export(
    settings: Settings,
    *,
    ref: str,
    kind: str,
    folder: Path,
    shape: str | None,
    role: str | None,
    state: str | None,
    tier: str | None,
    area: str | None,
    by_commune: bool,
    purpose: str,
    opening: int | None,
    as_json: bool,
) -> None:
    """Xuất tệp / Lists, milestones, Go.Data and SORMAS imports.

    Call lists, Go.Data and SORMAS files carry names: they are opened for it, with --purpose.
    """
    if kind in NAMED and not purpose:
        raise click.UsageError(f"{kind} carries names: give --purpose")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = Wanted(
        kind,
        shape or "",
        Filter(role, state, tier, area),
        by_commune,
        purpose,
        opening,
    )
    with at_work(settings) as desk:
        written = exports.export(desk, ref, wanted, folder)
    if as_json:
        shared.print_json(
            [{"file": str(each.path), "rows": each.rows, "sha256": each.sha256} for each in written]
        )
        return
    for each in written:
        click.echo(f"{each.path}\t{each.rows}")


COMMANDS: Final = (export,)
