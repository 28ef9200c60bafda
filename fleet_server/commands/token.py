"""`fleet token …`: access codes for pages and API."""

import getpass
import secrets
import time

import click

from fleet_server.auth.permissions import Role
from fleet_server.settings import Settings


@click.group()
def token() -> None:
    """Mã truy cập / Access codes for pages and API."""


@token.command()
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="Vai trò / Role.",
)
@click.option("--venue", metavar="REF", help="Địa điểm / The one venue a venue manager's is for.")
@click.option("--days", type=int, default=30, show_default=True, help="Số ngày / Days it is valid.")
@click.option("--name", required=True, help="Của ai / Whose it is; stands in the audit log.")
@click.option(
    "--by", default="", metavar="NAME", help="Ai tạo / Who makes it; else the user's name."
)
@click.option("--json", "as_json", is_flag=True, help="Một đối tượng JSON / One JSON object.")
@click.pass_obj
def create(
    settings: Settings,
    role: str,
    venue: str | None,
    days: int,
    name: str,
    by: str,
    as_json: bool,
) -> None:
    """Tạo mã, chỉ hiện một lần / Make a code; it is shown this once."""
    import msgspec  # noqa: PLC0415  `fleet --help` needs none of these

    from fleet_server import database, schema  # noqa: PLC0415
    from fleet_server.auth import tokens  # noqa: PLC0415
    from fleet_server.identity import audit  # noqa: PLC0415
    from fleet_server.times import iso  # noqa: PLC0415

    engine = database.connect(settings.database_url)
    schema.ensure(engine)
    now = int(time.time())
    with engine.execution_options(**database.WRITES).begin() as connection:
        code = tokens.create(
            connection,
            name=name,
            role=Role(role),
            venue=venue,
            days=days,
            now=now,
            secret=secrets.token_bytes(tokens.SECRET_BYTES),
        )
        audit.append(
            connection,
            at_ms=now * 1000,
            actor=by or getpass.getuser(),
            action="token.created",
            subject=name.strip(),
            detail={"role": role, "venue": venue, "days": days},
        )
    expires = iso(now + days * 86_400)
    if as_json:
        told = {"token": code, "name": name.strip(), "role": role, "venue": venue}
        click.echo(msgspec.json.encode(told | {"expires_at": expires}))
        return
    click.echo(f"Mã truy cập, chỉ hiện lần này / access code, shown this once:\n\n  {code}\n")
    click.echo(f"Mở / open  …/sign-in#{code}  hoặc dán vào trang đăng nhập / or paste it there.")
    click.echo(f"Hết hạn / expires {expires}")


@token.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Một danh sách JSON / One JSON list.")
@click.pass_obj
def list_tokens(settings: Settings, as_json: bool) -> None:
    """Các mã đã tạo / The codes made so far, without the codes."""
    import msgspec  # noqa: PLC0415  `fleet --help` needs none of these
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from fleet_server import database, schema  # noqa: PLC0415
    from fleet_server.auth import tokens  # noqa: PLC0415
    from fleet_server.times import iso  # noqa: PLC0415

    engine = database.connect(settings.database_url)
    schema.ensure(engine)
    with engine.connect() as connection:
        found = tokens.listed(connection)
    rows = [
        {
            "id": item.id,
            "name": item.name,
            "role": item.role,
            "venue": item.venue,
            "created_at": iso(item.created_at),
            "expires_at": iso(item.expires_at),
            "revoked_at": None if item.revoked_at is None else iso(item.revoked_at),
        }
        for item in found
    ]
    if as_json:
        click.echo(msgspec.json.encode(rows))
        return
    table = Table()
    for heading in ("Số / No", "Tên / Name", "Vai trò / Role", "Địa điểm / Venue"):
        table.add_column(heading)
    table.add_column("Hết hạn / Expires")
    table.add_column("Thu hồi / Revoked")
    for row in rows:
        shown = ("id", "name", "role", "venue", "expires_at", "revoked_at")
        table.add_row(*(str(row[key] if row[key] is not None else "") for key in shown))
    Console().print(table)


@token.command()
@click.argument("number", type=int)
@click.option("--by", default="", metavar="NAME", help="Ai thu hồi / Who revokes it.")
@click.pass_obj
def revoke(settings: Settings, number: int, by: str) -> None:
    """Thu hồi mã theo số / Revoke a code by its number; whoever uses it is out at once."""
    from fleet_server import database, schema  # noqa: PLC0415  `fleet --help` needs none of these
    from fleet_server.auth import tokens  # noqa: PLC0415
    from fleet_server.identity import audit  # noqa: PLC0415

    engine = database.connect(settings.database_url)
    schema.ensure(engine)
    now = int(time.time())
    with engine.execution_options(**database.WRITES).begin() as connection:
        tokens.revoke(connection, number, now=now)
        audit.append(
            connection,
            at_ms=now * 1000,
            actor=by or getpass.getuser(),
            action="token.revoked",
            subject=str(number),
        )
    click.echo(f"Đã thu hồi mã {number} / token {number} is revoked")
