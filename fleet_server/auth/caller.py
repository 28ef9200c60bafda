"""Who asks, whether by a token or signed in with a browser, and where they may."""

from typing import Final, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Connection, bindparam, select, true

from fleet_server.auth.permissions import GRANTS, VENUE_ROLES, Permission, Role
from fleet_server.fleet import areas
from fleet_server.models import AccountVenue, Venue

_VENUES: Final = select(AccountVenue.venue_id).where(
    AccountVenue.account_id == bindparam("account")
)


class Placed(Protocol):
    """A venue as far as it matters who may go there."""

    @property
    def id(self) -> int: ...

    @property
    def area_id(self) -> int | None: ...


class Caller(NamedTuple):
    """Somebody who was recognised, as of now."""

    name: str
    """As the audit log names them: an account's login, or `token:` and a program's name."""
    role: Role
    permissions: frozenset[Permission]
    """The role's; a token may be kept to some of them."""
    venues: frozenset[int] = frozenset()
    """Ids of the venues somebody of a venue role is for."""
    area_id: int | None = None
    """The area they work in; None: everywhere."""
    areas: frozenset[int] = frozenset()
    """That area and all below it."""

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def may_at(self, venue: Placed) -> bool:
        """Whether their work reaches a venue."""
        if self.role in VENUE_ROLES:
            return venue.id in self.venues
        return self.area_id is None or venue.area_id in self.areas

    def reaches(self) -> ColumnElement[bool]:
        """The same as a condition on `Venue`."""
        if self.role in VENUE_ROLES:
            return Venue.id.in_(self.venues)
        return true() if self.area_id is None else Venue.area_id.in_(self.areas)


def known(
    connection: Connection,
    name: str,
    role: Role,
    *,
    venues: frozenset[int] = frozenset(),
    area_id: int | None = None,
    scopes: frozenset[Permission] | None = None,
) -> Caller:
    """A caller with what the role is granted, or the part of it that `scopes` names."""
    granted = GRANTS[role] if scopes is None else GRANTS[role] & scopes
    inside = frozenset() if area_id is None else frozenset(areas.below(connection, area_id))
    return Caller(name, role, granted, venues, area_id, inside)


def person(
    connection: Connection,
    account_id: int,
    login: str,
    role: Role,
    *,
    area_id: int | None,
    scopes: frozenset[Permission] | None = None,
) -> Caller:
    """The owner of an account, at a browser or by a token of their own."""
    venues: frozenset[int] = frozenset()
    if role in VENUE_ROLES:
        venues = frozenset(connection.scalars(_VENUES, {"account": account_id}))
    return known(connection, login, role, venues=venues, area_id=area_id, scopes=scopes)
