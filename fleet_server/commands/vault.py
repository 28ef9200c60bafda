"""`fleet vault`: the vault alone."""

import click

from fleet_server.commands import shared
from fleet_server.identity import vault_server as process
from fleet_server.settings import Settings


@click.command()
@click.pass_obj
def vault(settings: Settings) -> None:
    """Kho danh tính / Answer who somebody is, on the record, until told to stop."""
    shared.log_to_terminal()
    process.run(settings)
