"""`fleet token …`: access codes for programs, which use the API and the commands."""

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
    """Mã truy cập / Access codes for API and commands; people sign in with `fleet account`."""


@token.command()
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="Vai trò / Role.",
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
@click.option("--name", required=True, help="Của ai / Whose it is; stands in the audit log.")
@shared.AS_JSON
@click.pass_obj
def create(
    settings: Settings,
    *,
    role: str,
    venue: str | None,
    area: str | None,
    scopes: tuple[str, ...],
    days: int,
    name: str,
    as_json: bool,
) -> None:
    """Tạo mã, chỉ hiện một lần / Make a code; it is shown this once."""
    now_ms = shared.now_ms()
    with shared.writing(settings) as connection:
        code = tokens.issue(
            connection,
            By(shared.actor(), now_ms),
            name=name,
            role=Role(role),
            venue=venue,
            area=area,
            scopes=[Permission(each) for each in scopes],
            days=days,
            secret=secrets.token_bytes(tokens.SECRET_BYTES),
        )
    expires = iso(now_ms // 1000 + days * 86_400)
    if as_json:
        told: dict[str, object] = {"token": code, "name": name.strip(), "role": role}
        told |= {"venue": venue, "area": area, "scopes": sorted(set(scopes)) or None}
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
        ("NO", "NAME", "ROLE", "VENUE", "AREA", "ONLY", "EXPIRES", "REVOKED"),
        [
            [
                *(row[key] for key in ("id", "name", "role", "venue", "area", "scopes")),
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
