"""What the commands about cases share: who is at work, and the desk."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from sqlalchemy import Connection

from fleet_server.auth import tokens
from fleet_server.cases.acting import Actor
from fleet_server.cases.contact_list import Filter
from fleet_server.cases.desk import CaseDesk
from fleet_server.cases.states import TO_CALL
from fleet_server.commands import shared
from fleet_server.errors import Refused
from fleet_server.identity.vault_client import VaultClient
from fleet_server.settings import Settings

TOKEN: Final = "TRAM_TOKEN"  # noqa: S105  a variable's name
CASE: Final = click.argument("ref", metavar="CASE")
PERSON: Final = click.argument("person", metavar="PERSON")
NOTE: Final = click.option("--note", default="", metavar="TEXT", help="Ghi chú / A note.")
REASON: Final = click.option(
    "--reason", required=True, metavar="TEXT", help="Vì sao, để lưu lại / Why, for the record."
)
PURPOSE: Final = click.option(
    "--purpose", required=True, metavar="TEXT", help="Để làm gì / What it is for, for the log."
)


@contextmanager
def at_work(settings: Settings) -> Iterator[CaseDesk]:
    """The desk of whoever holds the access code in $TRAM_TOKEN (a code, or a file that holds it);
    without one, of the user of this machine. Raises Refused for a code that is not valid.
    """
    now_ms = shared.now_ms()
    with shared.opened(settings) as engine:
        with engine.connect() as connection:
            actor = _actor(connection, os.environ.get(TOKEN, ""), now=now_ms // 1000)
        yield CaseDesk(
            engine,
            VaultClient(settings.vault_socket),
            actor,
            now_ms,
            settings.zone,
            settings.privacy,
        )


def chosen(desk: CaseDesk, ref: str, people: Sequence[str], *, to_call: bool) -> list[str]:
    """People of a case as they were typed, or everybody still to be called."""
    if bool(people) == to_call:
        raise click.UsageError("give references of people in the case, or --to-call")
    if to_call:
        return [each.ref for each in desk.contacts(ref, Filter(state=TO_CALL))]
    return list(people)


def _actor(connection: Connection, given: str, *, now: int) -> Actor:
    if not given:
        return Actor(shared.actor())
    code = given
    if not given.startswith(tokens.PREFIX):
        try:
            code = Path(given).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise Refused(
                f"{TOKEN}: expected an access code ({tokens.PREFIX}…) or a file that holds one"
            ) from problem
    caller = tokens.by_code(connection, code, now=now)
    if caller is None:
        raise Refused(f"{TOKEN}: mã không còn giá trị / the access code is not valid (any more)")
    return Actor.of(caller)
