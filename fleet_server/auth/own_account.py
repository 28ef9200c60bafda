"""What somebody changes about their own account.

A new password or second factor signs all their other browsers out.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select, update

from fleet_server import database
from fleet_server.auth import attempts, passwords, second_factor, sessions, tokens
from fleet_server.auth.accounts import By
from fleet_server.auth.door import Door, WrongProof, begin
from fleet_server.auth.permissions import Permission
from fleet_server.auth.signed_in import SignedIn
from fleet_server.errors import NotKnown
from fleet_server.identity import audit
from fleet_server.models import AccessToken, Account

_NOT_PROVEN: Final = "Mật khẩu hiện tại không đúng. / The present password is wrong."


def change_password(door: Door, me: SignedIn, old: str, new: str, *, now_ms: int) -> str:
    """Sets `new`; the cookie of a new session. Raises WrongProof, TooMany, BadPassword."""
    proved = _prove(door, me, old, now=now_ms // 1000)
    passwords.check(new, login=me.caller.name)
    if new == old:
        raise passwords.BadPassword(
            "Mật khẩu mới phải khác mật khẩu cũ / The new password must differ from the old one"
        )
    hashed = door.passwords.hash(new)
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        done = connection.execute(
            update(Account)
            .where(Account.id == me.session.account_id, Account.password_hash == proved)
            .values(password_hash=hashed, must_change_password=False)
        )
        if done.rowcount:
            return _begin_anew(connection, door, me, "password_changed", now_ms)
    raise WrongProof(_NOT_PROVEN)  # somebody reset it meanwhile


def offer_second_factor(door: Door, me: SignedIn) -> bytes:
    """The secret to set up, the same until it is confirmed."""
    account_id = me.session.account_id
    if me.session.new_secret is not None:
        return door.seal.open(me.session.new_secret, account_id)
    secret = second_factor.new_secret()
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        sessions.keep_secret(connection, me.session.id, door.seal.seal(secret, account_id))
    return secret


def confirm_second_factor(
    door: Door, me: SignedIn, code: str, password: str, *, now_ms: int
) -> tuple[str, list[str]]:
    """Sets up the secret that was offered; a new session's cookie, and recovery codes.

    `password` is asked for where a second factor is replaced. Raises WrongProof, TooMany.
    """
    now, account_id = now_ms // 1000, me.session.account_id
    if me.has_second_factor:
        _prove(door, me, password, now=now)
    secret = offer_second_factor(door, me)
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        counted = attempts.take(
            connection, [(f"second:{account_id}", attempts.PER_SECOND_FACTOR)], now=now
        )
        step = second_factor.step_of(secret, code, now=now)
        if step is not None:
            attempts.forgive(connection, counted)
            sealed = door.seal.seal(secret, account_id)
            second_factor.set_up(connection, account_id, sealed, step)
            codes = second_factor.new_recovery_codes(connection, account_id)
            return _begin_anew(connection, door, me, "second_factor_set_up", now_ms), codes
    raise WrongProof(
        "Mã không đúng: hãy nhập mã 6 số đang hiện trên điện thoại, và xem giờ của điện thoại."
        " / Wrong code: type the 6 digits your telephone shows now, and check its clock."
    )


def renew_recovery_codes(door: Door, me: SignedIn, password: str, *, now_ms: int) -> list[str]:
    """New codes in place of the old. Raises WrongProof, TooMany."""
    _prove(door, me, password, now=now_ms // 1000)
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        codes = second_factor.new_recovery_codes(connection, me.session.account_id)
        _note(connection, me, "recovery_codes_renewed", now_ms)
        return codes


def end_session(door: Door, me: SignedIn, session_id: int, *, now_ms: int) -> None:
    """Signs one of one's own browsers out; nothing happens where there is no such."""
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        if sessions.end(connection, me.session.account_id, session_id):
            _note(connection, me, "session_ended", now_ms)


def end_others(door: Door, me: SignedIn, *, now_ms: int) -> None:
    """Signs all of one's own browsers out but this one."""
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        if sessions.end_all(connection, me.session.account_id, but=me.session.id):
            _note(connection, me, "other_sessions_ended", now_ms)


def codes(connection: Connection, me: SignedIn) -> list[tokens.Listed]:
    """One's own access codes, oldest first."""
    return tokens.listed(connection, AccessToken.account_id == me.session.account_id)


def new_code(
    door: Door,
    me: SignedIn,
    password: str,
    *,
    name: str,
    scopes: Sequence[Permission],
    days: int,
    secret: bytes,
    now_ms: int,
) -> str:
    """An access code of one's own, which nothing can show again.

    Raises WrongProof, TooMany, BadToken.
    """
    _prove(door, me, password, now=now_ms // 1000)
    login = me.caller.name
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        return tokens.issue_own(
            connection,
            By(login, now_ms),
            login,
            name=name,
            scopes=scopes,
            days=days,
            secret=secret,
        )


def revoke_code(door: Door, me: SignedIn, number: int, *, now_ms: int) -> None:
    """Ends one of one's own access codes. Raises NotKnown."""
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        if number not in {each.id for each in codes(connection, me)}:
            raise NotKnown(f"token {number}: không có mã này / no such code")
        tokens.withdraw(connection, By(me.caller.name, now_ms), number)


def choose_language(door: Door, me: SignedIn, language: str) -> None:
    """Vietnamese or English, at every browser one signs in with."""
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            update(Account).where(Account.id == me.session.account_id).values(language=language)
        )


def _prove(door: Door, me: SignedIn, password: str, *, now: int) -> str:
    """That it is still the owner at the keyboard; the hash. Raises WrongProof, TooMany."""
    key = f"own:{me.session.account_id}"
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        counted = attempts.take(connection, [(key, attempts.PER_BROWSER)], now=now)
        hashed = connection.scalars(
            select(Account.password_hash).where(Account.id == me.session.account_id)
        ).one()
    if not door.passwords.fits(hashed, password):
        raise WrongProof(_NOT_PROVEN)
    with door.engine.execution_options(**database.WRITES).begin() as connection:
        attempts.forgive(connection, counted)
    return hashed


def _begin_anew(connection: Connection, door: Door, me: SignedIn, what: str, now_ms: int) -> str:
    account_id = me.session.account_id
    sessions.end_all(connection, account_id)
    cookie = begin(connection, door, account_id, me.session.browser, open_=True, now=now_ms // 1000)
    _note(connection, me, what, now_ms)
    return cookie


def _note(connection: Connection, me: SignedIn, what: str, now_ms: int) -> None:
    audit.append(
        connection,
        at_ms=now_ms,
        actor=me.caller.name,
        action=f"account.{what}",
        subject=me.caller.name,
    )
