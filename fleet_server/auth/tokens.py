"""Access codes of programs: random, shown once, known to the database by digest only."""

import base64
import hashlib
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, insert, select, true, update

from fleet_server.auth import caller
from fleet_server.auth.accounts import By
from fleet_server.auth.caller import Caller
from fleet_server.auth.permissions import AREA_ROLES, GRANTS, VENUE_ROLES, Permission, Role
from fleet_server.errors import FleetError, NotKnown
from fleet_server.fleet import areas
from fleet_server.identity import audit
from fleet_server.models import AccessToken, Area, Venue

PREFIX: Final = "tram_"
"""Lets a person and a secret scanner see what a stray code is."""
SECRET_BYTES: Final = 32
MAX_DAYS: Final = 366
MAX_NAME: Final = 64
"""What the audit log takes as an actor."""


class BadToken(FleetError, ValueError):
    """A token that cannot be made as asked for."""


class Listed(NamedTuple):
    """A token as it is listed; seconds UTC."""

    id: int
    name: str
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
    """Store a token and return its code, which nothing can show again. Raises BadToken, NotKnown.

    `secret` is SECRET_BYTES of randomness; `venue` a venue's reference, `area` an area's code;
    `scopes` keeps it to a part of what its role may.
    """
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise BadToken(
            f"tên: cần 1 đến {MAX_NAME} chữ, nói mã là của ai / name: expected 1 to {MAX_NAME}"
            " printable characters that say whose token it is"
        )
    if not 1 <= days <= MAX_DAYS:
        raise BadToken(f"số ngày: từ 1 đến {MAX_DAYS} / days: expected 1 to {MAX_DAYS}, not {days}")
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
    kept_to = sorted(set(scopes))
    if beyond := set(kept_to) - GRANTS[role]:
        raise BadToken(
            f"scope {', '.join(sorted(beyond))}: the role {role} may only"
            f" {', '.join(sorted(GRANTS[role]))}"
        )
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a token's secret is {SECRET_BYTES} bytes")
    venue_id = None
    if venue is not None:
        venue_id = connection.scalar(select(Venue.id).where(Venue.ref == venue))
        if venue_id is None:
            raise NotKnown(f"không có địa điểm {venue!r} / venue {venue!r} is not known")
    code = PREFIX + base64.urlsafe_b64encode(secret).decode().rstrip("=")
    connection.execute(
        insert(AccessToken).values(
            name=name.strip(),
            digest=_digest(code),
            role=role.value,
            venue_id=venue_id,
            area_id=None if area is None else areas.in_force(connection, area),
            scopes=" ".join(kept_to) or None,
            created_at=now,
            expires_at=now + days * 86_400,
        )
    )
    return code


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
            AccessToken.role,
            AccessToken.venue_id,
            AccessToken.area_id,
            AccessToken.scopes,
        ).where(
            AccessToken.digest == _digest(code),
            AccessToken.revoked_at.is_(None),
            AccessToken.expires_at > now,
        )
    ).one_or_none()
    # A role of a newer release is permitted nothing by this one.
    if row is None or row.role not in set(Role):
        return None
    return caller.known(
        connection,
        row.name,
        Role(row.role),
        venues=frozenset() if row.venue_id is None else frozenset({row.venue_id}),
        area_id=row.area_id,
        scopes=_scopes(row.scopes),
    )


def listed(connection: Connection, where: ColumnElement[bool] | None = None) -> list[Listed]:
    """Tokens, all or some, oldest first."""
    rows = connection.execute(
        select(
            AccessToken.id,
            AccessToken.name,
            AccessToken.role,
            Venue.ref.label("venue"),
            Area.code.label("area"),
            AccessToken.scopes,
            AccessToken.created_at,
            AccessToken.expires_at,
            AccessToken.revoked_at,
        )
        .outerjoin(Venue, AccessToken.venue_id == Venue.id)
        .outerjoin(Area, AccessToken.area_id == Area.id)
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
