"""`fleet migrate`: bring the database to this release."""

import click

from fleet_server import database, schema
from fleet_server.settings import Settings


@click.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the database to this release. Safe to run again."""
    if settings.database_url == f"sqlite:///{settings.home_dir / 'fleet.sqlite3'}":
        settings.home_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = database.connect(settings.database_url)
    schema.migrate(engine)
    name = engine.url.render_as_string(hide_password=True)
    engine.dispose()
    click.echo(f"Cơ sở dữ liệu sẵn sàng / Database ready: {name}, revision {schema.HEAD}")
