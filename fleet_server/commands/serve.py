"""`fleet serve`: everything on one machine."""

import click
import msgspec

from fleet_server import serve as supervisor
from fleet_server.settings import Settings


@click.command()
@click.option("--web-port", type=click.IntRange(0, 65535), help="Instead of web.port.")
@click.option("--broker-port", type=click.IntRange(0, 65535), help="Instead of broker.port.")
@click.pass_obj
def serve(settings: Settings, web_port: int | None, broker_port: int | None) -> None:
    """Chạy tất cả / Run broker, vault, ingest and web until Ctrl-C."""
    if web_port is not None:
        web = msgspec.structs.replace(settings.web, port=web_port)
        settings = msgspec.structs.replace(settings, web=web)
    if broker_port is not None:
        broker = msgspec.structs.replace(settings.broker, port=broker_port)
        settings = msgspec.structs.replace(settings, broker=broker)
    supervisor.run(settings, say=click.echo)
