"""What an administrator at a page may do to accounts and access codes: within their own area only,
never to themselves, and never so that nobody is left who may.

At a terminal `fleet account` asks none of this: whoever has the machine has everything.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, true

from fleet_server import folding
from fleet_server.auth import accounts, attempts, sessions, tokens
from fleet_server.auth.accounts import BadAccount, By, Listed
from fleet_server.auth.caller import Caller
from fleet_server.auth.permissions import VENUE_ROLES, Permission, Role
from fleet_server.errors import NotKnown, Refused
from fleet_server.fleet import areas
from fleet_server.fleet.references import unknown
from fleet_server.models import AccessToken, Account, AccountVenue, Area, Venue

STATES: Final = ("active", "waiting", "disabled")
"""`waiting`: nobody has chosen a password of their own yet."""
_VENUE: Final = tuple(sorted(VENUE_ROLES))


class Which(NamedTuple):
    """Accounts to show; None: all."""

    role: str | None = None
    area: str | None = None
    """An area's code: those who work in it or below."""
    state: str | None = None
    text: str | None = None
    """A part of login or name."""


class Person(NamedTuple):
    """An account, and what an administrator decides by."""

    account: Listed
    browsers: int
    failed: int
    """Attempts to sign in that count against it now."""


def everywhere(caller: Caller) -> None:
    """Raises Refused for an administrator of one area: this holds for the whole fleet."""
    if caller.area_id is not None:
        raise Refused(
            "việc này cho toàn hệ thống, chỉ người quản trị toàn hệ thống được làm / this holds for"
            " the whole fleet: only an administrator of everything may"
        )


def found(
    connection: Connection, caller: Caller, which: Which, *, limit: int, offset: int
) -> tuple[list[Listed], int]:
    """Accounts in the caller's reach, by login, and how many there are. Raises NotKnown."""
    where = and_(_reached(caller), *_narrowed(connection, which))
    total = connection.scalar(select(func.count()).select_from(Account).where(where)) or 0
    return accounts.listed(connection, where, limit=limit, offset=offset), total


def person(connection: Connection, caller: Caller, login: str, *, now: int) -> Person:
    """One account. Raises NotKnown, also for one beyond the caller's reach."""
    account_id = _find(connection, caller, login)
    (account,) = accounts.listed(connection, Account.id == account_id)
    return Person(
        account,
        sessions.count(connection, account_id, now=now),
        attempts.count(connection, accounts.attempts_of(login), now=now),
    )


def create(
    connection: Connection,
    caller: Caller,
    by: By,
    *,
    login: str,
    role: Role,
    password_hash: str,
    name: str,
    venues: Sequence[str],
    area: str | None,
) -> None:
    """Raises Refused for a reach beyond the caller's, and what `accounts.create` raises."""
    _may_give(connection, caller, role, venues, area)
    accounts.create(
        connection,
        by,
        login=login,
        role=role,
        password_hash=password_hash,
        name=name,
        venues=venues,
        area=area,
    )


def set_role(
    connection: Connection,
    caller: Caller,
    by: By,
    login: str,
    role: Role,
    *,
    venues: Sequence[str],
    area: str | None,
) -> None:
    """Raises Refused, NotKnown, BadAccount."""
    _another(connection, caller, login)
    _may_give(connection, caller, role, venues, area)
    if role is not Role.ADMINISTRATOR or area is not None:
        _somebody_left(connection, login)
    accounts.set_role(connection, by, login, role, venues=venues, area=area)


def disable(connection: Connection, caller: Caller, by: By, login: str) -> None:
    """Raises Refused, NotKnown."""
    _another(connection, caller, login)
    _somebody_left(connection, login)
    accounts.disable(connection, by, login)


def enable(connection: Connection, caller: Caller, by: By, login: str) -> None:
    """Raises Refused, NotKnown."""
    _another(connection, caller, login)
    accounts.enable(connection, by, login)


def reset_password(
    connection: Connection, caller: Caller, by: By, login: str, password_hash: str
) -> None:
    """Raises Refused, NotKnown."""
    _another(connection, caller, login)
    accounts.reset_password(connection, by, login, password_hash)


def reset_second_factor(connection: Connection, caller: Caller, by: By, login: str) -> None:
    """Raises Refused, NotKnown."""
    _another(connection, caller, login)
    accounts.reset_second_factor(connection, by, login)


def end_sessions(connection: Connection, caller: Caller, by: By, login: str) -> None:
    """Raises Refused, NotKnown."""
    _another(connection, caller, login)
    accounts.end_sessions(connection, by, login)


def unlock(connection: Connection, caller: Caller, by: By, login: str) -> None:
    """Raises Refused, NotKnown."""
    _another(connection, caller, login)
    accounts.unlock(connection, by, login)


class Reach(NamedTuple):
    """How many people in use have each role in one place."""

    code: str
    """The area's; empty: everywhere, or certain venues."""
    name: str
    at_venues: bool
    counts: dict[str, int]


def reaches(connection: Connection, caller: Caller) -> list[Reach]:
    """Who has which role where: everywhere first, then at venues, then area by area."""
    at_venues = Account.role.in_(_VENUE)
    rows = connection.execute(
        select(Area.code, Area.name, at_venues, Account.role, func.count())
        .outerjoin(Area, Area.id == Account.area_id)
        .where(Account.disabled_at.is_(None), _reached(caller))
        .group_by(Area.code, Area.name, at_venues, Account.role)
    )
    found: dict[tuple[str, bool], Reach] = {}
    for code, name, venues, role, count in rows:
        key = (code or "", bool(venues))
        reach = found.setdefault(key, Reach(code or "", name or "", bool(venues), {}))
        reach.counts[role] = count
    return [found[key] for key in sorted(found)]


def codes(connection: Connection, caller: Caller) -> list[tokens.Listed]:
    """Access codes in the caller's reach, oldest first."""
    return tokens.listed(connection, _reached_code(caller))


def new_code(
    connection: Connection,
    caller: Caller,
    by: By,
    *,
    name: str,
    role: Role,
    venue: str | None,
    area: str | None,
    scopes: Sequence[Permission],
    days: int,
    secret: bytes,
) -> str:
    """The code, which nothing can show again. Raises Refused, BadToken, NotKnown."""
    _may_give(connection, caller, role, [venue] if venue else [], area)
    return tokens.issue(
        connection,
        by,
        name=name,
        role=role,
        venue=venue,
        area=area,
        scopes=scopes,
        days=days,
        secret=secret,
    )


def revoke_code(connection: Connection, caller: Caller, by: By, number: int) -> None:
    """Raises NotKnown, also for one beyond the caller's reach."""
    if number not in {each.id for each in codes(connection, caller)}:
        raise NotKnown(f"token {number}: không có mã này / no such code")
    tokens.withdraw(connection, by, number)


def _reached(caller: Caller) -> ColumnElement[bool]:
    if caller.area_id is None:
        return true()
    theirs = select(AccountVenue.account_id).join(Venue, Venue.id == AccountVenue.venue_id)
    theirs = theirs.where(AccountVenue.account_id == Account.id)
    inside = Venue.area_id.in_(caller.areas)
    return or_(
        Account.area_id.in_(caller.areas),
        and_(
            Account.role.in_(_VENUE),
            exists(theirs.where(inside)),
            ~exists(theirs.where(or_(Venue.area_id.is_(None), ~inside))),
        ),
    )


def _reached_code(caller: Caller) -> ColumnElement[bool]:
    if caller.area_id is None:
        return true()
    inside = select(Venue.id).where(Venue.area_id.in_(caller.areas))
    theirs = select(Account.id).where(_reached(caller))
    return or_(
        AccessToken.area_id.in_(caller.areas),
        AccessToken.venue_id.in_(inside),
        AccessToken.account_id.in_(theirs),
    )


def _narrowed(connection: Connection, which: Which) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if which.role:
        where.append(Account.role == which.role)
    if which.area:
        inside = areas.below(connection, areas.in_force(connection, which.area))
        at = select(AccountVenue.account_id).join(Venue, Venue.id == AccountVenue.venue_id)
        where.append(
            or_(
                Account.area_id.in_(inside),
                Account.id.in_(at.where(Venue.area_id.in_(inside))),
            )
        )
    if which.state == "disabled":
        where.append(Account.disabled_at.is_not(None))
    elif which.state in STATES:
        waits = which.state == "waiting"
        where += [Account.disabled_at.is_(None), Account.must_change_password.is_(waits)]
    if which.text:
        where.append(
            or_(
                folding.holds(Account.login, which.text),
                folding.holds(Account.name, which.text),
            )
        )
    return where


def _find(connection: Connection, caller: Caller, login: str) -> int:
    """Beyond the caller's reach, an account is as good as unknown."""
    wanted = select(Account.id).where(Account.login == login, _reached(caller))
    account_id = connection.scalar(wanted)
    if account_id is None:
        raise NotKnown(f"{login[:64]!r}: không có tài khoản này / no such account")
    return account_id


def _another(connection: Connection, caller: Caller, login: str) -> None:
    _find(connection, caller, login)
    if login == caller.name:
        raise Refused(
            "đây là tài khoản của chính bạn: người quản trị khác phải làm việc này / this is your"
            " own account: another administrator has to do it"
        )


def _may_give(
    connection: Connection, caller: Caller, role: Role, venues: Sequence[str], area: str | None
) -> None:
    """Nobody gives others more than they have."""
    if caller.area_id is None:
        return
    beyond = Refused(
        "ngoài địa bàn của bạn / beyond your own area: give an area, or venues, that lie in it"
    )
    if role in VENUE_ROLES:
        reached = set(connection.scalars(select(Venue.ref).where(caller.reaches())))
        for ref in venues:
            if ref not in reached:
                there = connection.scalar(select(Venue.id).where(Venue.ref == ref))
                raise unknown("venue", ref, reached) if there is None else beyond
    elif area is None or areas.in_force(connection, area) not in caller.areas:
        raise beyond


def _somebody_left(connection: Connection, login: str) -> None:
    """Raises BadAccount where without `login` nobody could administer everything any more."""
    whole = select(Account.login).where(
        Account.role == Role.ADMINISTRATOR.value,
        Account.area_id.is_(None),
        Account.disabled_at.is_(None),
    )
    # Locked, so that two who take each other's right away do not both succeed.
    there = set(connection.scalars(whole.with_for_update()))
    if there == {login}:
        raise BadAccount(
            f"{login}: là người quản trị toàn hệ thống cuối cùng / is the last administrator of"
            " everything; make another one first"
        )
