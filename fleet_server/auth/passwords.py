"""Passwords: which will do, and their Argon2id hashes."""

import secrets
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fleet_server.errors import FleetError
from fleet_server.settings import Accounts

SHORTEST: Final = 12
LONGEST: Final = 200
_FEWEST_DIFFERENT: Final = 5
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is mistaken for something else on paper: i l o 0 1."""


class BadPassword(FleetError, ValueError):
    """A password that will not do; says why."""


class Passwords:
    """Makes and checks hashes, at the cost that is set."""

    def __init__(self, costs: Accounts) -> None:
        self._hasher = PasswordHasher(
            time_cost=costs.hash_passes,
            memory_cost=costs.hash_memory_kib,
            parallelism=costs.hash_lanes,
        )
        self._nobodys = self._hasher.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """What is stored in its place."""
        return self._hasher.hash(_same(password))

    def fits(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password. Takes as long where there is none (`hashed` None)."""
        try:
            self._hasher.verify(hashed or self._nobodys, _same(password))
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    def is_stale(self, hashed: str) -> bool:
        """Whether it was made at another cost than is set now."""
        return self._hasher.check_needs_rehash(hashed)


def check(password: str, *, login: str) -> str:
    """`password` if it will do for `login`. Raises BadPassword."""
    plain = _same(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise BadPassword(
            f"Mật khẩu cần {SHORTEST} đến {LONGEST} ký tự; vài từ ghép lại là tốt"
            f" / A password has {SHORTEST} to {LONGEST} characters; a few words make a good one"
        )
    if login in plain.casefold() or len(set(plain)) < _FEWEST_DIFFERENT:
        raise BadPassword(
            "Mật khẩu dễ đoán: không chứa tên đăng nhập, không lặp vài ký tự"
            " / Easily guessed: without the login name, and not a few characters again and again"
        )
    return password


def one_time() -> str:
    """A random password to be typed once, about 79 bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def _same(password: str) -> str:
    """Keyboards write Vietnamese in several ways that look the same."""
    return unicodedata.normalize("NFKC", password)
