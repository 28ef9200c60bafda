"""The fleet's own visitor cards: issued with a random id, known to the database by pseudonym only.

Whom a card is for is sealed to the vault the moment it is issued; nothing else keeps it.
"""

import datetime as dt
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import Connection, insert, select, update

from fleet_server.errors import NotKnown
from fleet_server.fleet.references import Taken
from fleet_server.identity import audit, people
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.models import CardIdentity, Credential, Pseudonym
from wire import card as wire_card
from wire import sealing
from wire.records import IdentityPart

KIND = "card"
ID_BYTES = 16


class Issued(NamedTuple):
    """A card as it is handed out."""

    id: str
    """32 hex digits."""
    text: str
    """What its code says."""
    visitor: str
    """Reference of the person it stands for."""


def issue(
    connection: Connection,
    *,
    card_id: bytes,
    issued: dt.date,
    sign: Ed25519PrivateKey,
    pseudonyms: PseudonymKey,
    vault: X25519PublicKey,
    identity: IdentityPart | None,
    at_ms: int,
    actor: str,
) -> Issued:
    """Write down a new card and, sealed, whom it is for. `card_id` is 16 random bytes."""
    text = wire_card.encode(card_id, issued, sign)
    digest = pseudonyms.digest(KIND, card_id.hex())
    at_s = at_ms // 1000
    recognised = people.pseudonyms(connection, {digest: KIND}, at_s=at_s)
    pseudonym = recognised.ids[digest]
    if pseudonym not in recognised.fresh:
        raise Taken("this card id has been issued before")
    credential = connection.scalar(
        insert(Credential)
        .values(
            kind=KIND, pseudonym_id=pseudonym, authentic=True, first_seen_at=at_s, issued_at=at_s
        )
        .returning(Credential.id)
    )
    if identity is not None:
        sealed = sealing.seal(identity, vault, binding(digest))
        connection.execute(
            insert(CardIdentity).values(
                credential_id=credential,
                sealing=sealed.sealing,
                key=sealed.key,
                box=sealed.box,
                made_at=at_s,
            )
        )
    (person,) = people.persons_of(connection, [pseudonym])
    visitor = f"P{person}"
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="card.issued",
        subject=visitor,
        detail={"named": identity is not None},
    )
    return Issued(card_id.hex(), text, visitor)


def revoke(
    connection: Connection,
    *,
    card_id: str,
    pseudonyms: PseudonymKey,
    reason: str,
    at_ms: int,
    actor: str,
) -> str:
    """Mark a card as no longer good; the visitor's reference. Raises NotKnown, Taken."""
    row = connection.execute(
        select(Credential.id, Credential.revoked_at, Pseudonym.person_id)
        .join(Pseudonym, Pseudonym.id == Credential.pseudonym_id)
        .where(Pseudonym.digest == pseudonyms.digest(KIND, card_id), Credential.kind == KIND)
    ).one_or_none()
    if row is None:
        raise NotKnown("card: không có / this fleet issued no such card")
    if row.revoked_at is not None:
        raise Taken("card: đã thu hồi / is revoked already")
    connection.execute(
        update(Credential).where(Credential.id == row.id).values(revoked_at=at_ms // 1000)
    )
    visitor = f"P{row.person_id}"
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="card.revoked",
        subject=visitor,
        detail={"reason": reason},
    )
    return visitor


def binding(digest: bytes) -> bytes:
    """The associated data of a card's sealed identity. `digest` is its pseudonym."""
    return msgspec.json.encode(["tram/1", "card", digest.hex()])
