"""`fleet account …`: people who sign in to pages."""

import sys
from collections.abc import Callable
from typing import Any, Final

import click
from sqlalchemy import Connection

from fleet_server.auth import accounts, passwords
from fleet_server.auth.accounts import By
from fleet_server.auth.passwords import BadPassword, Passwords
from fleet_server.auth.permissions import SECOND_FACTOR_ROLES, Role
from fleet_server.commands import shared
from fleet_server.settings import Settings
from fleet_server.times import iso

LOGIN: Final = click.argument("login", metavar="LOGIN")
ROLE: Final = click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="Vai trò / Role.",
)
VENUE: Final = click.option(
    "--venue",
    "venues",
    multiple=True,
    metavar="REF",
    help="Địa điểm / A venue of a venue manager; repeatable.",
)
AREA: Final = click.option(
    "--area", metavar="CODE", help="Địa bàn / The area of their work, with all below it."
)
FROM_STDIN: Final = click.option(
    "--password-stdin",
    is_flag=True,
    help="Đọc mật khẩu từ stdin / Take the password from stdin; its owner has chosen it.",
)


@click.group()
def account() -> None:
    """Tài khoản / Accounts of people who sign in to pages."""


@account.command()
@LOGIN
@ROLE
@click.option("--name", default="", metavar="TEXT", help="Tên hiện ra / The name shown.")
@VENUE
@AREA
@FROM_STDIN
@shared.AS_JSON
@click.pass_obj
def create(
    settings: Settings,
    *,
    login: str,
    role: str,
    name: str,
    venues: tuple[str, ...],
    area: str | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Tạo tài khoản / Make an account; a one-time password is shown this once."""
    password = _typed(login) if password_stdin else passwords.one_time()
    hashed = Passwords(settings.accounts).hash(password)
    with shared.writing(settings) as connection:
        accounts.create(
            connection,
            _by(),
            login=login,
            role=Role(role),
            password_hash=hashed,
            name=name,
            venues=venues,
            area=area,
            must_change_password=not password_stdin,
        )
    shown = None if password_stdin else password
    if as_json:
        shared.print_json({"login": login, "role": role, "password": shown})
        return
    click.echo(f"Đã tạo tài khoản / Account made: {login} ({role})")
    _show(shown)
    if Role(role) in SECOND_FACTOR_ROLES:
        click.echo(
            "Lần đầu đăng nhập cần điện thoại có ứng dụng mã / the first sign-in needs a telephone"
            " with an app for one-time codes"
        )


@account.command("list")
@shared.AS_JSON
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """Các tài khoản / The accounts there are."""
    with shared.reading(settings) as connection:
        found = accounts.listed(connection)
    if as_json:
        shared.print_json([_row(each) for each in found])
        return
    shared.print_rows(
        ("LOGIN", "NAME", "ROLE", "AREA", "VENUES", "CODES", "SIGNED IN", "DISABLED"),
        [
            (
                *(each.login, each.name, each.role, each.area, each.venues),
                *("yes" if each.second_factor else "", _iso(each.signed_in_at)),
                _iso(each.disabled_at),
            )
            for each in found
        ],
        empty="Chưa có tài khoản nào / No accounts yet: fleet account create",
    )


@account.command()
@LOGIN
@click.pass_obj
def disable(settings: Settings, *, login: str) -> None:
    """Khóa / Nobody signs in with it any more, and its browsers are out at once."""
    _change(settings, lambda connection, by: accounts.disable(connection, by, login))
    click.echo(f"Đã khóa / Disabled: {login}")


@account.command()
@LOGIN
@click.pass_obj
def enable(settings: Settings, *, login: str) -> None:
    """Mở lại / Let it sign in again."""
    _change(settings, lambda connection, by: accounts.enable(connection, by, login))
    click.echo(f"Đã mở lại / Enabled: {login}")


@account.command("reset-password")
@LOGIN
@click.pass_obj
def reset_password(settings: Settings, *, login: str) -> None:
    """Đặt lại mật khẩu / Give a one-time password, shown this once; its browsers are out."""
    password = passwords.one_time()
    hashed = Passwords(settings.accounts).hash(password)
    _change(settings, lambda connection, by: accounts.reset_password(connection, by, login, hashed))
    _show(password)


@account.command("reset-totp")
@LOGIN
@click.pass_obj
def reset_totp(settings: Settings, *, login: str) -> None:
    """Bỏ mã trên điện thoại / Take second factor and recovery codes away: a new one is set up."""
    _change(settings, lambda connection, by: accounts.reset_second_factor(connection, by, login))
    click.echo(f"Đã bỏ mã thứ hai / Second factor taken away: {login}")


@account.command("set-role")
@LOGIN
@ROLE
@VENUE
@AREA
@click.pass_obj
def set_role(
    settings: Settings, *, login: str, role: str, venues: tuple[str, ...], area: str | None
) -> None:
    """Đổi vai trò / Give another role or reach; its browsers are out."""
    _change(
        settings,
        lambda connection, by: accounts.set_role(
            connection, by, login, Role(role), venues=venues, area=area
        ),
    )
    click.echo(f"Đã đổi vai trò / Role changed: {login} ({role})")


def _change(settings: Settings, change: Callable[[Connection, By], None]) -> None:
    with shared.writing(settings) as connection:
        change(connection, _by())


def _by() -> By:
    return By(shared.actor(), shared.now_ms())


def _typed(login: str) -> str:
    """The first line of stdin. Raises BadPassword."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise BadPassword("stdin: thiếu mật khẩu / expected the password on one line")
    return passwords.check(line, login=login)


def _show(password: str | None) -> None:
    if password is not None:
        click.echo(
            "Mật khẩu dùng một lần, chỉ hiện lần này / one-time password, shown this once:"
            f"\n\n  {password}\n"
        )


def _row(each: accounts.Listed) -> dict[str, Any]:
    times = ("created_at", "signed_in_at", "disabled_at")
    return each._asdict() | {name: _iso(getattr(each, name)) for name in times}


def _iso(at: int | None) -> str | None:
    return None if at is None else iso(at)
