"""The `fleet` command. Each subcommand's module is imported only when it is used.

What went wrong is said in one line: exit 2 for what must be mended in command, settings or keys
(trying again does not help), 1 for the rest.
"""

import importlib
import os
from pathlib import Path
from typing import Any, Final

import click

from fleet_server import settings
from fleet_server.errors import FleetError, KeysError, SettingsError

COMMANDS: Final = {
    "serve": "Chạy tất cả / Run everything: broker, vault, ingest, web.",
    "web": "Run the pages and the API alone.",
    "ingest": "Run the ingest alone.",
    "vault": "Run the vault alone.",
    "keys": "Make, show and renew the fleet's keys.",
    "broker": "Configuration for a broker of your own.",
    "migrate": "Bring the database to this release.",
    "area": "Administrative areas.",
    "areas": "The country's units as a list: import it, and newer ones.",
    "venue": "Venues.",
    "gate": "Gates of a venue: made, listed, retired.",
    "room": "Rooms of a venue: made, listed, retired.",
    "kiosk": "Create, list, move, revoke kiosks.",
    "card": "Issue, print and revoke visitor cards.",
    "trust": "Signers of health certificates that kiosks believe.",
    "account": "Accounts of people who sign in to pages.",
    "token": "Access codes for programs.",
    "person": "What people ask about their own data: view, copy, correct, restrict, delete.",
    "case": "From a laboratory's call to a list that can be defended.",
    "trace": "Who was exposed, who was where, which places are shared.",
    "visits": "Stays derived from scans, or imported.",
    "rule": "What counts as an exposure, by version.",
    "report": "Who scans and who is silent: the weekly report on coverage, shown and sent.",
    "audit": "The log of who looked and who changed what.",
    "retention": "Let go of days whose time is over, and prove it.",
    "privacy": "How many visitors their visits single out.",
    "refused": "What was set aside, and alarms.",
}
"""Names and what they are for; the order is the one they are listed in."""


NO_TEXT: Final = "surrogates not allowed"
"""What Python says where bytes typed on a command line are no text."""


class Problem(click.ClickException):
    """What a FleetError says, on the terminal."""

    def show(self, file: Any = None) -> None:
        click.echo(f"Lỗi / Error: {self.message}", file=file, err=file is None)


class NeedsMending(Problem):
    """Settings or keys are not right."""

    exit_code = 2


class LazyCommands(click.Group):
    """Subcommands by name, one module of `fleet_server.commands` each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"fleet_server.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (SettingsError, KeysError) as problem:
            raise NeedsMending(str(problem)) from problem
        except FleetError as problem:
            raise Problem(str(problem)) from problem
        except UnicodeEncodeError as problem:
            if problem.reason != NO_TEXT:
                raise
            raise Problem(f"{problem.object[:40]!r}: expected text in UTF-8") from problem


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: Any) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib import metadata  # noqa: PLC0415  slow to import, and rarely needed

        click.echo(f"tram {metadata.version('tram')}")
        ctx.exit()


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the fleet lives.  [default: $TRAM_HOME, else ~/.local/share/tram]",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def main(ctx: click.Context, home: Path | None) -> None:
    """Máy chủ của các trạm quét mã QR. / The server behind the QR check-in kiosks."""
    ctx.obj = settings.load(home, environ=os.environ)
