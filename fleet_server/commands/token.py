"""`fleet token …`: access codes, for the API and the commands."""

import secrets

import click

from fleet_server.auth import tokens
from fleet_server.auth.accounts import By
from fleet_server.auth.permissions import Permission, Role
from fleet_server.commands import shared
from fleet_server.settings import Settings
from fleet_server.times import iso


@click.group()
def token() -> None:
    """Mã truy cập / Access codes for the API and commands; at pages people sign in (`account`)."""


@token.command()
@click.option("--account", metavar="LOGIN", help="Mã riêng của ai / Whose own code it is.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role if role is not Role.TRACING_SUPERVISOR]),
    help="Vai trò của chương trình / Role of a program, in place of --account.",
)
@click.option("--venue", metavar="REF", help="Địa điểm / The one venue a venue manager's is for.")
@click.option("--area", metavar="CODE", help="Địa bàn / The area it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([each.value for each in Permission if each is not Permission.START]),
    help="Chỉ quyền này / Only this of what the role may; repeatable.",
)
@click.option("--days", type=int, default=30, show_default=True, help="Số ngày / Days it is valid.")
@click.option("--name", required=True, help="Để làm gì / What it is for; a program's on the log.")
@shared.AS_JSON
@click.pass_obj
def create(
    settings: Settings,
    *,
    account: str | None,
    role: str | None,
    venue: str | None,
    area: str | None,
    scopes: tuple[str, ...],
    days: int,
    name: str,
    as_json: bool,
) -> None:
    """Tạo mã, chỉ hiện một lần / Make a code; it is shown this once."""
    if account is not None and (venue, area) != (None, None):
        raise click.UsageError("--account: its venues and area are the account's; leave them out")
    now_ms = shared.now_ms()
    by, kept_to = By(shared.actor(), now_ms), [Permission(each) for each in scopes]
    secret = secrets.token_bytes(tokens.SECRET_BYTES)
    with shared.writing(settings) as connection:
        if account is not None and role is None:
            code = tokens.issue_own(
                connection, by, account, name=name, scopes=kept_to, days=days, secret=secret
            )
        elif role is not None and account is None:
            code = tokens.issue(
                connection,
                by,
                name=name,
                role=Role(role),
                venue=venue,
                area=area,
                scopes=kept_to,
                days=days,
                secret=secret,
            )
        else:
            raise click.UsageError("give --account (somebody's own code) or --role (a program's)")
    expires = iso(now_ms // 1000 + days * 86_400)
    if as_json:
        told: dict[str, object] = {"token": code, "name": name.strip(), "account": account}
        told |= {"role": role, "venue": venue, "area": area, "scopes": sorted(set(scopes)) or None}
        shared.print_json(told | {"expires_at": expires})
        return
    click.echo(f"Mã truy cập, chỉ hiện lần này / access code, shown this once:\n\n  {code}\n")
    click.echo("Dùng / Use: Authorization: Bearer … (API), TRAM_TOKEN=… (fleet case)")
    click.echo(f"Hết hạn / expires {expires}")


@token.command("list")
@shared.AS_JSON
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """Các mã đã tạo / The codes made so far, without the codes."""
    with shared.reading(settings) as connection:
        found = tokens.listed(connection)
    rows = [
        item._asdict()
        | {
            "created_at": iso(item.created_at),
            "expires_at": iso(item.expires_at),
            "revoked_at": None if item.revoked_at is None else iso(item.revoked_at),
        }
        for item in found
    ]
    if as_json:
        shared.print_json(rows)
        return
    shared.print_rows(
        ("NO", "NAME", "ACCOUNT", "ROLE", "VENUE", "AREA", "ONLY", "EXPIRES", "REVOKED"),
        [
            [
                *(row[key] for key in ("id", "name", "account", "role", "venue", "area", "scopes")),
                *(row[key] for key in ("expires_at", "revoked_at")),
            ]
            for row in rows
        ],
        empty="Chưa có mã nào / No tokens yet: fleet token create",
    )


@token.command()
@click.argument("number", type=int)
@click.pass_obj
def revoke(settings: Settings, *, number: int) -> None:
    """Thu hồi mã theo số / Revoke a code by its number; whoever uses it is out at once."""
    with shared.writing(settings) as connection:
        tokens.withdraw(connection, By(shared.actor(), shared.now_ms()), number)
    click.echo(f"Đã thu hồi mã {number} / Token {number} is revoked")
