"""The second factor: time-based codes (RFC 6238) from a telephone, and recovery codes on paper."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, delete, func, insert, or_, select, update

from fleet_server.errors import KeysError
from fleet_server.models import Account, RecoveryCode

ISSUER: Final = "Tram"
SECRET_BYTES: Final = 20
STEP_S: Final = 30
RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10
_NONCE_BYTES: Final = 12


class SecretSeal:
    """Seals secrets for the database with a key that is not in it."""

    def __init__(self, web_key: bytes) -> None:
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"tram second factor").derive(web_key)
        self._cipher = AESGCM(derived)

    def seal(self, secret: bytes, account_id: int) -> bytes:
        """Sealed for one account."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, b"%d" % account_id)

    def open(self, sealed: bytes, account_id: int) -> bytes:
        """Raises KeysError where it was sealed with another key, or for another account."""
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], b"%d" % account_id
            )
        except InvalidTag as problem:
            raise KeysError(
                "web/session.key: không phải khóa đã niêm mã thứ hai này / is not the key this"
                " second factor was sealed with; restore it, or `fleet account reset-totp`"
            ) from problem


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def words(secret: bytes) -> str:
    """A secret as people type it into a telephone."""
    return base64.b32encode(secret).decode()


def uri(secret: bytes, login: str) -> str:
    """What a telephone reads from the QR symbol."""
    return pyotp.TOTP(words(secret)).provisioning_uri(name=login, issuer_name=ISSUER)


def step_of(secret: bytes, code: str, *, now: int) -> int | None:
    """The step a code is of, one before to one after now; None for any other code."""
    totp, typed = pyotp.TOTP(words(secret)), "".join(code.split()).encode()
    found = None
    for step in range(now // STEP_S - 1, now // STEP_S + 2):
        if hmac.compare_digest(totp.at(step * STEP_S).encode(), typed):
            found = step
    return found


def take(connection: Connection, account_id: int, step: int) -> bool:
    """Marks a code's step as used; False where it, or a later one, was before."""
    done = connection.execute(
        update(Account)
        .where(Account.id == account_id, or_(Account.totp_step.is_(None), Account.totp_step < step))
        .values(totp_step=step)
    )
    return done.rowcount > 0


def set_up(connection: Connection, account_id: int, sealed: bytes, step: int) -> None:
    """The secret from now on; `step` is that of the code it was confirmed with."""
    connection.execute(
        update(Account).where(Account.id == account_id).values(totp_secret=sealed, totp_step=step)
    )


def new_recovery_codes(connection: Connection, account_id: int) -> list[str]:
    """Fresh codes in place of all before, which nothing can show again."""
    connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = [
        base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
        for _ in range(RECOVERY_CODES)
    ]
    rows = [{"account_id": account_id, "digest": _digest(code)} for code in codes]
    connection.execute(insert(RecoveryCode), rows)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def use_recovery_code(connection: Connection, account_id: int, code: str, *, now: int) -> bool:
    """Takes a code that was not used before; whether it was one."""
    done = connection.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.digest == _digest(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return done.rowcount > 0


def recovery_codes_left(connection: Connection, account_id: int) -> int:
    statement = select(func.count()).where(
        RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None)
    )
    return connection.scalar(statement) or 0


def _digest(code: str) -> bytes:
    """Of a code however it was typed. It is random enough that no slow hash is needed."""
    plain = "".join(each for each in code.lower() if each.isalnum())
    return hashlib.sha256(plain.encode()).digest()
