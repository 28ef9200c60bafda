"""`kiosk read`: the technician's bench. What would this kiosk make of these pictures?"""

import datetime as dt
import json
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kiosk.errors import ConfigError

if TYPE_CHECKING:
    from kiosk.credentials.proofs import Proofs
    from kiosk.scanning.reader import Reader

ENGINES: Final = ("zxing-cpp", "pyzbar")
_MANY: Final = 20
"""From this many pictures on, progress is shown on a terminal."""


class WrongConfiguration(click.ClickException):
    """Ends the program with the message and status 2."""

    exit_code = 2


@click.command(name="read", short_help="Read codes in pictures, one line each.")
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--show-text", is_flag=True, help="Show what the code says: personal data.")
@click.option(
    "--engine",
    "engines",
    multiple=True,
    type=click.Choice(ENGINES),
    help="Decoder to use, in this order; default: all.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="kiosk.toml, for the keys that cards and certificates are proven by.",
)
def read(
    paths: tuple[str, ...],
    *,
    as_json: bool,
    show_text: bool,
    engines: tuple[str, ...],
    config_file: Path | None,
) -> None:
    """Read the codes in pictures and folders of pictures.

    One line per picture in the order given, folders sorted by name: file, whether a code was
    decoded, its kind, engine, milliseconds, codes seen. Ends with 1 where a picture could not be
    read.
    """
    # Decoders and NumPy take longer to import than `--help` may take.
    from kiosk.hardware.decoders import engines as each_of  # noqa: PLC0415
    from kiosk.hardware.decoders import open_decoders  # noqa: PLC0415
    from kiosk.scanning.pipeline import Pipeline  # noqa: PLC0415
    from kiosk.scanning.reader import Reader  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        pipeline = Pipeline(each_of(open_decoders(engines or ENGINES)))
        reader = Reader(pipeline, _proofs(config_file))
    except ConfigError as problem:
        raise WrongConfiguration(str(problem)) from problem
    failed = False
    for name in _progress(list(_pictures(paths))):
        line = _line(name, reader, show_text=show_text)
        failed = failed or "error" in line
        text = json.dumps(line) if as_json else _plain(line)
        click.echo(text.encode(errors="backslashreplace"))
    if failed:
        raise SystemExit(1)


def _line(name: str, reader: "Reader", *, show_text: bool) -> dict[str, Any]:
    from kiosk.credentials.text import to_show  # noqa: PLC0415
    from kiosk.hardware.pictures import UnreadablePicture, load_luma  # noqa: PLC0415

    line: dict[str, Any] = {"file": name, "ok": False, "kind": None, "engine": None}
    try:
        luma = load_luma(Path(name))
    except UnreadablePicture as problem:
        return {**line, "ms": 0.0, "codes": 0, "error": str(problem)}
    reading = reader.read(luma)
    line |= {"ms": round(reading.ms, 2), "codes": reading.codes}
    if reading.code is not None and reading.payload is not None:
        payload = reading.payload.at(time.time())
        line |= {"ok": True, "kind": payload.kind, "engine": reading.code.engine}
        if payload.problem:
            line["problem"] = payload.problem
        if payload.valid_until_s is not None:
            line["valid_until"] = _date(payload.valid_until_s)
        if show_text:
            line["text"] = to_show(reading.code.data)
    return line


def _date(seconds: int) -> str:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
    except (OverflowError, ValueError):  # a signer may write any year
        return f"{seconds} s"


def _plain(line: Mapping[str, Any]) -> str:
    if "error" in line:
        return f"{line['file']}  error  {line['error']}"
    if not line["ok"]:
        return f"{line['file']}  no code  {line['ms']:.1f} ms"
    problem = f" ({line['problem']})" if "problem" in line else ""
    codes = "1 code" if line["codes"] == 1 else f"{line['codes']} codes"
    text = f"  {json.dumps(line['text'], ensure_ascii=False)}" if "text" in line else ""
    return (
        f"{line['file']}  ok  {line['kind']}{problem}  {line['engine']}  "
        f"{line['ms']:.1f} ms  {codes}{text}"
    )


def _pictures(paths: Iterable[str]) -> Iterator[str]:
    from kiosk.hardware.pictures import find_pictures  # noqa: PLC0415

    for given in paths:
        folder = Path(given)
        if not folder.is_dir():
            yield given
            continue
        pictures = find_pictures(folder)
        if not pictures:
            yield given
        for picture in pictures:
            yield os.path.join(given, picture.relative_to(folder))  # noqa: PTH118 - as given


def _progress(names: list[str]) -> Iterator[str]:
    if len(names) < _MANY or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from names
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    yield from track(
        names, description="Đang đọc / Reading", console=Console(stderr=True), transient=True
    )


def _proofs(config_file: Path | None) -> "Proofs":
    from kiosk.credentials.proofs import Proofs  # noqa: PLC0415

    if config_file is None:
        return Proofs()
    from kiosk import config, proofs  # noqa: PLC0415

    settings = config.load(config_file)
    return proofs.load(settings, seen={}).proofs
