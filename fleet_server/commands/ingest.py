"""`fleet ingest`: the ingest alone."""

import click
import msgspec

from fleet_server.commands import shared
from fleet_server.ingest import run
from fleet_server.settings import Settings


@click.command()
@click.option("--broker-port", type=click.IntRange(1, 65535), help="Instead of broker.port.")
@click.pass_obj
def ingest(settings: Settings, broker_port: int | None) -> None:
    """Máy nhận / Store what kiosks send until told to stop."""
    shared.log_to_terminal()
    if broker_port is not None:
        changed = msgspec.structs.replace(settings.broker, port=broker_port)
        settings = msgspec.structs.replace(settings, broker=changed)
    run.run(settings)
