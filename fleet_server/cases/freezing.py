"""Results as they stood when something was decided by them: signed, and kept when the days they
came from are gone.
"""

import hashlib
import zlib
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, bindparam, insert, select

from fleet_server.cases.acting import Acting
from fleet_server.errors import FleetError, NotKnown
from fleet_server.identity.vault_messages import statement
from fleet_server.models import Case, FrozenResult

EVALUATED: Final = "evaluated"
PURPOSE: Final = "kết quả được ký / result signed"
# Asked with pages of a case: built once.
_RESULT: Final = (
    select(FrozenResult.__table__, Case.ref.label("case"))
    .join(Case, Case.id == FrozenResult.case_id)
    .where(FrozenResult.id == bindparam("number"), FrozenResult.case_id == bindparam("case_id"))
)
_LATEST: Final = (
    select(FrozenResult.id)
    .where(
        FrozenResult.case_id == bindparam("case_id"),
        FrozenResult.decision == bindparam("decision"),
    )
    .order_by(FrozenResult.id.desc())
    .limit(1)
)


class Signer(Protocol):
    """Who puts the fleet's name under a result: the vault."""

    def sign(
        self, digest: bytes, *, decision: str, at_ms: int, case: str, purpose: str, actor: str
    ) -> bytes: ...


class Forged(FleetError):
    """A kept result is not what was signed."""


class Sealed(NamedTuple):
    """A result with its signature, ready to be kept."""

    decision: str
    content: bytes
    """JSON."""
    signature: bytes


class Frozen(NamedTuple):
    """A kept result."""

    id: int
    case: str
    at_ms: int
    made_by: str
    decision: str
    content: Any
    """As JSON reads, or the part that was asked for."""
    digest: str
    """SHA-256 of the JSON, hex."""


def sign(signer: Signer, acting: Acting, decision: str, content: msgspec.Struct) -> Sealed:
    """Has a result signed. Outside of any transaction: the vault writes to the log itself."""
    encoded = msgspec.json.encode(content)
    signature = signer.sign(
        hashlib.sha256(encoded).digest(),
        decision=decision,
        at_ms=acting.now_ms,
        case=acting.case.ref,
        purpose=PURPOSE,
        actor=acting.actor.name,
    )
    return Sealed(decision, encoded, signature)


def keep(connection: Connection, acting: Acting, sealed: Sealed) -> int:
    """Keeps it in the caller's transaction; its number."""
    made = connection.scalar(
        insert(FrozenResult)
        .values(
            case_id=acting.case.id,
            at_ms=acting.now_ms,
            made_by=acting.actor.name,
            decision=sealed.decision,
            content=zlib.compress(sealed.content),
            digest=hashlib.sha256(sealed.content).digest(),
            signature=sealed.signature,
        )
        .returning(FrozenResult.id)
    )
    return int(made or 0)


def load(
    connection: Connection,
    case_id: int,
    frozen_id: int,
    key: Ed25519PublicKey | None,
    *,
    part: Any = Any,
) -> Frozen:
    """A kept result, its signature checked where `key` is given. Raises NotKnown, Forged.

    `part`: the type its content is read as, which may leave out what nobody asks for.
    """
    row = connection.execute(_RESULT, {"number": frozen_id, "case_id": case_id}).one_or_none()
    if row is None:
        raise NotKnown(f"result {frozen_id}: không có trong ca này / not in this case")
    try:
        content = zlib.decompress(row.content)
    except zlib.error as problem:
        raise Forged(f"result {frozen_id}: hỏng / is damaged") from problem
    digest = hashlib.sha256(content).hexdigest()
    if key is not None:
        try:
            key.verify(bytes(row.signature), statement(row.case, row.decision, row.at_ms, digest))
        except InvalidSignature as problem:
            raise Forged(
                f"result {frozen_id}: chữ ký không khớp / is not what was signed; compare it with"
                " the audit log, which holds the digest of what was"
            ) from problem
    return Frozen(
        row.id,
        row.case,
        row.at_ms,
        row.made_by,
        row.decision,
        msgspec.json.decode(content, type=part),
        digest,
    )


def listed(connection: Connection, case_id: int) -> list[tuple[int, int, str, str]]:
    """Number, time (ms), by whom and what for, of all kept results; oldest first."""
    rows = connection.execute(
        select(FrozenResult.id, FrozenResult.at_ms, FrozenResult.made_by, FrozenResult.decision)
        .where(FrozenResult.case_id == case_id)
        .order_by(FrozenResult.id)
    )
    return [(row.id, row.at_ms, row.made_by, row.decision) for row in rows]


def latest(connection: Connection, case_id: int, decision: str = EVALUATED) -> int | None:
    """The number of the newest kept result of a kind."""
    return connection.scalar(_LATEST, {"case_id": case_id, "decision": decision})
