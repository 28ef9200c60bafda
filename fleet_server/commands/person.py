"""`fleet person`: what people ask about their own data, from the desk to the answer."""

import json
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from fleet_server import keys
from fleet_server.commands import person_output as output
from fleet_server.commands import shared
from fleet_server.errors import Refused
from fleet_server.identity.vault_client import VaultClient
from fleet_server.privacy import correcting, deleting, rights
from fleet_server.privacy.desk import Desk
from fleet_server.settings import Settings

_REF = click.argument("ref", metavar="right:N")
_BY = click.option("--by", metavar="NAME", help="Ai làm / Who does it.  [default: this user]")


def numbered(command: Any) -> Any:
    """The numbers somebody can be found by."""
    for option in (
        click.option("--phone", metavar="NUMBER", help="Số điện thoại / As it was given once."),
        click.option("--card", metavar="CARD", help="Mã thẻ / One of our cards: id or its text."),
        click.option("--insurance", metavar="NUMBER", help="Số BHYT / Health insurance."),
        click.option("--document", metavar="NUMBER", help="Số giấy tờ / ID number or code (QID)."),
    ):
        command = option(command)
    return command


@click.group()
def person() -> None:
    """Quyền của người dân / People's requests about their own data."""


@person.command()
@click.argument("kind", type=click.Choice(rights.KINDS))
@numbered
@click.option("--words", default="", metavar="TEXT", help="Lời người đó / In their words.")
@_BY
@shared.AS_JSON
@click.pass_obj
def ask(
    settings: Settings,
    /,
    *,
    kind: str,
    words: str,
    by: str | None,
    as_json: bool,
    **numbers: str | None,
) -> None:
    """Ghi yêu cầu / Write down what somebody asks about their own data.

    Asked at a desk: whoever asks shows a document, and the clerk reads the number from it. Never by
    a code held up or a picture of one: a code proves nothing about its holder.
    """
    by_what, number = _one(numbers)
    with shared.opened(settings) as engine:
        desk = _desk(settings, engine, by)
        ref = desk.ask(kind, words=words, zone=settings.zone, holidays=settings.privacy.holidays)
        request = desk.identify(ref, by_what, number)
    output.asked(request, settings, as_json=as_json)


@person.command()
@_REF
@numbered
@_BY
@shared.AS_JSON
@click.pass_obj
def identify(
    settings: Settings, /, *, ref: str, by: str | None, as_json: bool, **numbers: str | None
) -> None:
    """Tìm người của yêu cầu / Find whom an open request is about.

    Where it was asked while the vault was away, or the number was misread.
    """
    by_what, number = _one(numbers)
    with shared.opened(settings) as engine:
        request = _desk(settings, engine, by).identify(ref, by_what, number)
    output.asked(request, settings, as_json=as_json)


@person.command()
@click.option("--overdue", is_flag=True, help="Quá hạn / Only those whose time has passed.")
@shared.AS_JSON
@click.pass_obj
def requests(settings: Settings, *, overdue: bool, as_json: bool) -> None:
    """Yêu cầu chưa xong / Open requests, the most urgent first."""
    now = shared.now_ms() // 1000
    with shared.reading(settings) as connection:
        found = rights.all_open(connection, overdue_at=now if overdue else None)
    if as_json:
        shared.print_json([output.as_dict(each) for each in found])
    else:
        output.listed(found, now, settings)


@person.command()
@_REF
@_BY
@click.pass_obj
def acknowledge(settings: Settings, *, ref: str, by: str | None) -> None:
    """Đã báo nhận / Note that the person was told their request is worked on."""
    with shared.writing(settings) as connection:
        rights.acknowledge(connection, ref, at_ms=shared.now_ms(), actor=by or shared.actor())
    click.echo(f"Đã báo nhận / Acknowledged: {ref}")


@person.command()
@_REF
@_BY
@shared.AS_JSON
@click.pass_obj
def show(settings: Settings, *, ref: str, by: str | None, as_json: bool) -> None:
    """Xem / Everything kept about the person of an open request."""
    told = _everything(settings, ref, by, "shown")
    if as_json:
        shared.print_json(told)
        return
    output.everything(ref, told)


@person.command()
@_REF
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.json"
)
@_BY
@click.pass_obj
def export(settings: Settings, *, ref: str, out: Path, by: str | None) -> None:
    """Bản sao / Write everything kept about the person to a file to hand to them."""
    told = _everything(settings, ref, by, "exported")
    with shared.new_file(out) as file:
        file.write(json.dumps(told, ensure_ascii=False, indent=2).encode() + b"\n")
    click.echo(f"Đã ghi / Written: {out}")


@person.command()
@_REF
@click.option(
    "--field",
    "fields",
    multiple=True,
    required=True,
    metavar="NAME=VALUE",
    help="name, phone, birth, sex, address, document or insurance.",
)
@_BY
@click.pass_obj
def correct(settings: Settings, *, ref: str, fields: tuple[str, ...], by: str | None) -> None:
    """Sửa / Seal what is right to the vault; what was said before stays under it.

    All fields of one request at once: said again, it replaces what this request said before.
    """
    given = dict(_pair(each) for each in fields)
    vault = keys.public(settings.keys_dir).keyset.vault_key()
    with shared.writing(settings) as connection:
        correcting.correct(
            connection,
            ref,
            correcting.identity(given),
            vault=vault,
            at_ms=shared.now_ms(),
            actor=by or shared.actor(),
        )
    click.echo(f"Đã sửa / Corrected: {ref} ({', '.join(sorted(given))})")


@person.command()
@_REF
@_BY
@click.pass_obj
def restrict(settings: Settings, *, ref: str, by: str | None) -> None:
    """Hạn chế / Keep the person's data and do not use it from now on."""
    with shared.writing(settings) as connection:
        visitor = rights.restrict(
            connection, ref, at_ms=shared.now_ms(), actor=by or shared.actor()
        )
    click.echo(f"Đã hạn chế / Restricted: {visitor}")


@person.command()
@_REF
@_BY
@click.pass_obj
def lift(settings: Settings, *, ref: str, by: str | None) -> None:
    """Bỏ hạn chế / End the restriction that a request made."""
    with shared.writing(settings) as connection:
        rights.lift(connection, ref, at_ms=shared.now_ms(), actor=by or shared.actor())
    click.echo(f"Đã bỏ hạn chế / Lifted: {ref}")


@person.command()
@_REF
@click.option("--confirm", metavar="right:N", help="Gõ lại / The reference again, for scripts.")
@_BY
@shared.AS_JSON
@click.pass_obj
def delete(
    settings: Settings, *, ref: str, confirm: str | None, by: str | None, as_json: bool
) -> None:
    """Xóa / Delete everything kept about the person; it cannot be taken back.

    Not while an open case needs it. The log keeps who looked, by reference only.
    """
    with shared.opened(settings) as engine:
        with engine.connect() as connection:
            visitor = deleting.may_delete(connection, ref)
        said = confirm
        if said is None:
            said = click.prompt(
                f"Xóa hết về P{visitor}? Gõ / Delete all about P{visitor}? Type {ref}"
            )
        if said != ref:
            raise Refused(f"gõ sai, không xóa / expected {ref}, so nothing was deleted")
        done = deleting.delete(engine, ref, at_ms=shared.now_ms(), actor=by or shared.actor())
    if as_json:
        shared.print_json(done._asdict())
        return
    click.echo(f"Đã xóa / Deleted: {done.person}; còn lại / left: 0")
    for table, count in sorted(done.rows.items()):
        click.echo(f"  {table}: {count}")


@person.command()
@_REF
@click.option(
    "--outcome", type=click.Choice(rights.OUTCOMES), default=rights.DONE, show_default=True
)
@_BY
@click.pass_obj
def done(settings: Settings, *, ref: str, outcome: str, by: str | None) -> None:
    """Đóng / Close a request that was answered, or could not be."""
    with shared.writing(settings) as connection:
        rights.finish(
            connection, ref, outcome=outcome, at_ms=shared.now_ms(), actor=by or shared.actor()
        )
    click.echo(f"Đã đóng / Closed: {ref} ({outcome})")


def _one(numbers: dict[str, str | None]) -> tuple[str, str]:
    """The one number that was given."""
    given = [(kind, number) for kind, number in numbers.items() if number is not None]
    if len(given) != 1:
        raise click.UsageError("give one of --document, --insurance, --card, --phone")
    return given[0]


def _desk(settings: Settings, engine: Engine, by: str | None) -> Desk:
    vault = VaultClient(settings.vault_socket)
    return Desk(engine, vault, by or shared.actor(), shared.now_ms)


def _everything(settings: Settings, ref: str, by: str | None, how: str) -> dict[str, Any]:
    with shared.opened(settings) as engine:
        return _desk(settings, engine, by).everything(ref, how=how)


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise click.UsageError(f"--field {name}: expected NAME=VALUE")
    return name.strip(), value
