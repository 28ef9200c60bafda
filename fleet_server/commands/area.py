"""`fleet area`: administrative areas."""

import click

from fleet_server.commands import shared
from fleet_server.fleet import areas
from fleet_server.settings import Settings
from fleet_server.times import iso


@click.group()
def area() -> None:
    """Đơn vị hành chính / Administrative areas."""


@area.command()
@click.argument("code")
@click.argument("name")
@click.option("--level", type=click.Choice(areas.LEVELS), required=True)
@click.option("--parent", metavar="CODE", help="The area it lies in.")
@click.option("--name-en", default="", help="Its name in English.")
@click.pass_obj
def create(
    settings: Settings, *, code: str, name: str, level: str, parent: str | None, name_en: str
) -> None:
    """Write down an area, in force from now on."""
    with shared.writing(settings) as connection:
        areas.create(
            connection,
            code=code,
            name=name,
            level=level,
            parent=parent,
            name_en=name_en,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(f"Đã ghi đơn vị / Area written down: {code} {name}")


@area.command("list")
@click.option("--under", metavar="CODE", help="This area and those directly in it only.")
@shared.AS_JSON
@click.pass_obj
def list_(settings: Settings, *, under: str | None, as_json: bool) -> None:
    """List the areas in force."""
    with shared.reading(settings) as connection:
        rows = areas.listed(connection, under=under)
    if as_json:
        shared.print_json([{**row._asdict(), "valid_from": iso(row.valid_from)} for row in rows])
        return
    shared.print_rows(
        ("CODE", "LEVEL", "NAME", "IN"),
        [(row.code, row.level, row.name, row.parent) for row in rows],
        empty="Chưa có đơn vị nào / No areas yet: fleet area create",
    )
