"""Access codes: random, shown once, known to the database by digest only."""

import base64
import hashlib
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, insert, select, update

from fleet_server.auth.permissions import AREA_ROLES, GRANTS, VENUE_ROLES, Permission, Role
from fleet_server.errors import FleetError, NotKnown
from fleet_server.fleet import areas
from fleet_server.models import AccessToken, Area, Venue

PREFIX: Final = "tram_"
"""Lets a person and a secret scanner see what a stray code is."""
SECRET_BYTES: Final = 32
MAX_DAYS: Final = 366
MAX_NAME: Final = 64
"""What the audit log takes as an actor."""


class BadToken(FleetError, ValueError):
    """A token that cannot be made as asked for."""


class Caller(NamedTuple):
    """Who asks, as a valid token says."""

    token_id: int
    name: str
    role: Role
    venue_id: int | None
    """The one venue the token is for."""
    mark: str
    """Part of the token's digest: tells it from another one that later got the same id."""
    area_id: int | None = None
    """The area the token is for, with all below it; None: everywhere."""

    def may(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]

    def may_at(self, venue_id: int) -> bool:
        return self.venue_id is None or self.venue_id == venue_id


class Listed(NamedTuple):
    """A token as it is listed; seconds UTC."""

    id: int
    name: str
    role: str
    venue: str | None
    area: str | None
    """Code of the area it is for."""
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
) -> str:
    """Store a token and return its code, which nothing can show again. Raises BadToken, NotKnown.

    `secret` is SECRET_BYTES of randomness; `venue` a venue's reference, `area` an area's code.
    """
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise BadToken(
            f"name: expected 1 to {MAX_NAME} printable characters that say whose token it is"
        )
    if not 1 <= days <= MAX_DAYS:
        raise BadToken(f"days: expected 1 to {MAX_DAYS}, not {days}")
    if role in VENUE_ROLES and venue is None:
        raise BadToken(f"role {role}: expected --venue with the one venue it is for")
    if role not in VENUE_ROLES and venue is not None:
        raise BadToken(f"role {role}: is not for one venue; leave --venue out")
    if role not in AREA_ROLES and area is not None:
        raise BadToken(f"role {role}: is not for an area; leave --area out")
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a token's secret is {SECRET_BYTES} bytes")
    venue_id = None
    if venue is not None:
        venue_id = connection.scalar(select(Venue.id).where(Venue.ref == venue))
        if venue_id is None:
            raise NotKnown(f"venue {venue!r} is not known")
    code = PREFIX + base64.urlsafe_b64encode(secret).decode().rstrip("=")
    connection.execute(
        insert(AccessToken).values(
            name=name.strip(),
            digest=_digest(code),
            role=role.value,
            venue_id=venue_id,
            area_id=None if area is None else areas.in_force(connection, area),
            created_at=now,
            expires_at=now + days * 86_400,
        )
    )
    return code


def by_code(connection: Connection, code: str, *, now: int) -> Caller | None:
    """Whom `code` stands for, or None where it is no valid token's."""
    if not code.startswith(PREFIX) or len(code) > 100:
        return None
    return _caller(connection, AccessToken.digest == _digest(code), now)


def by_id(connection: Connection, token_id: int, mark: str, *, now: int) -> Caller | None:
    """The same for a token recognised before; None once it was revoked or expired."""
    caller = _caller(connection, AccessToken.id == token_id, now)
    return caller if caller is not None and caller.mark == mark else None


def listed(connection: Connection) -> list[Listed]:
    """All tokens, oldest first."""
    rows = connection.execute(
        select(
            AccessToken.id,
            AccessToken.name,
            AccessToken.role,
            Venue.ref,
            Area.code,
            AccessToken.created_at,
            AccessToken.expires_at,
            AccessToken.revoked_at,
        )
        .outerjoin(Venue, AccessToken.venue_id == Venue.id)
        .outerjoin(Area, AccessToken.area_id == Area.id)
        .order_by(AccessToken.id)
    )
    return [Listed(*row) for row in rows]


def revoke(connection: Connection, token_id: int, *, now: int) -> None:
    """From `now` on the token opens nothing. Raises NotKnown; revoking twice changes nothing."""
    if connection.scalar(select(AccessToken.id).where(AccessToken.id == token_id)) is None:
        raise NotKnown(f"token {token_id} is not known; `fleet token list` shows the numbers")
    connection.execute(
        update(AccessToken)
        .where(AccessToken.id == token_id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _caller(connection: Connection, which: ColumnElement[bool], now: int) -> Caller | None:
    row = connection.execute(
        select(
            AccessToken.id,
            AccessToken.name,
            AccessToken.role,
            AccessToken.venue_id,
            AccessToken.digest,
            AccessToken.area_id,
        ).where(which, AccessToken.revoked_at.is_(None), AccessToken.expires_at > now)
    ).one_or_none()
    # A role of a newer release is permitted nothing by this one.
    if row is None or row.role not in set(Role):
        return None
    mark = row.digest.hex()[:16]
    return Caller(row.id, row.name, Role(row.role), row.venue_id, mark, row.area_id)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
