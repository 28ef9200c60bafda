"""What commands share: the database, who is asking, and how lists are printed."""

import getpass
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from fleet_server import database, schema
from fleet_server.errors import Refused, SchemaError
from fleet_server.settings import Settings

MAX_ACTOR = 64
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def opened(settings: Settings) -> Iterator[Engine]:
    """The database with this release's tables. Raises SchemaError where it is away."""
    engine = database.connect(settings.database_url)
    try:
        schema.ensure(engine)
        with database.driver_errors():
            yield engine
    except DBAPIError as problem:
        name = engine.url.render_as_string(hide_password=True)
        cause = str(problem.orig).strip().splitlines()[0]
        raise SchemaError(f"database {name}: {cause}") from problem
    finally:
        engine.dispose()


@contextmanager
def writing(settings: Settings) -> Iterator[Connection]:
    """One transaction that writes; committed at the end, rolled back on an error."""
    with (
        opened(settings) as engine,
        engine.execution_options(**database.WRITES).begin() as connection,
    ):
        yield connection


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """One transaction that reads."""
    with opened(settings) as engine, engine.connect() as connection:
        yield connection


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there, readable by whoever made it only. Raises Refused."""
    try:
        # From its first byte on.
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as file:
            yield file
    except OSError as problem:
        raise Refused(f"{path}: {problem.strerror}; expected a new file") from problem


def actor() -> str:
    """Who the audit log says it was: the user of this terminal."""
    try:
        return getpass.getuser()[:MAX_ACTOR]
    except (OSError, KeyError):
        return "unknown"


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def print_json(value: Any) -> None:
    """One JSON value, indented, names as they are written."""
    click.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2))


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """A table; `empty` where there are no rows. Plain where nobody looks."""
    if not rows:
        click.echo(empty)
        return
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal:
        for row in rows:
            click.echo("\t".join(_cell(value) for value in row))
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console(highlight=False, markup=False, emoji=False).print(table)


def log_to_terminal() -> None:
    """Log lines go to stderr, where `fleet serve` or the journal picks them up."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # The latter tells twenty lines of every card that is printed.
    for talkative in ("alembic", "fontTools"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def as_dicts(rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Named tuples as JSON objects."""
    return [row._asdict() for row in rows]


def _cell(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "–"
    return str(value)
