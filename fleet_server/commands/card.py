"""`fleet card`: the fleet's own visitor cards."""

import datetime as dt
import secrets
from pathlib import Path

import click
import segno

from fleet_server import keys as fleet_keys
from fleet_server.commands import shared
from fleet_server.fleet import cards
from fleet_server.fleet.references import MAX_NAME, Unfit, check_name
from fleet_server.identity import numbers
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.settings import Settings
from wire.records import IdentityPart

MAX_CARDS = 10_000
PNG_SCALE = 12
"""Pixels per module: 5 cm in print at 300 dots per inch and more."""


@click.group()
def card() -> None:
    """Thẻ khách / Visitor cards."""


@card.command()
@click.option("--name", default="", help="Whom it is for; sealed to the vault.")
@click.option("--phone", default="", help="How to reach them; sealed to the vault.")
@click.option("--commune", default="", help="Where they live; sealed to the vault.")
@click.option(
    "--count",
    type=click.IntRange(1, MAX_CARDS),
    default=1,
    show_default=True,
    help="How many, all without a name.",
)
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw the code.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="Draw the code.")
@shared.AS_JSON
@click.pass_obj
def issue(
    settings: Settings,
    *,
    name: str,
    phone: str,
    commune: str,
    count: int,
    svg: Path | None,
    png: Path | None,
    as_json: bool,
) -> None:
    """Issue a card, or several; prints what their codes say.

    With --svg or --png and --count, files are numbered: FILE-1.svg, FILE-2.svg, …
    """
    identity = _identity(name, phone, commune)
    if identity is not None and count > 1:
        raise click.UsageError("--count is for cards without --name, --phone and --commune")
    pictures = [path for path in (svg, png) if path is not None]
    for path in (each for base in pictures for each in _numbered(base, count)):
        if path.exists():
            raise Unfit(f"{path}: đã có, không ghi đè / is there already, not overwritten")
    held = fleet_keys.cards(settings.keys_dir)
    vault = fleet_keys.public(settings.keys_dir).keyset.vault_key()
    pseudonyms = PseudonymKey.load(held.pseudonym_file)
    with shared.writing(settings) as connection:
        issued = [
            cards.issue(
                connection,
                card_id=secrets.token_bytes(cards.ID_BYTES),
                issued=dt.datetime.now(settings.zone).date(),
                sign=held.sign,
                pseudonyms=pseudonyms,
                vault=vault,
                identity=identity,
                at_ms=shared.now_ms(),
                actor=shared.actor(),
            )
            for _ in range(count)
        ]
    for base in pictures:
        for path, made in zip(_numbered(base, count), issued, strict=True):
            _draw(made.text, path)
    if as_json:
        shared.print_json({"cards": shared.as_dicts(issued)})
    else:
        for made in issued:
            click.echo(f"{made.text}\t{made.visitor}")


@card.command()
@click.argument("which", metavar="CARD")
@click.option("--reason", default="", help="Why, for the log.")
@click.pass_obj
def revoke(settings: Settings, *, which: str, reason: str) -> None:
    """Mark CARD (its id, or the text of its code) as lost or no longer good."""
    held = fleet_keys.cards(settings.keys_dir)
    known = fleet_keys.public(settings.keys_dir).keyset.card_keys()
    with shared.writing(settings) as connection:
        visitor = cards.revoke(
            connection,
            card_id=numbers.card_id(which, known),
            pseudonyms=PseudonymKey.load(held.pseudonym_file),
            reason=reason,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(f"Đã thu hồi thẻ / Card revoked: {visitor}")


def _identity(name: str, phone: str, commune: str) -> IdentityPart | None:
    if not (name or phone or commune):
        return None
    for what, text in (("phone", phone), ("commune", commune)):
        if len(text) > MAX_NAME or not text.isprintable():
            raise Unfit(f"{what}: expected at most {MAX_NAME} characters on one line")
    return IdentityPart(
        name=check_name("name", name) if name else "",
        phone="".join(character for character in phone if character not in " .-"),
        address=commune.strip(),
    )


def _numbered(base: Path, count: int) -> list[Path]:
    if count == 1:
        return [base]
    return [base.with_stem(f"{base.stem}-{number}") for number in range(1, count + 1)]


def _draw(text: str, path: Path) -> None:
    # Error correction M stands a scratched print; capitals and digits keep the symbol small.
    symbol = segno.make_qr(text, error="m")
    try:
        symbol.save(str(path), kind=path.suffix[1:] or "svg", scale=PNG_SCALE, border=4)
    except (OSError, ValueError) as problem:
        raise Unfit(f"{path}: cannot be drawn ({problem}); expected FILE.svg or FILE.png") from (
            problem
        )
