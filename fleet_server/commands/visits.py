"""`fleet visits`: stays derived from scans."""

from dataclasses import asdict

import click

from fleet_server.commands import shared
from fleet_server.settings import Settings
from fleet_server.tracing import derivation


@click.group()
def visits() -> None:
    """Lượt ghé / Stays derived from scans."""


@visits.command()
@shared.AS_JSON
@click.pass_obj
def rebuild(settings: Settings, *, as_json: bool) -> None:
    """Derive all stays anew from the scans; needed after opening hours changed."""
    with shared.opened(settings) as engine:
        done = derivation.rebuild(engine)
    if as_json:
        shared.print_json(asdict(done))
        return
    click.echo(
        f"Đã tính lại / Derived anew: {done.persons} persons; "
        f"{done.added} stays new, {done.changed} changed, {done.removed} gone"
    )
