"""What forms that make access codes have in common."""

import secrets
from collections.abc import Collection
from typing import Final, NamedTuple, Self

from flask import request

from fleet_server.auth import tokens
from fleet_server.auth.permissions import Permission
from fleet_server.auth.tokens import BadToken
from fleet_server.web.language import say
from fleet_server.web.role_words import PERMISSIONS

DAYS: Final = "30"


class Given(NamedTuple):
    """What was entered."""

    name: str
    days: str
    scopes: tuple[str, ...]

    @classmethod
    def entered(cls) -> Self:
        form = request.form
        name, days = (form.get(field, "").strip() for field in ("name", "days"))
        return cls(name, days or DAYS, tuple(form.getlist("scope")))

    def valid_days(self) -> int:
        """Raises BadToken."""
        if not (self.days.isascii() and self.days.isdecimal()) or len(self.days) > 6:
            raise BadToken(f"số ngày: từ 1 đến {tokens.MAX_DAYS} / days: 1 to {tokens.MAX_DAYS}")
        return int(self.days)

    def kept_to(self) -> list[Permission]:
        """Raises BadToken."""
        if unknown := set(self.scopes) - set(Permission):
            named = repr(sorted(unknown)[0][:40])
            raise BadToken(f"quyền {named}: không có / scope {named}: is not known")
        return [Permission(each) for each in self.scopes]

    def offered(self, permissions: Collection[Permission]) -> list[tuple[str, str, bool]]:
        """Each permission a code can be kept to, in words, and whether it was chosen."""
        return [
            (each.value, say(*PERMISSIONS[each]), each.value in self.scopes)
            for each in Permission
            if each in permissions and each is not Permission.START
        ]


def secret() -> bytes:
    """The randomness of a new code."""
    return secrets.token_bytes(tokens.SECRET_BYTES)


def ended(code: tokens.Listed, now: int) -> bool:
    return code.revoked_at is not None or code.expires_at <= now


def newest_first(codes: list[tokens.Listed], now: int) -> list[tokens.Listed]:
    """Those that still open something first, the newest of them on top."""
    return sorted(codes, key=lambda each: (ended(each, now), -each.id))
