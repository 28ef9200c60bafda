"""`fleet gate`: gates of a venue."""

import click

from fleet_server.commands import shared
from fleet_server.fleet import registry
from fleet_server.settings import Settings


@click.group()
def gate() -> None:
    """Cổng của địa điểm / Gates of a venue."""


@gate.command()
@click.argument("venue")
@click.argument("ref")
@click.option("--name", required=True, help="As people call it.")
@click.pass_obj
def create(settings: Settings, *, venue: str, ref: str, name: str) -> None:
    """Write down a gate of VENUE under the reference REF, such as cong-chinh."""
    with shared.writing(settings) as connection:
        registry.create_gate(
            connection,
            venue=venue,
            ref=ref,
            name=name,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(f"Đã ghi cổng / Gate written down: {venue} {ref}")
