"""The `kiosk` command. Each subcommand's module is imported only when it is used."""

import importlib
import importlib.metadata
from typing import Any, Final

import click

COMMANDS: Final = {
    "run": "Read codes, answer visitors, deliver records.",
    "read": "Read codes in pictures, one line each.",
    "queue": "Show what waits for the server, and what it refused.",
}


class LazyCommands(click.Group):
    """Subcommands by name, one module of `kiosk.commands` each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"kiosk.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: Any) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"tram {importlib.metadata.version('tram')}")
        ctx.exit()


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
def main() -> None:
    """Máy quét mã QR ở cửa ra vào. / A QR check-in kiosk."""
