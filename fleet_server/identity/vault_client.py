"""Asks the vault. The only way the other processes get at a name."""

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

from fleet_server.errors import FleetError, NotKnown, Refused, VaultAway
from fleet_server.fleet.references import Taken
from fleet_server.identity import vault_messages as messages
from fleet_server.identity.numbers import BadNumber
from fleet_server.identity.vault_messages import (
    BadRequest,
    CardMade,
    Failed,
    Find,
    Found,
    Holder,
    Issue,
    Issued,
    NotPermitted,
    Open,
    Opened,
    OpenedPerson,
    Reply,
    Request,
    Revoke,
    Revoked,
    Sign,
    Signed,
)

R = TypeVar("R", Opened, Found, Signed, Issued, Revoked)
TIMEOUT_S: Final = 20.0

_RAISED: Final[dict[str, type[FleetError]]] = {
    "bad_number": BadNumber,
    "bad_request": BadRequest,
    "not_permitted": NotPermitted,
    "not_known": NotKnown,
    "taken": Taken,
    "away": VaultAway,
}


class VaultClient:
    """One caller; a connection for each request. Raises VaultAway where nobody answers."""

    def __init__(self, path: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        self._path = path
        self._timeout_s = timeout_s

    def open(
        self,
        persons: Sequence[str],
        *,
        case: str,
        purpose: str,
        actor: str,
        opening: int | None = None,
    ) -> list[OpenedPerson]:
        """Who these visitors are, in the order asked for.

        Raises VaultAway, BadRequest, NotPermitted.
        """
        request = Open(
            persons=list(persons), case=case, purpose=purpose, actor=actor, opening=opening
        )
        return self._ask(request, Opened).persons

    def find(self, kind: str, number: str, *, case: str, purpose: str, actor: str) -> list[str]:
        """References of the visitors with this number. Raises VaultAway,
        BadRequest, BadNumber, NotPermitted.
        """
        request = Find(kind=kind, number=number, case=case, purpose=purpose, actor=actor)
        return self._ask(request, Found).persons

    def sign(
        self, digest: bytes, *, decision: str, at_ms: int, case: str, purpose: str, actor: str
    ) -> bytes:
        """The fleet's signature under a result (`vault_messages.statement`). Raises VaultAway."""
        request = Sign(
            digest=digest.hex(),
            decision=decision,
            at_ms=at_ms,
            case=case,
            purpose=purpose,
            actor=actor,
        )
        return self._ask(request, Signed).signature

    def issue_cards(self, batch: str, holders: Sequence[Holder], *, actor: str) -> list[CardMade]:
        """A card for each holder, up to MAX_HOLDERS; the same again are the same cards.

        Raises VaultAway, BadRequest, NotPermitted.
        """
        request = Issue(batch=batch, holders=list(holders), actor=actor)
        return self._ask(request, Issued).cards

    def revoke_card(self, card: str, *, reason: str, actor: str) -> str:
        """The visitor's reference; empty where it was only missing on the kiosks' list.

        Raises VaultAway, BadRequest, BadNumber, NotKnown, Taken, NotPermitted.
        """
        return self._ask(Revoke(card=card, reason=reason, actor=actor), Revoked).visitor

    def _ask(self, request: Request, kind: type[R]) -> R:
        line = messages.line(request)
        # The same rules as over there, so that a slip is not sent at all.
        messages.parse(line)
        reply = self._exchange(line)
        if isinstance(reply, kind):
            return reply
        if not isinstance(reply, Failed):
            raise VaultAway(f"{self._path}: the vault answered something else")
        raise _RAISED.get(reply.reason, Refused)(reply.detail)

    def _exchange(self, line: bytes) -> Reply:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as vault:
                vault.settimeout(self._timeout_s)
                vault.connect(str(self._path))
                vault.sendall(line)
                with vault.makefile("rb") as replies:
                    reply = replies.readline(messages.MAX_REPLY_BYTES)
        except OSError as problem:
            raise VaultAway(
                f"kho danh tính không trả lời / the vault does not answer at {self._path} "
                f"({problem.strerror or problem}); nothing was opened. `fleet serve` or "
                "`fleet vault` runs it"
            ) from problem
        if not reply.endswith(b"\n"):
            raise VaultAway(
                f"kho danh tính ngắt giữa chừng / the vault at {self._path} hung up; try again"
            )
        return messages.parse_reply(reply)
