"""Accounts of people: made, changed and disabled by administrators. Each change is on record.

Whoever loses a right or a proof loses their browsers and their own access codes too: both end with
every change here.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, select, true, update

from fleet_server.auth import attempts, sessions
from fleet_server.auth.permissions import AREA_ROLES, VENUE_ROLES, Role
from fleet_server.errors import FleetError
from fleet_server.fleet import areas
from fleet_server.fleet.references import Taken, check_name, unknown
from fleet_server.identity import audit
from fleet_server.models import AccessToken, Account, AccountVenue, Area, RecoveryCode, Venue

LOGIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?")
MAX_NAME: Final = 100


class BadAccount(FleetError, ValueError):
    """An account that cannot be as asked for."""


class By(NamedTuple):
    """Who changes an account, and when."""

    actor: str
    at_ms: int

    @property
    def now(self) -> int:
        """Seconds UTC."""
        return self.at_ms // 1000


class Listed(NamedTuple):
    """An account as it is listed; seconds UTC."""

    login: str
    name: str
    role: str
    area: str | None
    venues: tuple[str, ...]
    second_factor: bool
    must_change_password: bool
    created_at: int
    signed_in_at: int | None
    disabled_at: int | None


def create(
    connection: Connection,
    by: By,
    *,
    login: str,
    role: Role,
    password_hash: str,
    name: str = "",
    venues: Sequence[str] = (),
    area: str | None = None,
    must_change_password: bool = True,
) -> None:
    """Makes an account; `name` is the login where none is given. Raises BadAccount, Taken, Unfit,
    NotKnown."""
    if LOGIN.fullmatch(login) is None:
        raise BadAccount(
            "tên đăng nhập: cần 1 đến 32 chữ a-z không dấu, số, và dấu chấm hay gạch ở giữa, ví dụ"
            f" nguyen.van.mau / login {login[:80]!r}: expected 1 to 32 of a-z, 0-9 and inner dots"
            " or hyphens, such as nguyen.van.mau"
        )
    if connection.scalar(select(Account.id).where(Account.login == login)) is not None:
        raise Taken(f"account {login}: đã có / is there already")
    name = check_name("name", name or login)
    if len(name) > MAX_NAME:
        raise BadAccount(f"tên: tối đa {MAX_NAME} chữ / name: expected up to {MAX_NAME} characters")
    venue_ids, area_id = _reach(connection, role, venues, area)
    account_id = connection.scalar(
        insert(Account)
        .values(
            login=login,
            name=name,
            role=role.value,
            area_id=area_id,
            password_hash=password_hash,
            must_change_password=must_change_password,
            created_at=by.now,
        )
        .returning(Account.id)
    )
    if account_id is None:
        raise RuntimeError("a new account has no id")
    _put_at(connection, account_id, venue_ids)
    _note(connection, by, "created", login, {"role": role, "venues": list(venues), "area": area})


def set_role(
    connection: Connection,
    by: By,
    login: str,
    role: Role,
    *,
    venues: Sequence[str] = (),
    area: str | None = None,
) -> None:
    """Gives another role, or another reach. Raises BadAccount, NotKnown."""
    account_id = find(connection, login)
    before = connection.scalar(select(Account.role).where(Account.id == account_id))
    venue_ids, area_id = _reach(connection, role, venues, area)
    _set(connection, account_id, role=role.value, area_id=area_id)
    connection.execute(delete(AccountVenue).where(AccountVenue.account_id == account_id))
    _put_at(connection, account_id, venue_ids)
    _out(connection, by, account_id)
    told = {"from": before, "role": role, "venues": list(venues), "area": area}
    _note(connection, by, "role_changed", login, told)


def disable(connection: Connection, by: By, login: str) -> None:
    """From now on nobody comes in with it. Raises NotKnown."""
    account_id = find(connection, login)
    _set(connection, account_id, disabled_at=by.now)
    _out(connection, by, account_id)
    _note(connection, by, "disabled", login)


def enable(connection: Connection, by: By, login: str) -> None:
    """Undoes `disable`. Raises NotKnown."""
    _set(connection, find(connection, login), disabled_at=None)
    _note(connection, by, "enabled", login)


def reset_password(connection: Connection, by: By, login: str, password_hash: str) -> None:
    """Gives a password that must be changed at the next sign-in. Raises NotKnown."""
    account_id = find(connection, login)
    _set(connection, account_id, password_hash=password_hash, must_change_password=True)
    _out(connection, by, account_id)
    _note(connection, by, "password_reset", login)


def reset_second_factor(connection: Connection, by: By, login: str) -> None:
    """Takes second factor and recovery codes away: a new one is set up. Raises NotKnown."""
    account_id = find(connection, login)
    _set(connection, account_id, totp_secret=None, totp_step=None)
    connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    _out(connection, by, account_id)
    _note(connection, by, "second_factor_reset", login)


def end_sessions(connection: Connection, by: By, login: str) -> None:
    """Signs all its browsers out, and ends its access codes. Raises NotKnown."""
    _out(connection, by, find(connection, login))
    _note(connection, by, "sessions_ended", login)


def unlock(connection: Connection, by: By, login: str) -> None:
    """Uncounts the attempts to sign in that keep it waiting. Raises NotKnown."""
    account_id = find(connection, login)
    attempts.forget(connection, attempts_of(login))
    attempts.forget(connection, f"second:{account_id}")
    _note(connection, by, "unlocked", login)


def attempts_of(login: str) -> str:
    """What attempts to sign in are counted by."""
    return f"login:{login}"


def find(connection: Connection, login: str) -> int:
    """The id of an account. Raises NotKnown."""
    found = connection.scalar(select(Account.id).where(Account.login == login))
    if found is None:
        raise unknown("account", login, connection.scalars(select(Account.login)))
    return found


def listed(
    connection: Connection,
    where: ColumnElement[bool] | None = None,
    *,
    limit: int | None = None,
    offset: int = 0,
) -> list[Listed]:
    """Accounts by login; all, or some at a time."""
    rows = connection.execute(
        select(Account.__table__, Area.code)
        .outerjoin(Area, Area.id == Account.area_id)
        .where(true() if where is None else where)
        .order_by(Account.login)
        .limit(limit)
        .offset(offset)
    ).all()
    at: dict[int, list[str]] = {}
    venues = (
        select(AccountVenue.account_id, Venue.ref)
        .join(Venue, Venue.id == AccountVenue.venue_id)
        .order_by(Venue.ref)
    )
    if limit is not None:
        venues = venues.where(AccountVenue.account_id.in_([row.id for row in rows]))
    for account_id, ref in connection.execute(venues):
        at.setdefault(account_id, []).append(ref)
    return [
        Listed(
            login=row.login,
            name=row.name,
            role=row.role,
            area=row.code,
            venues=tuple(at.get(row.id, ())),
            second_factor=row.totp_secret is not None,
            must_change_password=row.must_change_password,
            created_at=row.created_at,
            signed_in_at=row.signed_in_at,
            disabled_at=row.disabled_at,
        )
        for row in rows
    ]


def _reach(
    connection: Connection, role: Role, venues: Sequence[str], area: str | None
) -> tuple[set[int], int | None]:
    if role in VENUE_ROLES and not venues:
        raise BadAccount(
            f"vai trò này cần mã từng địa điểm / role {role}: expected --venue with each venue it"
            " is for"
        )
    if role not in VENUE_ROLES and venues:
        raise BadAccount(
            f"vai trò này không gắn với địa điểm nào, hãy bỏ trống / role {role}: is not for"
            " certain venues; leave --venue out"
        )
    if role not in AREA_ROLES and area is not None:
        raise BadAccount(
            f"vai trò này không theo địa bàn, hãy bỏ trống / role {role}: is not for an area; leave"
            " --area out"
        )
    known = connection.execute(select(Venue.ref, Venue.id).where(Venue.ref.in_(venues)))
    ids = {row.ref: row.id for row in known}
    for ref in venues:
        if ref not in ids:
            raise unknown("venue", ref, connection.scalars(select(Venue.ref)))
    return set(ids.values()), None if area is None else areas.in_force(connection, area)


def _put_at(connection: Connection, account_id: int, venue_ids: set[int]) -> None:
    if venue_ids:
        rows = [{"account_id": account_id, "venue_id": each} for each in sorted(venue_ids)]
        connection.execute(insert(AccountVenue), rows)


def _out(connection: Connection, by: By, account_id: int) -> None:
    sessions.end_all(connection, account_id)
    connection.execute(
        update(AccessToken)
        .where(AccessToken.account_id == account_id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=by.now)
    )


def _set(connection: Connection, account_id: int, **values: Any) -> None:
    connection.execute(update(Account).where(Account.id == account_id).values(**values))


def _note(
    connection: Connection, by: By, what: str, login: str, detail: dict[str, Any] | None = None
) -> None:
    audit.append(
        connection,
        at_ms=by.at_ms,
        actor=by.actor,
        action=f"account.{what}",
        subject=login,
        detail=detail,
    )
