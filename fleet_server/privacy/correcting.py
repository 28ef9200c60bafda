"""A correction of what is known of a person: another identity, sealed to the vault like a card's.

Nothing that was sealed is changed. The vault shows field by field the newest, so a correction wins
over what came before it; a code shown later says again what stands in it.
"""

from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import Connection, delete, insert, select

from fleet_server.errors import Refused
from fleet_server.fleet import cards
from fleet_server.models import CardIdentity, Credential, Pseudonym
from fleet_server.privacy import rights
from wire import sealing
from wire.records import IdentityPart

FIELDS: Final = IdentityPart.__struct_fields__
MAX_FIELD: Final = 300


def identity(fields: Mapping[str, str]) -> IdentityPart:
    """The corrected fields. Raises Refused for others, empty or unprintable ones."""
    for name, value in fields.items():
        if name not in FIELDS:
            raise Refused(f"--field {name}: expected one of {', '.join(FIELDS)}")
        if not value.strip() or len(value) > MAX_FIELD or not value.isprintable():
            raise Refused(f"--field {name}: expected 1 to {MAX_FIELD} characters on one line")
    if not fields:
        raise Refused(f"--field NAME=VALUE: expected at least one of {', '.join(FIELDS)}")
    return IdentityPart(**{name: value.strip() for name, value in fields.items()})


def correct(
    connection: Connection,
    ref: str,
    part: IdentityPart,
    *,
    vault: X25519PublicKey,
    at_ms: int,
    actor: str,
) -> None:
    """Seals what is right to the vault. The same request again replaces what it said before.

    Raises Refused, also for somebody known by an import only: there the file is to be corrected.
    """
    person = rights.the_person(connection, ref, "correct")
    found = connection.execute(
        select(Pseudonym.id, Pseudonym.digest)
        .where(Pseudonym.person_id == person)
        .order_by(Pseudonym.own_person_id != rights.as_found(connection, ref), Pseudonym.id)
        .limit(1)
    ).one_or_none()
    if found is None:
        raise Refused(
            f"{ref}: P{person} đến từ tệp nhập / is known by an import only, which holds no name:"
            " correct it where the file comes from"
        )
    kind = f"correction-{ref.removeprefix(rights.PREFIX)}"
    _withdraw(connection, kind)
    at = at_ms // 1000
    credential = connection.scalar(
        insert(Credential)
        .values(kind=kind, pseudonym_id=found.id, authentic=False, first_seen_at=at)
        .returning(Credential.id)
    )
    sealed = sealing.seal(part, vault, cards.binding(bytes(found.digest)))
    connection.execute(
        insert(CardIdentity).values(
            credential_id=credential,
            sealing=sealed.sealing,
            key=sealed.key,
            box=sealed.box,
            # Later than whatever came in this same second.
            made_at=at + 1,
        )
    )
    given = [name for name in FIELDS if getattr(part, name)]
    rights.note(
        connection,
        "corrected",
        ref,
        at_ms=at_ms,
        actor=actor,
        subject=f"P{person}",
        detail={"fields": given},
    )


def _withdraw(connection: Connection, kind: str) -> None:
    before = connection.scalars(select(Credential.id).where(Credential.kind == kind)).all()
    connection.execute(delete(CardIdentity).where(CardIdentity.credential_id.in_(before)))
    connection.execute(delete(Credential).where(Credential.id.in_(before)))
