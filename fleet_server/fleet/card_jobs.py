"""Cards for a table that a desk uploaded, issued by the vault some at a time.

The table rests in the database in pieces, sealed with a key that is not in it; a piece that is
issued holds its cards in the rows' place. Cut off anywhere, the next run goes on: the same rows are
the same cards. A day after, all of it is gone.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, Engine, Row, Select, delete, func, insert, select, update

from fleet_server import database
from fleet_server.errors import FleetError, KeysError, NotKnown
from fleet_server.fleet.card_rows import BadRow
from fleet_server.fleet.card_rows import Row as TableRow
from fleet_server.fleet.references import Unfit, check_name
from fleet_server.identity import audit
from fleet_server.identity.vault_messages import MAX_HOLDERS, CardMade, Holder
from fleet_server.models import CardBatch, CardBatchPiece

KEPT_S: Final = 24 * 3600
MAX_ROWS: Final = 5_000
MAX_NAME: Final = 100
MAX_BAD: Final = 200
"""Bad rows told of."""
WORKING_S: Final = 60
"""After so long without a piece done, whoever worked on a batch is taken to be gone."""
_NONCE_BYTES: Final = 12
_MAX_PROBLEM: Final = 400


class Vault(Protocol):
    """Who signs cards."""

    def issue_cards(
        self, batch: str, holders: Sequence[Holder], *, actor: str
    ) -> list[CardMade]: ...


class Job(NamedTuple):
    """A batch as it stands; seconds UTC."""

    id: int
    name: str
    made_at: int
    expires_at: int
    total: int
    done: int
    """Rows whose cards are issued."""
    fresh: int
    """Cards that were new."""
    bad: list[BadRow]
    working_until: int
    problem: str

    @property
    def finished(self) -> bool:
        return self.done == self.total

    def state(self, now: int) -> str:
        """`finished`, `working` or `stopped`."""
        if self.finished:
            return "finished"
        return "working" if self.working_until > now else "stopped"


class Face(msgspec.Struct, frozen=True, array_like=True):
    """A card to print."""

    id: str
    text: str
    printed: str
    revoked: bool


class _Person(msgspec.Struct, frozen=True, array_like=True):
    name: str
    phone: str
    commune: str
    printed: str


class BatchSeal:
    """Seals what a batch holds, for the database."""

    def __init__(self, web_key: bytes) -> None:
        both = HKDF(hashes.SHA256(), 64, salt=None, info=b"tram card batch").derive(web_key)
        self._cipher, self._naming = AESGCM(both[:32]), both[32:]

    def batch(self, login: str, name: str) -> str:
        """What card ids are drawn from: the same for whoever gives the same name again."""
        said = json.dumps([login, name.casefold()]).encode()
        return hmac.digest(self._naming, said, sha256)[:16].hex()

    def seal(self, content: bytes, batch_id: int, number: int) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, b"%d/%d" % (batch_id, number))

    def open(self, sealed: bytes, batch_id: int, number: int) -> bytes:
        """Raises KeysError."""
        nonce, box = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, box, b"%d/%d" % (batch_id, number))
        except InvalidTag as problem:
            raise KeysError(
                "mẻ này được niêm bằng khóa khác, hãy tải bảng lên lại / this batch was sealed with"
                " another web/session.key: upload its table again"
            ) from problem


def begin(
    connection: Connection,
    seal: BatchSeal,
    *,
    account_id: int,
    login: str,
    name: str,
    rows: Sequence[TableRow],
    bad: Sequence[BadRow],
    now_ms: int,
) -> int:
    """Takes a table in; the batch's id. Raises Unfit."""
    name = check_name("tên mẻ / name of the batch", name)
    if len(name) > MAX_NAME:
        raise Unfit(f"tên mẻ: tối đa {MAX_NAME} chữ / name: expected up to {MAX_NAME} characters")
    if not rows:
        told = "; ".join(f"dòng {row.line}: {row.problem.partition(' / ')[0]}" for row in bad[:5])
        raise Unfit(
            f"không có dòng nào cấp thẻ được{': ' if told else ''}{told} / no row that a card can"
            " be issued for"
        )
    if len(rows) > MAX_ROWS:
        raise Unfit(
            f"{len(rows)} dòng: mỗi mẻ tối đa {MAX_ROWS}, hãy chia ra / {len(rows)} rows: at most"
            f" {MAX_ROWS} in a batch, please split it"
        )
    now = now_ms // 1000
    batch_id: int | None = connection.scalar(
        insert(CardBatch)
        .values(
            account_id=account_id,
            name=name,
            batch=seal.batch(login, name),
            made_at=now,
            expires_at=now + KEPT_S,
            total=len(rows),
            bad=json.dumps([list(row) for row in bad[:MAX_BAD]]),
            working_until=0,
            problem="",
        )
        .returning(CardBatch.id)
    )
    if batch_id is None:
        raise RuntimeError("a new batch has no id")
    for number, at in enumerate(range(0, len(rows), MAX_HOLDERS)):
        some = [
            _Person(row.identity.name, row.identity.phone, row.identity.address, row.printed)
            for row in rows[at : at + MAX_HOLDERS]
        ]
        sealed = seal.seal(msgspec.json.encode(some), batch_id, number)
        connection.execute(
            insert(CardBatchPiece).values(
                batch_id=batch_id, number=number, count=len(some), fresh=None, sealed=sealed
            )
        )
    audit.append(
        connection,
        at_ms=now_ms,
        actor=login,
        action="cards.uploaded",
        subject=f"batch:{batch_id}",
        detail={"rows": len(rows), "bad": len(bad)},
    )
    return batch_id


def listed(connection: Connection, account_id: int, *, now: int) -> list[Job]:
    """Somebody's batches that are not over, the newest first."""
    mine = _jobs(now).where(CardBatch.account_id == account_id).order_by(CardBatch.id.desc())
    return [_job(row) for row in connection.execute(mine)]


def get(connection: Connection, account_id: int, batch_id: int, *, now: int) -> Job:
    """One of somebody's batches. Raises NotKnown, also for another's."""
    mine = CardBatch.account_id == account_id
    row = connection.execute(_jobs(now).where(mine, CardBatch.id == batch_id)).one_or_none()
    if row is None:
        raise NotKnown("không có mẻ này, hoặc đã hết hạn / no such batch, or its time is over")
    return _job(row)


def claim(engine: Engine, batch_id: int, *, now: int) -> bool:
    """Whether the caller is the one to work on a batch from now on."""
    with _writing(engine) as connection:
        free = connection.execute(
            update(CardBatch)
            .where(CardBatch.id == batch_id, CardBatch.working_until <= now)
            .values(working_until=now + WORKING_S, problem="")
        )
        taken: bool = free.rowcount == 1
        return taken


def work(
    engine: Engine,
    seal: BatchSeal,
    vault: Vault,
    batch_id: int,
    *,
    actor: str,
    now: Callable[[], int],
) -> None:
    """Issues what is left of a claimed batch. What keeps it from that is written down there."""
    problem = ""
    try:
        while (piece := _next(engine, batch_id)) is not None:
            _issue(engine, seal, vault, piece, actor=actor, now=now())
    except FleetError as stopped:
        problem = str(stopped)[:_MAX_PROBLEM]
    with _writing(engine) as connection:
        connection.execute(
            update(CardBatch)
            .where(CardBatch.id == batch_id)
            .values(working_until=0, problem=problem)
        )


def faces(connection: Connection, seal: BatchSeal, batch_id: int, numbers: range) -> list[Face]:
    """The cards of some pieces that are issued."""
    found: list[Face] = []
    for number, sealed in connection.execute(
        select(CardBatchPiece.number, CardBatchPiece.sealed)
        .where(
            CardBatchPiece.batch_id == batch_id,
            CardBatchPiece.number.between(numbers.start, numbers.stop - 1),
            CardBatchPiece.fresh.is_not(None),
        )
        .order_by(CardBatchPiece.number)
    ):
        content = seal.open(bytes(sealed), batch_id, number)
        found += msgspec.json.decode(content, type=list[Face])
    return found


def forget(connection: Connection, batch_id: int) -> None:
    """A batch and all it holds is gone; its cards stay good."""
    connection.execute(delete(CardBatchPiece).where(CardBatchPiece.batch_id == batch_id))
    connection.execute(delete(CardBatch).where(CardBatch.id == batch_id))


def any_old(connection: Connection, *, now: int) -> bool:
    """Whether there is a batch whose time is over."""
    old = select(CardBatch.id).where(CardBatch.expires_at <= now).limit(1)
    return connection.scalar(old) is not None


def forget_old(connection: Connection, *, now: int) -> int:
    """Batches whose time is over are gone; how many."""
    old = connection.scalars(select(CardBatch.id).where(CardBatch.expires_at <= now)).all()
    for batch_id in old:
        forget(connection, batch_id)
    return len(old)


def _jobs(now: int) -> Select[Any]:
    done, pieces = CardBatchPiece.fresh.is_not(None), CardBatchPiece
    sums = (
        select(
            pieces.batch_id,
            func.sum(pieces.count).filter(done).label("done"),
            func.sum(pieces.fresh).label("fresh"),
        )
        .group_by(pieces.batch_id)
        .subquery()
    )
    return (
        select(CardBatch.__table__, sums.c.done, sums.c.fresh)
        .outerjoin(sums, sums.c.batch_id == CardBatch.id)
        .where(CardBatch.expires_at > now)
    )


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        name=row.name,
        made_at=row.made_at,
        expires_at=row.expires_at,
        total=row.total,
        done=row.done or 0,
        fresh=row.fresh or 0,
        bad=[BadRow(*each) for each in json.loads(row.bad)],
        working_until=row.working_until,
        problem=row.problem,
    )


def _next(engine: Engine, batch_id: int) -> Row[Any] | None:
    """The first piece that is not issued, with what its cards are drawn from."""
    query = (
        select(CardBatchPiece.__table__, CardBatch.batch)
        .join(CardBatch, CardBatch.id == CardBatchPiece.batch_id)
        .where(CardBatchPiece.batch_id == batch_id, CardBatchPiece.fresh.is_(None))
        .order_by(CardBatchPiece.number)
        .limit(1)
    )
    with engine.connect() as connection:
        return connection.execute(query).one_or_none()


def _issue(
    engine: Engine, seal: BatchSeal, vault: Vault, piece: Row[Any], *, actor: str, now: int
) -> None:
    content = seal.open(bytes(piece.sealed), piece.batch_id, piece.number)
    people = msgspec.json.decode(content, type=list[_Person])
    holders = [Holder(name=each.name, phone=each.phone, commune=each.commune) for each in people]
    made = vault.issue_cards(piece.batch, holders, actor=actor)
    cards = [
        Face(card.id, card.text, each.printed, card.revoked)
        for card, each in zip(made, people, strict=True)
    ]
    sealed = seal.seal(msgspec.json.encode(cards), piece.batch_id, piece.number)
    with _writing(engine) as connection:
        connection.execute(
            update(CardBatchPiece)
            .where(
                CardBatchPiece.batch_id == piece.batch_id,
                CardBatchPiece.number == piece.number,
                # Another who took over meanwhile counted them as new.
                CardBatchPiece.fresh.is_(None),
            )
            .values(sealed=sealed, fresh=sum(card.fresh for card in made))
        )
        connection.execute(
            update(CardBatch)
            .where(CardBatch.id == piece.batch_id)
            .values(working_until=now + WORKING_S)
        )


def _writing(engine: Engine) -> Any:
    return engine.execution_options(**database.WRITES).begin()
