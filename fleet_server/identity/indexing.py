"""Makes people findable by numbers that stand in sealed identities only. In the vault alone.

The numbers become pseudonyms under the same secret as those of codes, and link nobody.
"""

from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection, Engine, Select, Table, select

from fleet_server import bulk, database
from fleet_server.fleet import cards
from fleet_server.identity import numbers
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.models import (
    Base,
    CardIdentity,
    Credential,
    Pseudonym,
    Scan,
    ScanIdentity,
    ScanKey,
    VaultMark,
)
from wire import sealing
from wire.errors import WireError
from wire.records import IdentityPart, Sealed

SCANS: Final = "scans"
CARDS: Final = "cards"
SOME: Final = 1000
"""Identities opened in one transaction."""
SETTLED_S: Final = 60
"""Rows this old have all been committed: ids are given out before, and may appear out of order."""
_NUMBERS: Final[Table] = Base.metadata.tables["sealed_numbers"]


def index(engine: Engine, key: X25519PrivateKey, pseudonyms: PseudonymKey, *, now_ms: int) -> int:
    """Reads identities that came since the last time, some thousand at most; how many."""
    with engine.execution_options(**database.WRITES).begin() as connection:
        settled = now_ms - SETTLED_S * 1000
        scans = _read(connection, SCANS, _scans(settled), key, pseudonyms)
        return scans + _read(connection, CARDS, _cards(settled), key, pseudonyms)


def _read(
    connection: Connection,
    name: str,
    query: Select[*tuple[Any, ...]],
    key: X25519PrivateKey,
    pseudonyms: PseudonymKey,
) -> int:
    mark = connection.scalar(select(VaultMark.upto).where(VaultMark.name == name))
    id_column = query.selected_columns[0]
    rows = connection.execute(
        query.where(id_column > (mark or 0)).order_by(id_column).limit(SOME)
    ).all()
    if not rows:
        return 0
    found: dict[tuple[bytes, int], str] = {}
    for row in rows:
        sealed = Sealed(row.sealing, row.key, bytes(row.box))
        binding = bytes(row.binding) if name == SCANS else cards.binding(bytes(row.binding))
        try:
            part = sealing.open_sealed(sealed, IdentityPart, key, binding)
        except WireError:
            continue
        for number in numbers.sealed_keys(part):
            digest = pseudonyms.digest(number.space, number.value)
            found[digest, row.pseudonym_id] = number.space
    bulk.add_new(
        connection,
        _NUMBERS,
        [
            {"digest": digest, "pseudonym_id": pseudonym_id, "space": space}
            for (digest, pseudonym_id), space in sorted(found.items())
        ],
        key=["digest", "pseudonym_id"],
        returning=["pseudonym_id"],
    )
    upto = {"upto": rows[-1][0]}
    statement = database.insert(connection, VaultMark).values(name=name, **upto)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=upto))
    return len(rows)


def _scans(settled_ms: int) -> Select[*tuple[Any, ...]]:
    return (
        select(
            ScanIdentity.scan_id,
            ScanKey.pseudonym_id,
            ScanIdentity.sealing,
            ScanIdentity.key,
            ScanIdentity.box,
            ScanIdentity.binding,
        )
        .join(ScanKey, ScanKey.scan_id == ScanIdentity.scan_id)
        .join(Scan, Scan.id == ScanIdentity.scan_id)
        .where(ScanKey.position == 0, Scan.received_ms < settled_ms)
    )


def _cards(settled_ms: int) -> Select[*tuple[Any, ...]]:
    return (
        select(
            CardIdentity.credential_id,
            Credential.pseudonym_id,
            CardIdentity.sealing,
            CardIdentity.key,
            CardIdentity.box,
            Pseudonym.digest.label("binding"),
        )
        .join(Credential, Credential.id == CardIdentity.credential_id)
        .join(Pseudonym, Pseudonym.id == Credential.pseudonym_id)
        .where(CardIdentity.made_at < settled_ms // 1000)
    )
