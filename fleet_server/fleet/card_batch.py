"""Cards for a whole table, so that the same table read twice issues nobody a second card.

A card's id is drawn from the batch id, the holder and a secret made of the card-signing key: to
anybody else it is as random as any, and reading the table again finds the cards that are there. The
batch id is random and stands beside the table; once both are gone, nothing leads from a name to a
card but the vault.
"""

import datetime as dt
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, select

from fleet_server.fleet import cards
from fleet_server.fleet.card_rows import Row
from fleet_server.fleet.keymaking import PRIVATE_MODE, replace, write_new
from fleet_server.fleet.references import Unfit
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.models import Credential, Pseudonym
from wire import card as wire_card
from wire.records import IdentityPart

AT_ONCE: Final = 200
"""Cards of one transaction: others may write in between, and what is done stays done."""
_CONTEXT: Final = b"tram-card-batch-1"
Transactions = Callable[[], AbstractContextManager[Connection]]
"""Begins a transaction that writes; committed at the end."""
Clock = Callable[[], int]
"""Milliseconds since 1970."""
_ID: Final = re.compile(r"[0-9a-f]{32}")


class Made(NamedTuple):
    """The card of one row."""

    line: int
    id: str
    """32 hex digits."""
    text: str
    """What its code says."""
    visitor: str
    printed: str
    fresh: bool
    """False where it was issued before."""
    revoked: bool


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """What issuing a batch needs."""

    sign: Ed25519PrivateKey
    pseudonyms: PseudonymKey
    vault: X25519PublicKey
    zone: ZoneInfo
    actor: str

    def card_id(self, batch: str, holder: IdentityPart) -> bytes:
        """The id of this holder's card in this batch."""
        secret = HKDF(SHA256(), 32, salt=None, info=_CONTEXT).derive(self.sign.private_bytes_raw())
        said = msgspec.json.encode([batch, holder.name, holder.phone, holder.address])
        return hmac.digest(secret, said, sha256)[: cards.ID_BYTES]

    def issue(
        self, connection: Connection, batch: str, rows: Sequence[Row], *, at_ms: int
    ) -> list[Made]:
        """The cards of `rows`: those there are, and new ones for the others."""
        ids = [self.card_id(batch, row.identity) for row in rows]
        digests = [self.pseudonyms.digest(cards.KIND, card_id.hex()) for card_id in ids]
        there = _there(connection, digests)
        made: list[Made] = []
        for row, card_id, digest in zip(rows, ids, digests, strict=True):
            found = there.get(digest)
            if found is None:
                new = cards.issue(
                    connection,
                    card_id=card_id,
                    issued=self._day(at_ms // 1000),
                    sign=self.sign,
                    pseudonyms=self.pseudonyms,
                    vault=self.vault,
                    identity=row.identity if any(msgspec.structs.astuple(row.identity)) else None,
                    at_ms=at_ms,
                    actor=self.actor,
                )
                made.append(Made(row.line, new.id, new.text, new.visitor, row.printed, True, False))
                continue
            text = wire_card.encode(card_id, self._day(found.issued_at), self.sign)
            made.append(
                Made(
                    line=row.line,
                    id=card_id.hex(),
                    text=text,
                    visitor=found.visitor,
                    printed=row.printed,
                    fresh=False,
                    revoked=found.revoked,
                )
            )
        return made

    def _day(self, at_s: int) -> dt.date:
        return dt.datetime.fromtimestamp(at_s, self.zone).date()


class _Found(NamedTuple):
    issued_at: int
    revoked: bool
    visitor: str


def issue_all(
    issuer: Issuer,
    batch: str,
    rows: Iterable[Row],
    *,
    transaction: Transactions,
    now_ms: Clock,
) -> Iterator[list[Made]]:
    """The cards of all rows, in the pieces they are committed in."""
    piece: list[Row] = []
    for row in rows:
        piece.append(row)
        if len(piece) == AT_ONCE:
            yield _commit(issuer, batch, piece, transaction, now_ms)
            piece = []
    if piece:
        yield _commit(issuer, batch, piece, transaction, now_ms)


def batch_id(table: Path, *, given: str | None, again: bool) -> str:
    """The batch id of `table`, from the file beside it, which is made where it is missing.

    `given` is taken instead; with `again` a new one takes the place of the old. Raises Unfit.
    """
    if given is not None:
        if _ID.fullmatch(given) is None:
            raise Unfit(f"--batch-id {given[:40]!r}: expected 32 of 0-9, a-f")
        return given
    path = table.with_name(f"{table.name}.batch")
    fresh = secrets.token_hex(16)
    try:
        if again:
            replace(path, f"{fresh}\n".encode(), PRIVATE_MODE)
            return fresh
        if not path.exists():
            write_new(path, f"{fresh}\n".encode(), PRIVATE_MODE)
            return fresh
        text = path.read_text("ascii", errors="replace").strip()
    except OSError as problem:
        raise Unfit(
            f"{path}: cannot be kept ({problem.strerror}); put the table where you may write, or "
            "give --batch-id yourself"
        ) from problem
    if _ID.fullmatch(text) is None:
        raise Unfit(
            f"{path}: expected 32 of 0-9, a-f; --again makes a new one and issues all cards anew"
        )
    return text


def _commit(
    issuer: Issuer, batch: str, rows: Sequence[Row], transaction: Transactions, now_ms: Clock
) -> list[Made]:
    with transaction() as connection:
        return issuer.issue(connection, batch, rows, at_ms=now_ms())


def _there(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, _Found]:
    rows = connection.execute(
        select(Pseudonym.digest, Pseudonym.person_id, Credential.issued_at, Credential.revoked_at)
        .join(Credential, Credential.pseudonym_id == Pseudonym.id)
        .where(
            Pseudonym.digest.in_(digests),
            Credential.kind == cards.KIND,
            Credential.issued_at.is_not(None),
        )
    )
    return {
        bytes(row.digest): _Found(row.issued_at, row.revoked_at is not None, f"P{row.person_id}")
        for row in rows
    }
