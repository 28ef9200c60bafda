"""Brings a database's tables to this release. Safe where several processes start at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from fleet_server import database
from fleet_server.errors import SchemaError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0016"
"""The revision this release works with."""
_LOCK: Final = 0x7472616D  # any number, the same in all processes


def ensure(engine: Engine) -> None:
    """Makes sure the tables are this release's.

    SQLite is brought up on the spot. Raises SchemaError for a PostgreSQL that `fleet migrate` has
    not brought up, for a database of a newer release, and for one that cannot be reached.
    """
    try:
        if database.is_sqlite(engine):
            _make_room(engine)
        with engine.connect() as connection:
            found = current(connection)
    except SQLAlchemyError as problem:
        raise SchemaError(f"database {_name(engine)}: {_cause(problem)}") from problem
    if found == HEAD:
        return
    if database.is_sqlite(engine):
        migrate(engine)
        return
    raise SchemaError(
        f"database {_name(engine)}: its tables are at revision {found or 'none'}, this release"
        f" needs {HEAD}; run `fleet migrate`"
    )


def migrate(engine: Engine) -> None:
    """Upgrades to this release's revision in one transaction; nothing to do where it is there.

    Raises SchemaError for a database of a newer release or one that cannot be reached.
    """
    from alembic import command  # noqa: PLC0415  slow to import, and rarely needed
    from alembic.util.exc import CommandError  # noqa: PLC0415

    try:
        with engine.execution_options(**database.WRITES).begin() as connection:
            if not database.is_sqlite(engine):
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if current(connection) == HEAD:
                return
            command.upgrade(config(connection), "head")
    except CommandError as problem:
        raise SchemaError(
            f"database {_name(engine)}: made by another release of Tram ({problem});"
            f" this one knows revisions up to {HEAD}"
        ) from problem
    except SQLAlchemyError as problem:
        raise SchemaError(f"database {_name(engine)}: {_cause(problem)}") from problem


def current(connection: Connection) -> str | None:
    """The revision the tables are at; None where there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def config(connection: Connection) -> Config:
    """Alembic's settings for `connection`, made here so that no alembic.ini is needed."""
    from alembic.config import Config  # noqa: PLC0415  slow to import, and rarely needed

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def _make_room(engine: Engine) -> None:
    if engine.url.database:
        Path(engine.url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _name(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _cause(problem: SQLAlchemyError) -> str:
    return str(getattr(problem, "orig", None) or problem).strip().splitlines()[0]
