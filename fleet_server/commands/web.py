"""`fleet web`: the pages and the API alone."""

import click
import msgspec

from fleet_server.commands import shared
from fleet_server.settings import Settings
from fleet_server.web import run


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Instead of web.port.")
@click.pass_obj
def web(settings: Settings, port: int | None) -> None:
    """Trang và API / Run the pages and the API until told to stop."""
    shared.log_to_terminal()
    if port is not None:
        changed = msgspec.structs.replace(settings.web, port=port)
        settings = msgspec.structs.replace(settings, web=changed)
    run.run(settings)
