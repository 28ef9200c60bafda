"""Collects a person's sealed identities and opens them. Used by the vault process only.

What a box is bound to is worked out from the rows beside it, so that a box moved to another scan,
card or person does not open.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection, select

from fleet_server.errors import NotKnown
from fleet_server.fleet import cards
from fleet_server.identity import links
from fleet_server.identity.vault_messages import Identity, OpenedPerson
from fleet_server.models import (
    CardIdentity,
    Credential,
    Kiosk,
    Pseudonym,
    Scan,
    ScanIdentity,
    ScanKey,
)
from wire import sealing
from wire.errors import WireError
from wire.records import IdentityPart, Record, Sealed

PER_PSEUDONYM: Final = 3
"""Scans opened per number a person is known by, the newest."""


class Box(NamedTuple):
    """One sealed identity and what it must be bound to."""

    seen_ms: int
    kind: str
    sealed: Sealed
    binding: bytes


def open_person(connection: Connection, visitor: str, key: X25519PrivateKey) -> OpenedPerson:
    """All that is known of a visitor. An unknown reference gives an empty answer."""
    try:
        person = links.resolve(connection, visitor)
    except NotKnown:
        return OpenedPerson(visitor=visitor)
    identities: list[Identity] = []
    unreadable = 0
    for box in sorted(boxes(connection, person), key=lambda box: box.seen_ms, reverse=True):
        try:
            part = sealing.open_sealed(box.sealed, IdentityPart, key, box.binding)
        except WireError:
            unreadable += 1
            continue
        if all(part != known.part for known in identities):
            identities.append(Identity(seen_ms=box.seen_ms, kind=box.kind, part=part))
    return OpenedPerson(
        visitor=visitor,
        person=f"P{person}",
        known=merge(identity.part for identity in identities),
        identities=identities,
        unreadable=unreadable,
    )


def merge(parts: Iterable[IdentityPart]) -> IdentityPart:
    """Field by field the first that says something; `parts` come newest first."""
    known: dict[str, str] = {}
    for part in parts:
        for name in IdentityPart.__struct_fields__:
            if (value := getattr(part, name)) and name not in known:
                known[name] = value
    return IdentityPart(**known)


def boxes(connection: Connection, person: int) -> list[Box]:
    """A person's sealed identities: those of issued cards, and of each number's newest scans."""
    mine = connection.execute(
        select(Pseudonym.id, Pseudonym.digest).where(Pseudonym.person_id == person)
    ).all()
    found: dict[int, Box] = {}
    issued: list[Box] = []
    for pseudonym, digest in mine:
        found |= _of_scans(connection, pseudonym)
        issued += _of_cards(connection, pseudonym, bytes(digest))
    return [*issued, *found.values()]


def _of_cards(connection: Connection, pseudonym: int, digest: bytes) -> list[Box]:
    rows = connection.execute(
        select(CardIdentity, Credential.kind)
        .join(Credential, Credential.id == CardIdentity.credential_id)
        .where(Credential.pseudonym_id == pseudonym)
        .with_only_columns(
            CardIdentity.made_at,
            Credential.kind,
            CardIdentity.sealing,
            CardIdentity.key,
            CardIdentity.box,
        )
    )
    return [
        Box(made_at * 1000, kind, Sealed(sealed, key, bytes(box)), cards.binding(digest))
        for made_at, kind, sealed, key, box in rows
    ]


def _of_scans(connection: Connection, pseudonym: int) -> dict[int, Box]:
    rows = connection.execute(
        select(
            Scan.id,
            Scan.corrected_ms,
            Credential.kind,
            ScanIdentity.sealing,
            ScanIdentity.key,
            ScanIdentity.box,
            Kiosk.ref.label("kiosk"),
            Scan.epoch,
            Scan.counter,
            Scan.direction,
            Scan.wall_ms,
            Scan.mono_ms,
            Scan.boot,
            Scan.synced,
        )
        .select_from(ScanKey)
        .join(ScanIdentity, ScanIdentity.scan_id == ScanKey.scan_id)
        .join(Scan, Scan.id == ScanKey.scan_id)
        .join(Kiosk, Kiosk.id == Scan.kiosk_id)
        .join(Credential, Credential.id == Scan.credential_id)
        .where(ScanKey.pseudonym_id == pseudonym)
        .order_by(ScanKey.scan_id.desc())
        .limit(PER_PSEUDONYM)
    )
    return {
        row.id: Box(
            row.corrected_ms,
            row.kind,
            Sealed(row.sealing, row.key, bytes(row.box)),
            sealing.binding(
                row.kiosk,
                row.epoch,
                Record(
                    counter=row.counter,
                    direction=row.direction,
                    wall_ms=row.wall_ms,
                    mono_ms=row.mono_ms,
                    boot=row.boot,
                    synced=row.synced,
                ),
            ),
        )
        for row in rows
    }
