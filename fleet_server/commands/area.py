"""`fleet area`: administrative areas."""

import click

from fleet_server.commands import shared
from fleet_server.fleet import areas
from fleet_server.fleet.units import LEVELS
from fleet_server.settings import Settings
from fleet_server.times import iso


@click.group()
def area() -> None:
    """Đơn vị hành chính / Administrative areas."""


@area.command()
@click.argument("code")
@click.argument("name")
@click.option("--level", type=click.Choice(LEVELS), required=True)
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
        empty="Chưa có đơn vị nào / No areas yet: fleet areas import, fleet area create",
    )


@area.command()
@click.argument("code")
@shared.AS_JSON
@click.pass_obj
def show(settings: Settings, *, code: str, as_json: bool) -> None:
    """Show an area with all its versions: names, parents and successors since when."""
    with shared.reading(settings) as connection:
        found = areas.shown(connection, code)
    if as_json:
        versions = [
            {
                **each._asdict(),
                "valid_from": iso(each.valid_from),
                "valid_to": None if each.valid_to is None else iso(each.valid_to),
            }
            for each in found.versions
        ]
        shared.print_json({**found._asdict(), "versions": versions})
        return
    shared.print_rows(
        ("FROM", "TO", "LEVEL", "NAME", "IN", "THEN"),
        [
            (
                iso(each.valid_from),
                None if each.valid_to is None else iso(each.valid_to),
                *(each.level, each.name, each.parent, each.successor),
            )
            for each in found.versions
        ],
        empty="",
    )
    click.echo(
        f"{found.below} đơn vị, {found.venues} địa điểm trực thuộc / "
        f"{found.below} areas and {found.venues} venues lie in it"
    )
