"""Who a browser is signed in as, and what they must do before anything else."""

from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from fleet_server.auth import caller, sessions
from fleet_server.auth.caller import Caller
from fleet_server.auth.permissions import SECOND_FACTOR_ROLES, Role
from fleet_server.auth.sessions import Lasts, Session
from fleet_server.models import Account, BrowserSession


class Duty(StrEnum):
    """What an account needs first; until then it may do nothing else."""

    PASSWORD = "password"  # noqa: S105  a word for it
    """Change the password somebody else has chosen."""
    SECOND_FACTOR = "second_factor"
    """Set up the second factor its role requires."""


class SignedIn(NamedTuple):
    """Somebody at a browser."""

    session: Session
    caller: Caller
    shown_name: str
    has_second_factor: bool
    duty: Duty | None


# Asked with every page: built once.
_WHO: Final = (
    select(
        *sessions.COLUMNS,
        Account.login,
        Account.name,
        Account.role,
        Account.area_id,
        Account.must_change_password,
        Account.totp_secret.is_not(None).label("has_second_factor"),
    )
    .join(Account, Account.id == BrowserSession.account_id)
    .where(sessions.LIVING, BrowserSession.open, Account.disabled_at.is_(None))
)


def recognise(connection: Connection, cookie: str, *, lasts: Lasts, now: int) -> SignedIn | None:
    """Who a cookie stands for; None where the browser is not signed in (any more)."""
    asked = sessions.of_cookie(cookie, lasts=lasts, now=now)
    row = connection.execute(_WHO, asked).one_or_none()
    # A role of a newer release is permitted nothing by this one.
    if row is None or row.role not in set(Role):
        return None
    session, role = Session(*row[: len(sessions.COLUMNS)]), Role(row.role)
    duty = None
    if row.must_change_password:
        duty = Duty.PASSWORD
    elif role in SECOND_FACTOR_ROLES and not row.has_second_factor:
        duty = Duty.SECOND_FACTOR
    return SignedIn(
        session,
        caller.person(connection, session.account_id, row.login, role, area_id=row.area_id),
        row.name,
        row.has_second_factor,
        duty,
    )
