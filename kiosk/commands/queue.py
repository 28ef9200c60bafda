"""`kiosk queue`: what waits for the server, and what was set aside."""

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

import click

from kiosk.commands.failures import OutOfOrder, WrongConfiguration
from kiosk.errors import ConfigError, KioskError


@click.command(name="queue", short_help="Show what waits for the server, and what it refused.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default=Path("kiosk.toml"),
    show_default=True,
    help="The kiosk's settings.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def queue(config_file: Path, *, as_json: bool) -> None:
    """Show how many records wait, since when, and those set aside with the reason.

    Works while the kiosk runs.
    """
    from kiosk import config, queue_file  # noqa: PLC0415 - for a fast --help

    try:
        held = queue_file.look(config.load(config_file).kiosk.data)
    except ConfigError as problem:
        raise WrongConfiguration(problem) from problem
    except KioskError as problem:
        raise OutOfOrder(problem) from problem
    if as_json:
        click.echo(json.dumps(_as_json(held), ensure_ascii=False))
        return
    oldest = "" if held.oldest_ms is None else f", từ / since {_time(held.oldest_ms)}"
    click.echo(f"Đang chờ / Waiting: {held.depth}{oldest}")
    click.echo(f"Để riêng / Set aside: {len(held.set_aside)}")
    for each in held.set_aside:
        click.echo(f"  {each.counter}  {_time(each.at_ms)}  {each.reason}  {each.detail}".rstrip())


def _as_json(held: Any) -> dict[str, Any]:
    oldest_ms = held.oldest_ms
    return {
        "epoch": held.epoch,
        "depth": held.depth,
        "oldest_ms": oldest_ms,
        "oldest_s": None if oldest_ms is None else max(0, int(time.time() - oldest_ms / 1000)),
        "set_aside": [
            {
                "counter": each.counter,
                "reason": each.reason,
                "detail": each.detail,
                "at_ms": each.at_ms,
            }
            for each in held.set_aside
        ],
    }


def _time(at_ms: int) -> str:
    return dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC).isoformat(timespec="seconds")
