"""`kiosk run`: the kiosk itself."""

import logging
import sys
import time
from pathlib import Path
from typing import Final

import click

from kiosk.commands.failures import OutOfOrder, WrongConfiguration
from kiosk.errors import ConfigError, KioskError

_FORMAT: Final = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"


@click.command(name="run", short_help="Read codes, answer visitors, deliver records.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default=Path("kiosk.toml"),
    show_default=True,
    help="The kiosk's settings.",
)
@click.option(
    "--camera",
    metavar="SOURCE",
    help="Instead of the configured camera: picamera2, v4l2:DEVICE, scanner:DEVICE or NAME, "
    "pictures:DIR or video:FILE.",
)
@click.option(
    "--once",
    is_flag=True,
    help="Stop when pictures or video have ended and the server has every record.",
)
@click.option(
    "--once-timeout",
    "once_timeout_s",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="With --once: fail when the server takes longer than this.",
)
def run(config_file: Path, *, camera: str | None, once: bool, once_timeout_s: float) -> None:
    """Read codes, answer visitors at once, keep each record until the server has it.

    Stops on SIGTERM or Ctrl-C with a goodbye to the server.
    """
    # Decoders, NumPy and paho take longer to import than `--help` may take.
    from kiosk import assembly, config  # noqa: PLC0415

    log_to_stderr()
    try:
        status = assembly.run(
            config.load(config_file),
            camera=camera,
            base=Path(),
            once=once,
            once_timeout_s=once_timeout_s,
        )
    except ConfigError as problem:
        raise WrongConfiguration(problem) from problem
    except KioskError as problem:
        raise OutOfOrder(problem) from problem
    sys.exit(status)


def log_to_stderr() -> None:
    """Log lines with UTC time; they never hold anything out of a code."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
