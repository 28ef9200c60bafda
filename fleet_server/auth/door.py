"""Signing in: a password, then a second factor where there is one. Each try is counted and noted.

An unknown name, a wrong password and a disabled account look and take the same.
"""

import secrets
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select, update

from fleet_server import database
from fleet_server.auth import accounts, attempts, second_factor, sessions
from fleet_server.auth.attempts import Limit
from fleet_server.auth.passwords import Passwords
from fleet_server.auth.second_factor import SecretSeal
from fleet_server.auth.sessions import Lasts, Session
from fleet_server.errors import FleetError
from fleet_server.identity import audit
from fleet_server.models import Account

NOBODY = "?"
"""The audit log's actor where no account is meant: what was typed may be a password."""


class WrongProof(FleetError):
    """A password or code that is not the one."""


class Door(NamedTuple):
    """What signing in needs."""

    engine: Engine
    passwords: Passwords
    seal: SecretSeal
    lasts: Lasts


class Whence(NamedTuple):
    """Where somebody signs in from."""

    address: str | None
    known_as: str
    """Mark of a browser that signed in to this very account before; empty for others."""
    browser: str
    """What kind it is."""


class Entered(NamedTuple):
    """A browser that may go on."""

    account_id: int
    login: str
    language: str
    cookie: str
    """The id of its session, a new one."""
    open: bool
    """False where the second factor is asked for next."""


def by_password(door: Door, login: str, password: str, whence: Whence, *, now_ms: int) -> Entered:
    """Raises WrongProof, TooMany."""
    now, login = now_ms // 1000, login.strip().casefold()
    if accounts.LOGIN.fullmatch(login) is None:
        login = NOBODY
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        counted = attempts.take(connection, _counted(login, whence), now=now)
    with door.engine.connect() as connection:
        account = connection.execute(
            select(
                Account.id,
                Account.login,
                Account.language,
                Account.password_hash,
                Account.totp_secret.is_not(None).label("has_second_factor"),
            ).where(Account.login == login, Account.disabled_at.is_(None))
        ).one_or_none()
    # The database is left alone meanwhile: this takes a tenth of a second.
    fits = door.passwords.fits(account.password_hash if account else None, password)
    renewed = None
    if fits and account and door.passwords.is_stale(account.password_hash):
        renewed = door.passwords.hash(password)
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        if (
            account is None
            or not fits
            or not _is_still(connection, account.id, account.password_hash)
        ):
            _note_failure(connection, account.login if account else NOBODY, "password", now_ms)
        else:
            attempts.forgive(connection, counted)
            if renewed:
                connection.execute(
                    update(Account).where(Account.id == account.id).values(password_hash=renewed)
                )
            open_ = not account.has_second_factor
            cookie = begin(connection, door, account.id, whence.browser, open_=open_, now=now)
            if open_:
                _note_entry(connection, account.id, account.login, "password", now_ms)
            return Entered(account.id, account.login, account.language, cookie, open_)
    raise WrongProof(
        "Tên hoặc mật khẩu không đúng, hoặc tài khoản đã bị khóa."
        " / Name or password is wrong, or the account is disabled."
    )


def by_second_factor(
    door: Door, waiting: Session, code: str, *, recovery: bool, whence: Whence, now_ms: int
) -> Entered:
    """By a code of the telephone, or a recovery code. Raises WrongProof, TooMany."""
    now, account_id = now_ms // 1000, waiting.account_id
    # A stranger who has the password keeps no known browser out.
    key = f"second:{account_id}:{whence.known_as}"
    what = "recovery" if recovery else "second_factor"
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        counted = attempts.take(connection, [(key, attempts.PER_SECOND_FACTOR)], now=now)
        account = connection.execute(
            select(Account.login, Account.language, Account.totp_secret).where(
                Account.id == account_id, Account.disabled_at.is_(None)
            )
        ).one_or_none()
        if account is not None and account.totp_secret is not None:
            secret = door.seal.open(account.totp_secret, account_id)
            if recovery:
                good = second_factor.use_recovery_code(connection, account_id, code, now=now)
            else:
                good = take_code(connection, account_id, secret, code, now=now)
            if good:
                attempts.forgive(connection, counted)
                sessions.end(connection, account_id, waiting.id)
                cookie = begin(connection, door, account_id, waiting.browser, open_=True, now=now)
                _note_entry(connection, account_id, account.login, what, now_ms)
                return Entered(account_id, account.login, account.language, cookie, open=True)
            _note_failure(connection, account.login, what, now_ms)
    raise WrongProof(
        "Mã không đúng, đã hết hạn hoặc đã dùng rồi."
        " / The code is wrong, has expired or was used before."
    )


def leave(door: Door, cookie: str, *, now_ms: int) -> None:
    """Signs a browser out; nothing happens where it was not in."""
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        found = sessions.find(connection, cookie, lasts=door.lasts, now=now_ms // 1000)
        if found is not None and sessions.end(connection, found.account_id, found.id):
            login = login_of(connection, found.account_id)
            _note(connection, login, "left", "own wish", now_ms)


def login_of(connection: Connection, account_id: int) -> str:
    """The login of an account that is there."""
    return connection.scalars(select(Account.login).where(Account.id == account_id)).one()


def take_code(
    connection: Connection, account_id: int, secret: bytes, code: str, *, now: int
) -> bool:
    """Whether it is the telephone's code and was not taken before; now it is."""
    step = second_factor.step_of(secret, code, now=now)
    return step is not None and second_factor.take(connection, account_id, step)


def begin(
    connection: Connection, door: Door, account_id: int, browser: str, *, open_: bool, now: int
) -> str:
    """A session with a new id, for the cookie."""
    return sessions.begin(
        connection,
        account_id,
        secret=secrets.token_bytes(sessions.ID_BYTES),
        open_=open_,
        browser=browser,
        lasts=door.lasts,
        now=now,
    )


def _is_still(connection: Connection, account_id: int, hashed: str) -> bool:
    """Whether nobody reset the password or disabled the account while it was checked."""
    same = (Account.id == account_id, Account.password_hash == hashed)
    statement = select(Account.id).where(*same, Account.disabled_at.is_(None))
    return connection.scalar(statement) is not None


def _counted(login: str, whence: Whence) -> list[tuple[str, Limit]]:
    if whence.known_as:
        known = f"{accounts.attempts_of(login)}:{whence.known_as}"
        return [(known, attempts.PER_BROWSER)]
    return [
        (accounts.attempts_of(login), attempts.PER_LOGIN),
        (attempts.address(whence.address), attempts.PER_ADDRESS),
    ]


def _note_entry(connection: Connection, account_id: int, login: str, by: str, now_ms: int) -> None:
    connection.execute(
        update(Account).where(Account.id == account_id).values(signed_in_at=now_ms // 1000)
    )
    _note(connection, login, "entered", by, now_ms)


def _note_failure(connection: Connection, login: str, by: str, now_ms: int) -> None:
    _note(connection, login, "failed", by, now_ms)


def _note(connection: Connection, login: str, what: str, by: str, now_ms: int) -> None:
    audit.append(
        connection,
        at_ms=now_ms,
        actor=login,
        action=f"sign_in.{what}",
        subject="" if login == NOBODY else login,
        detail={"by": by},
    )
