"""`fleet person`: asks the vault, on the record."""

import click
import msgspec

from fleet_server.commands import shared
from fleet_server.identity import numbers
from fleet_server.identity.vault_client import VaultClient
from fleet_server.identity.vault_messages import OpenedPerson
from fleet_server.settings import Settings
from fleet_server.times import iso
from wire.records import IdentityPart

_CASE = click.option("--case", required=True, metavar="REF", help="The case it is for.")
_PURPOSE = click.option("--purpose", required=True, metavar="TEXT", help="Why, for the log.")
_BY = click.option("--by", "by", metavar="NAME", help="Who asks.  [default: this user]")
_LABELS = {
    "name": "họ tên / name",
    "phone": "điện thoại / phone",
    "birth": "ngày sinh / birth",
    "sex": "giới tính / sex",
    "address": "địa chỉ / address",
    "document": "giấy tờ / document",
    "insurance": "BHYT / insurance",
}


@click.group()
def person() -> None:
    """Người / Find a person, open a name. Every answer and every miss is logged."""


@person.command()
@click.option("--document", metavar="NUMBER", help="ID number or personal code (QID).")
@click.option("--insurance", metavar="NUMBER", help="Health insurance, old or new.")
@click.option("--card", metavar="CARD", help="One of our cards: id, or text of its code.")
@click.option("--phone", metavar="NUMBER", help="Cannot be searched yet.")
@_CASE
@_PURPOSE
@_BY
@shared.AS_JSON
@click.pass_obj
def find(
    settings: Settings,
    *,
    document: str | None,
    insurance: str | None,
    card: str | None,
    phone: str | None,
    case: str,
    purpose: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Which visitor has this number?"""
    given = {"document": document, "insurance": insurance, "card": card, "phone": phone}
    asked = [(kind, number) for kind, number in given.items() if number is not None]
    if len(asked) != 1:
        raise click.UsageError(f"give one of {', '.join('--' + kind for kind in numbers.KINDS)}")
    ((kind, number),) = asked
    visitors = VaultClient(settings.vault_socket).find(
        kind, number, case=case, purpose=purpose, actor=by or shared.actor()
    )
    if as_json:
        shared.print_json({"visitors": visitors})
    elif visitors:
        for visitor in visitors:
            click.echo(visitor)
    else:
        click.echo("Không có ai / Nobody is known by it (the question is in the log)")


@person.command("open")
@click.argument("visitors", nargs=-1, required=True, metavar="P1 …")
@_CASE
@_PURPOSE
@_BY
@shared.AS_JSON
@click.pass_obj
def open_(
    settings: Settings,
    *,
    visitors: tuple[str, ...],
    case: str,
    purpose: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Who are these visitors?"""
    opened = VaultClient(settings.vault_socket).open(
        visitors, case=case, purpose=purpose, actor=by or shared.actor()
    )
    if as_json:
        shared.print_json({"persons": opened})
        return
    for each in opened:
        _show(each)


def _show(person: OpenedPerson) -> None:
    if not person.person:
        click.echo(f"{person.visitor}: không có / no such visitor")
        return
    same = "" if person.person == person.visitor else f" = {person.person}"
    click.echo(f"{person.visitor}{same}")
    if not person.identities:
        click.echo("  không có danh tính / no identity was given with any code")
    _show_part(person.known, indent="  ")
    for identity in person.identities[1:]:
        click.echo(f"  {iso(identity.seen_ms // 1000)} {identity.kind}:")
        _show_part(identity.part, indent="    ")
    if person.unreadable:
        click.echo(f"  {person.unreadable} không mở được / did not open")


def _show_part(part: IdentityPart, *, indent: str) -> None:
    for name, value in msgspec.structs.asdict(part).items():
        if value:
            click.echo(f"{indent}{_LABELS[name]}: {value}")
