"""`fleet card`: the fleet's own visitor cards."""

import datetime as dt
import secrets
import sys
from pathlib import Path

import click

from fleet_server import keys as fleet_keys
from fleet_server.commands import card_output, shared
from fleet_server.fleet import card_batch, cards
from fleet_server.fleet.card_batch import Made
from fleet_server.fleet.card_office import CardOffice
from fleet_server.fleet.card_rows import BadRow, identity
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.settings import Settings
from wire.records import IdentityPart

MAX_CARDS = 10_000
_TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def card() -> None:
    """Thẻ khách / Visitor cards."""


@card.command()
@click.option("--name", default="", help="Whom it is for; sealed to the vault, printed by --pdf.")
@click.option("--phone", default="", help="How to reach them; sealed to the vault.")
@click.option("--commune", default="", help="Where they live; sealed to the vault.")
@click.option(
    "--count",
    type=click.IntRange(1, MAX_CARDS),
    default=1,
    show_default=True,
    help="How many, all without a name.",
)
@click.option(
    "--batch",
    type=_TABLE,
    metavar="FILE",
    help="One for each row of a CSV or XLSX: name, phone, commune, print.",
)
@card_output.BATCH_ID
@click.option("--again", is_flag=True, help="New cards for the whole table.")
@card_output.PDF
@card_output.SHEET
@card_output.FONTS
@card_output.SVG
@card_output.PNG
@shared.AS_JSON
@click.pass_context
def issue(
    ctx: click.Context,
    *,
    name: str,
    phone: str,
    commune: str,
    count: int,
    batch: Path | None,
    batch_id: str | None,
    again: bool,
    pdf: Path | None,
    sheet: str,
    fonts: Path | None,
    svg: Path | None,
    png: Path | None,
    as_json: bool,
) -> None:
    """Issue a card, or several; prints what their codes say.

    With --svg or --png and several cards, files are numbered: FILE-1.svg, FILE-2.svg, …

    --batch reads a table (headings in Vietnamese or English), names bad rows by line and goes on
    with the others: then the exit status is 1. Run again, it issues nobody a second card: the
    table's batch id stands in FILE.batch beside it. Names are sealed to the vault, and printed
    where the column print says yes, or the words that stand there.
    """
    settings: Settings = ctx.obj
    holder = identity(name, phone, commune) if name or phone or commune else None
    if holder is not None and (count > 1 or batch):
        raise click.UsageError(
            "--name, --phone and --commune are for one card, not for --count or --batch"
        )
    if batch is None and (batch_id or again):
        raise click.UsageError("--batch-id and --again go with --batch")
    if batch is not None and count > 1:
        raise click.UsageError("--count is for cards without --batch")
    bad: list[BadRow] = []
    if batch is None:
        card_output.check_pdf(pdf, fonts)
        _check_pictures(svg, png, count)
        made = _issue(settings, holder, count)
        batch_id = None
    else:
        rows, bad = card_output.read_table(batch)
        card_output.check_pdf(pdf, fonts)
        _check_pictures(svg, png, len(rows))
        for row in bad:
            click.echo(f"{batch}: dòng / line {row.line}: {row.problem}", err=True)
        batch_id = card_batch.batch_id(batch, given=batch_id, again=again)
        made = card_output.issue_table(settings, rows, batch_id)
    usable = [each for each in made if not each.revoked]
    _hand_out(usable, pdf=pdf, sheet=sheet, fonts=fonts, svg=svg, png=png)
    if batch is None:
        _say(made, as_json=as_json)
    else:
        _say_batch(made, bad, batch_id or "", as_json=as_json)
    if bad:
        ctx.exit(1)


@card.command("print")
@click.argument("codes", nargs=-1, metavar="CODE…")
@click.option("--name", default="", help="The holder's words on the card, for one CODE.")
@card_output.PDF
@card_output.SHEET
@card_output.FONTS
@card_output.SVG
@card_output.PNG
@click.pass_obj
def print_(
    settings: Settings,
    *,
    codes: tuple[str, ...],
    name: str,
    pdf: Path | None,
    sheet: str,
    fonts: Path | None,
    svg: Path | None,
    png: Path | None,
) -> None:
    """Print cards that are issued, by the text of their codes (- reads them from stdin).

    A table's cards are printed by `fleet card issue --batch FILE --pdf …`, as often as needed.
    """
    texts = [line for line in sys.stdin if line.strip()] if codes == ("-",) else list(codes)
    if not texts or not (pdf or svg or png):
        raise click.UsageError("expected the text of a code, and --pdf, --svg or --png")
    if name and len(texts) > 1:
        raise click.UsageError("--name is for one card")
    card_output.check_pdf(pdf, fonts)
    _check_pictures(svg, png, len(texts))
    printed = identity(name, "", "").name if name else ""
    found = [
        Made(at, card_id, text, "", printed, False, False)
        for at, (card_id, text) in enumerate(card_output.from_text(settings, texts), 1)
    ]
    _hand_out(found, pdf=pdf, sheet=sheet, fonts=fonts, svg=svg, png=png)


@card.command()
@click.argument("which", metavar="CARD")
@click.option("--reason", default="", help="Why, for the log.")
@click.pass_obj
def revoke(settings: Settings, *, which: str, reason: str) -> None:
    """Mark CARD (its id, or the text of its code) as lost or no longer good.

    Kiosks that are connected learn of it within seconds, the others when they connect.
    """
    with shared.writing(settings) as connection:
        visitor = _office(settings).revoke(
            connection, which, reason=reason, at_ms=shared.now_ms(), actor=shared.actor()
        )
    if not visitor:
        click.echo("Đã vào danh sách thu hồi / Was revoked, and is on the kiosks' list now")
        return
    click.echo(f"Đã thu hồi thẻ / Card revoked: {visitor}")


def _office(settings: Settings) -> CardOffice:
    held = fleet_keys.cards(settings.keys_dir)
    return CardOffice(
        keys_dir=settings.keys_dir,
        sign=held.sign,
        pseudonyms=PseudonymKey.load(held.pseudonym_file),
        vault=fleet_keys.public(settings.keys_dir).keyset.vault_key(),
        zone=settings.zone,
    )


def _issue(settings: Settings, holder: IdentityPart | None, count: int) -> list[Made]:
    held = fleet_keys.cards(settings.keys_dir)
    vault = fleet_keys.public(settings.keys_dir).keyset.vault_key()
    pseudonyms = PseudonymKey.load(held.pseudonym_file)
    made: list[Made] = []
    with shared.writing(settings) as connection:
        for line in range(1, count + 1):
            new = cards.issue(
                connection,
                card_id=secrets.token_bytes(cards.ID_BYTES),
                issued=dt.datetime.now(settings.zone).date(),
                sign=held.sign,
                pseudonyms=pseudonyms,
                vault=vault,
                identity=holder,
                at_ms=shared.now_ms(),
                actor=shared.actor(),
            )
            printed = holder.name if holder else ""
            made.append(Made(line, new.id, new.text, new.visitor, printed, True, False))
    return made


def _check_pictures(svg: Path | None, png: Path | None, count: int) -> None:
    for base in (svg, png):
        if base is not None:
            card_output.check_free(*card_output.numbered(base, count))


def _hand_out(
    made: list[Made],
    *,
    pdf: Path | None,
    sheet: str,
    fonts: Path | None,
    svg: Path | None,
    png: Path | None,
) -> None:
    if pdf is not None and made:
        faces = [(each.id, each.text, each.printed) for each in made]
        card_output.print_pdf(pdf, faces, sheet=sheet, fonts=fonts)
    for base in (svg, png):
        if base is not None:
            for path, each in zip(card_output.numbered(base, len(made)), made, strict=True):
                card_output.draw(each.text, path)


def _say(made: list[Made], *, as_json: bool) -> None:
    if as_json:
        rows = [{"id": each.id, "text": each.text, "visitor": each.visitor} for each in made]
        shared.print_json({"cards": rows})
        return
    for each in made:
        click.echo(f"{each.text}\t{each.visitor}")


def _say_batch(made: list[Made], bad: list[BadRow], batch: str, *, as_json: bool) -> None:
    fresh = sum(each.fresh for each in made)
    revoked = sum(each.revoked for each in made)
    if as_json:
        rows = [
            {
                "line": each.line,
                "id": each.id,
                "text": each.text,
                "visitor": each.visitor,
                "fresh": each.fresh,
                "revoked": each.revoked,
            }
            for each in made
        ]
        shared.print_json(
            {
                "batch": batch,
                "issued": fresh,
                "already": len(made) - fresh,
                "bad": [each._asdict() for each in bad],
                "cards": rows,
            }
        )
        return
    click.echo(
        f"Đã cấp / Issued: {fresh}; đã có từ trước / there already: {len(made) - fresh}"
        + (f" ({revoked} đã thu hồi / revoked, not printed)" if revoked else "")
        + f"; dòng hỏng / bad rows: {len(bad)}\nMẻ / Batch: {batch}"
    )
