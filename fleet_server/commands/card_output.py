"""What `fleet card` hands out: tables read with progress, PDF, pictures of codes."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from fleet_server import keys as fleet_keys
from fleet_server.commands import shared
from fleet_server.fleet import card_batch, card_rows
from fleet_server.fleet.card_batch import Issuer, Made
from fleet_server.fleet.card_rows import BadRow, Row
from fleet_server.fleet.references import Unfit
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.settings import Settings
from wire import card as wire_card
from wire.errors import WireError

PNG_SCALE: Final = 12
"""Pixels per module: 5 cm in print at 300 dots per inch and more."""
SAY_EVERY: Final = 1000
"""Cards between two lines of progress where nobody looks at a terminal."""

_PATH: Final = click.Path(dir_okay=False, path_type=Path)
SVG = click.option("--svg", type=_PATH, help="Draw the code.")
PNG = click.option("--png", type=_PATH, help="Draw the code.")
PDF = click.option("--pdf", type=_PATH, help="Print the cards, 85 × 54 mm.")
SHEET = click.option(
    "--sheet",
    type=click.Choice(["a4", "card"]),
    default="a4",
    show_default=True,
    help="A4 with ten cards and cut marks, or one card to a page.",
)
FONTS = click.option(
    "--fonts",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder with DejaVuSans.ttf and DejaVuSans-Bold.ttf.",
)
BATCH_ID = click.option("--batch-id", metavar="HEX", help="Instead of the one in FILE.batch.")


def check_free(*paths: Path) -> None:
    """Raises Unfit where one is there already."""
    for path in paths:
        if path.exists():
            raise Unfit(f"{path}: đã có, không ghi đè / is there already, not overwritten")


def check_pdf(path: Path | None, fonts: Path | None) -> None:
    """Raises Unfit before anything is issued that could not be printed then."""
    if path is not None:
        from fleet_server.fleet import card_print  # noqa: PLC0415  loads fpdf2
        from fleet_server.fleet.lettering import FONTS  # noqa: PLC0415  loads fpdf2

        check_free(path)
        card_print.pdf([], fonts=fonts or FONTS)


def numbered(base: Path, count: int) -> list[Path]:
    """The files `count` pictures go to."""
    if count == 1:
        return [base]
    return [base.with_stem(f"{base.stem}-{number}") for number in range(1, count + 1)]


def draw(text: str, path: Path) -> None:
    """The code alone as SVG or PNG. Raises Unfit."""
    from fleet_server.fleet.card_print import QUIET, symbol  # noqa: PLC0415  loads fpdf2

    try:
        symbol(text).save(str(path), kind=path.suffix[1:] or "svg", scale=PNG_SCALE, border=QUIET)
    except (OSError, ValueError) as problem:
        raise Unfit(f"{path}: cannot be drawn ({problem}); expected FILE.svg or FILE.png") from (
            problem
        )


def print_pdf(
    path: Path, cards: Sequence[tuple[str, str, str]], *, sheet: str, fonts: Path | None
) -> None:
    """`cards` are id, text and what is printed. Raises Unfit."""
    from fleet_server.fleet import card_print  # noqa: PLC0415  loads fpdf2
    from fleet_server.fleet.lettering import FONTS  # noqa: PLC0415  loads fpdf2

    faces = [
        card_print.Face(text, card_print.number(card_id), printed)
        for card_id, text, printed in cards
    ]
    content = card_print.pdf(faces, sheet=sheet, fonts=fonts or FONTS)
    card_print.write(path, content)


def read_table(table: Path) -> tuple[list[Row], list[BadRow]]:
    """The good rows and the bad ones. Raises Unfit for the file itself."""
    good: list[Row] = []
    bad: list[BadRow] = []
    for each in card_rows.read(table):
        if isinstance(each, Row):
            good.append(each)
        else:
            bad.append(each)
    return good, bad


def issue_table(settings: Settings, rows: Sequence[Row], batch: str) -> list[Made]:
    """Issue what is not issued yet, with progress."""
    held = fleet_keys.cards(settings.keys_dir)
    issuer = Issuer(
        sign=held.sign,
        pseudonyms=PseudonymKey.load(held.pseudonym_file),
        vault=fleet_keys.public(settings.keys_dir).keyset.vault_key(),
        zone=settings.zone,
        actor=shared.actor(),
    )
    with shared.opened(settings) as engine:
        from fleet_server import database  # noqa: PLC0415

        writing = engine.execution_options(**database.WRITES)
        pieces = card_batch.issue_all(
            issuer, batch, rows, transaction=writing.begin, now_ms=shared.now_ms
        )
        return list(_progress(pieces, len(rows)))


def from_text(settings: Settings, texts: Sequence[str]) -> list[tuple[str, str]]:
    """Id and text of each card, proven. Raises Unfit."""
    known = fleet_keys.public(settings.keys_dir).keyset.card_keys()
    out: list[tuple[str, str]] = []
    for text in texts:
        clean = "".join(text.split()).upper()
        try:
            out.append((wire_card.decode(clean, known).id, clean))
        except WireError as problem:
            raise Unfit(f"card {text[:12]}…: {problem}; expected the text of its code") from problem
    return out


def _progress(pieces: Iterable[list[Made]], total: int) -> Iterator[Made]:
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Cấp thẻ / Issuing", total=total)
            for piece in pieces:
                yield from piece
                progress.advance(task, len(piece))
        return
    done = said = 0
    for piece in pieces:
        yield from piece
        done += len(piece)
        if done - said >= SAY_EVERY:
            said = done
            click.echo(f"{done}/{total}", err=True)
