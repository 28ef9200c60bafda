"""`fleet venue type`: market, office, school, and those of one's own."""

import click

from fleet_server.commands import shared
from fleet_server.fleet import venue_types
from fleet_server.settings import Settings


@click.group("type")
def type_() -> None:
    """Loại địa điểm / Types of venues."""


@type_.command()
@click.argument("code")
@click.option("--name", required=True, help="Tên tiếng Việt / In Vietnamese.")
@click.option("--name-en", required=True, help="In English.")
@click.pass_obj
def add(settings: Settings, *, code: str, name: str, name_en: str) -> None:
    """Write down the type CODE (a-z, 0-9, hyphens), such as stadium."""
    with shared.writing(settings) as connection:
        venue_types.add(
            connection,
            code=code,
            name_vi=name,
            name_en=name_en,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(
        f"Đã ghi loại / Type written down: {code}. Until a rule says its own dwell it is that of"
        f" `other`: `fleet rule create VERSION --dwell {code}=MIN`."
    )


@type_.command()
@click.argument("code")
@click.option("--name", required=True, help="Tên tiếng Việt / In Vietnamese.")
@click.option("--name-en", required=True, help="In English.")
@click.pass_obj
def rename(settings: Settings, *, code: str, name: str, name_en: str) -> None:
    """Other names for the type CODE."""
    with shared.writing(settings) as connection:
        venue_types.rename(
            connection,
            code=code,
            name_vi=name,
            name_en=name_en,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(f"Đã đổi tên / Renamed: {code}")


@type_.command("list")
@shared.AS_JSON
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """All types: how many venues have each, and its dwell by the rule in force."""
    with shared.reading(settings) as connection:
        rows = venue_types.listed(connection)
    if as_json:
        shared.print_json([row._asdict() for row in rows])
        return
    shared.print_rows(
        ("CODE", "NAME", "IN ENGLISH", "VENUES", "DWELL"),
        [
            (
                *(row.code, row.name_vi, row.name_en, row.venues),
                f"{row.dwell_min}" if row.ruled else f"{row.dwell_min} (other)",
            )
            for row in rows
        ],
        empty="Chưa có loại nào / No types yet",
    )
