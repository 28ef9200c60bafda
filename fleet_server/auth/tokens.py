"""Access codes: random, shown once, known to the database by digest only.

Somebody's own code acts in their name; a program's has a name of its own and does nothing that is
done in a person's name only.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Set
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, insert, select, true, update

from fleet_server.auth import accounts, caller
from fleet_server.auth.accounts import By
from fleet_server.auth.caller import Caller
from fleet_server.auth.permissions import (
    AREA_ROLES,
    GRANTS,
    PERSONAL,
    VENUE_ROLES,
    Permission,
    Role,
)
from fleet_server.errors import FleetError, NotKnown
from fleet_server.fleet import areas
from fleet_server.identity import audit
from fleet_server.models import AccessToken, Account, Area, Venue

PREFIX: Final = "tram_"
"""Lets a person and a secret scanner see what a stray code is."""
SECRET_BYTES: Final = 32
MAX_DAYS: Final = 366
PROGRAM: Final = "token:"
"""Before a program's name on the audit log: no login looks like that."""
MAX_NAME: Final = 64 - len(PROGRAM)
"""What the audit log takes as an actor."""
_ROLE: Final = func.coalesce(AccessToken.role, Account.role).label("role")


class BadToken(FleetError, ValueError):
    """A token that cannot be made as asked for."""


class Listed(NamedTuple):
    """A token as it is listed; seconds UTC."""

    id: int
    name: str
    account: str | None
    """The login of whose own it is; None: a program's."""
    role: str
    venue: str | None
    area: str | None
    """Code of the area it is for."""
    scopes: list[str] | None
    """The permissions it is kept to; None: all of its role's."""
    created_at: int
    expires_at: int
    revoked_at: int | None


def create(
    connection: Connection,
    *,
    name: str,
    role: Role,
    venue: str | None,
    days: int,
    now: int,
    secret: bytes,
    area: str | None = None,
    scopes: Iterable[Permission] = (),
) -> str:
    """Store a program's token and return its code, which nothing can show again.

    `secret` is SECRET_BYTES of randomness; `venue` a venue's reference, `area` an area's code;
    `scopes` keeps it to a part of what its role may. Raises BadToken, NotKnown.
    """
    if role in VENUE_ROLES and venue is None:
        raise BadToken(
            f"vai trò này cần mã một địa điểm / role {role}: expected --venue with the one venue it"
            " is for"
        )
    if role not in VENUE_ROLES and venue is not None:
        raise BadToken(
            f"vai trò này không gắn với địa điểm nào, hãy bỏ trống / role {role}: is not for one"
            " venue; leave --venue out"
        )
    if role not in AREA_ROLES and area is not None:
        raise BadToken(
            f"vai trò này không theo địa bàn, hãy bỏ trống / role {role}: is not for an area; leave"
            " --area out"
        )
    kept_to = set(scopes)
    if role is Role.TRACING_SUPERVISOR or kept_to & PERSONAL:
        raise BadToken(
            "ca bệnh do người có tên làm: hãy tạo mã riêng của người đó / cases are worked on and"
            " decided in somebody's own name: expected --account LOGIN, a code of that person's own"
        )
    venue_id = None
    if venue is not None:
        venue_id = connection.scalar(select(Venue.id).where(Venue.ref == venue))
        if venue_id is None:
            raise NotKnown(f"không có địa điểm {venue!r} / venue {venue!r} is not known")
    return _store(
        connection,
        name=name,
        role=role,
        scopes=kept_to,
        days=days,
        now=now,
        secret=secret,
        made={
            "role": role.value,
            "venue_id": venue_id,
            "area_id": None if area is None else areas.in_force(connection, area),
        },
    )


def create_own(
    connection: Connection,
    login: str,
    *,
    name: str,
    days: int,
    now: int,
    secret: bytes,
    scopes: Iterable[Permission] = (),
) -> str:
    """As `create`, for somebody's own token: it may what they may, in their name, until an
    administrator changes their account. Raises BadToken, NotKnown.
    """
    account_id = accounts.find(connection, login)
    role = connection.scalars(select(Account.role).where(Account.id == account_id)).one()
    return _store(
        connection,
        name=name,
        role=Role(role),
        scopes=set(scopes),
        days=days,
        now=now,
        secret=secret,
        made={"account_id": account_id},
    )


def issue(
    connection: Connection,
    by: By,
    *,
    name: str,
    role: Role,
    venue: str | None,
    area: str | None,
    scopes: Iterable[Permission],
    days: int,
    secret: bytes,
) -> str:
    """As `create`, on record."""
    kept_to = sorted(set(scopes))
    code = create(
        connection,
        name=name,
        role=role,
        venue=venue,
        area=area,
        scopes=kept_to,
        days=days,
        now=by.now,
        secret=secret,
    )
    told = {"role": role, "venue": venue, "area": area, "days": days, "scopes": kept_to}
    _note(connection, by, "created", name.strip(), told)
    return code


def issue_own(
    connection: Connection,
    by: By,
    login: str,
    *,
    name: str,
    scopes: Iterable[Permission],
    days: int,
    secret: bytes,
) -> str:
    """As `create_own`, on record."""
    kept_to = sorted(set(scopes))
    code = create_own(
        connection, login, name=name, scopes=kept_to, days=days, now=by.now, secret=secret
    )
    told = {"account": login, "days": days, "scopes": kept_to}
    _note(connection, by, "created", name.strip(), told)
    return code


def withdraw(connection: Connection, by: By, number: int) -> None:
    """As `revoke`, on record."""
    revoke(connection, number, now=by.now)
    _note(connection, by, "revoked", str(number))


def by_code(connection: Connection, code: str, *, now: int) -> Caller | None:
    """Whom `code` stands for, or None where it is no valid token's."""
    if not code.startswith(PREFIX) or len(code) > 100:
        return None
    row = connection.execute(
        select(
            AccessToken.name,
            AccessToken.venue_id,
            AccessToken.scopes,
            AccessToken.account_id,
            Account.login,
            _ROLE,
            func.coalesce(AccessToken.area_id, Account.area_id).label("area_id"),
        )
        .outerjoin(Account, Account.id == AccessToken.account_id)
        .where(
            AccessToken.digest == _digest(code),
            AccessToken.revoked_at.is_(None),
            AccessToken.expires_at > now,
            Account.disabled_at.is_(None),
        )
    ).one_or_none()
    # A role of a newer release is permitted nothing by this one.
    if row is None or row.role not in set(Role):
        return None
    role, scopes = Role(row.role), _scopes(row.scopes)
    if row.account_id is not None:
        return caller.person(
            connection, row.account_id, row.login, role, area_id=row.area_id, scopes=scopes
        )
    return caller.known(
        connection,
        f"{PROGRAM}{row.name}",
        role,
        venues=frozenset() if row.venue_id is None else frozenset({row.venue_id}),
        area_id=row.area_id,
        scopes=(GRANTS[role] if scopes is None else scopes) - PERSONAL,
    )


def listed(connection: Connection, where: ColumnElement[bool] | None = None) -> list[Listed]:
    """Tokens, all or some, oldest first."""
    rows = connection.execute(
        select(
            AccessToken.id,
            AccessToken.name,
            Account.login.label("account"),
            _ROLE,
            Venue.ref.label("venue"),
            Area.code.label("area"),
            AccessToken.scopes,
            AccessToken.created_at,
            AccessToken.expires_at,
            AccessToken.revoked_at,
        )
        .outerjoin(Account, AccessToken.account_id == Account.id)
        .outerjoin(Venue, AccessToken.venue_id == Venue.id)
        .outerjoin(Area, func.coalesce(AccessToken.area_id, Account.area_id) == Area.id)
        .where(true() if where is None else where)
        .order_by(AccessToken.id)
    )
    return [
        Listed(**{**row._mapping, "scopes": None if row.scopes is None else row.scopes.split()})
        for row in rows
    ]


def revoke(connection: Connection, token_id: int, *, now: int) -> None:
    """From `now` on the token opens nothing. Raises NotKnown; revoking twice changes nothing."""
    if connection.scalar(select(AccessToken.id).where(AccessToken.id == token_id)) is None:
        raise NotKnown(f"token {token_id} is not known; `fleet token list` shows the numbers")
    connection.execute(
        update(AccessToken)
        .where(AccessToken.id == token_id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _store(
    connection: Connection,
    *,
    name: str,
    role: Role,
    scopes: Set[Permission],
    days: int,
    now: int,
    secret: bytes,
    made: Mapping[str, Any],
) -> str:
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise BadToken(
            f"tên: cần 1 đến {MAX_NAME} chữ, nói mã để làm gì / name: expected 1 to {MAX_NAME}"
            " printable characters that say what the token is for"
        )
    if not 1 <= days <= MAX_DAYS:
        raise BadToken(f"số ngày: từ 1 đến {MAX_DAYS} / days: expected 1 to {MAX_DAYS}, not {days}")
    if beyond := scopes - GRANTS[role]:
        raise BadToken(
            f"quyền {', '.join(sorted(beyond))}: vai trò này không có / scope"
            f" {', '.join(sorted(beyond))}: the role {role} may only"
            f" {', '.join(sorted(GRANTS[role]))}"
        )
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a token's secret is {SECRET_BYTES} bytes")
    code = PREFIX + base64.urlsafe_b64encode(secret).decode().rstrip("=")
    connection.execute(
        insert(AccessToken).values(
            name=name.strip(),
            digest=_digest(code),
            scopes=" ".join(sorted(scopes)) or None,
            created_at=now,
            expires_at=now + days * 86_400,
            **made,
        )
    )
    return code


def _note(
    connection: Connection, by: By, what: str, subject: str, detail: dict[str, Any] | None = None
) -> None:
    audit.append(
        connection,
        at_ms=by.at_ms,
        actor=by.actor,
        action=f"token.{what}",
        subject=subject,
        detail=detail,
    )


def _scopes(text: str | None) -> frozenset[Permission] | None:
    """A permission of a newer release permits nothing in this one."""
    if text is None:
        return None
    return frozenset(each for each in Permission if each in text.split())


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
