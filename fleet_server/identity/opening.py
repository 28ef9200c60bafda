"""Collects a person's sealed identities and opens them. Used by the vault process only.

What a box is bound to is worked out from the rows beside it, so that a box moved to another scan,
card or person does not open.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import ColumnElement, Connection, Select, Table, select
from sqlalchemy.orm import aliased

from fleet_server.bulk import among
from fleet_server.database import chunks
from fleet_server.fleet import cards
from fleet_server.identity import links
from fleet_server.identity.vault_messages import Identity, OpenedPerson
from fleet_server.models import (
    Base,
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

_PSEUDONYMS: Final[Table] = Base.metadata.tables["pseudonyms"]
PER_PSEUDONYM: Final = 3
"""Scans opened per number a person is known by, the newest."""


class Box(NamedTuple):
    """One sealed identity and what it must be bound to."""

    seen_ms: int
    kind: str
    sealed: Sealed
    binding: bytes


def open_persons(
    connection: Connection,
    visitors: Sequence[str],
    leads: Mapping[int, int],
    key: X25519PrivateKey,
) -> list[OpenedPerson]:
    """All that is known of these visitors, in their order. Unknown references stay empty.

    `leads`: whom their numbers lead to today (`links.today`).
    """
    found = boxes(connection, set(leads.values()))
    opened = {person: _open(found.get(person, []), key) for person in set(leads.values())}
    out = []
    for visitor in visitors:
        person = leads.get(links.number_of(visitor) or 0)
        if person is None:
            out.append(OpenedPerson(visitor=visitor))
            continue
        identities, unreadable = opened[person]
        out.append(
            OpenedPerson(
                visitor=visitor,
                person=f"P{person}",
                known=merge([identity.part for identity in identities]),
                identities=identities,
                unreadable=unreadable,
            )
        )
    return out


def merge(parts: Sequence[IdentityPart]) -> IdentityPart:
    """Field by field the first that says something; `parts` come newest first."""
    if len(parts) == 1:
        return parts[0]
    known: dict[str, str] = {}
    for part in parts:
        for name in IdentityPart.__struct_fields__:
            if (value := getattr(part, name)) and name not in known:
                known[name] = value
    return IdentityPart(**known)


def boxes(connection: Connection, persons: Iterable[int]) -> dict[int, list[Box]]:
    """Sealed identities by person: those of issued cards, and of each number's newest scans."""
    found: dict[int, list[Box]] = defaultdict(list)
    for some in chunks(sorted(persons)):
        mine = among(connection, _PSEUDONYMS.c.person_id, some)
        for row in connection.execute(_of_cards(mine)):
            sealed = Sealed(row.sealing, row.key, bytes(row.box))
            binding = cards.binding(bytes(row.digest))
            found[row.person_id].append(Box(row.made_at * 1000, row.kind, sealed, binding))
        # One scan may have carried several numbers of the same person.
        scans = {
            (person, scan): _of_scan(said)
            for person, scan, *said in connection.execute(_of_scans(mine))
        }
        for (person, _), box in scans.items():
            found[person].append(box)
    return found


def _open(found: list[Box], key: X25519PrivateKey) -> tuple[list[Identity], int]:
    """What opens of these, all that differ, newest first; and how many do not."""
    identities: list[Identity] = []
    unreadable = 0
    for box in sorted(found, key=lambda box: box.seen_ms, reverse=True):
        try:
            part = sealing.open_sealed(box.sealed, IdentityPart, key, box.binding)
        except WireError:
            unreadable += 1
            continue
        if all(part != known.part for known in identities):
            identities.append(Identity(seen_ms=box.seen_ms, kind=box.kind, part=part))
    return identities, unreadable


def _of_cards(mine: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Pseudonym.person_id,
            Pseudonym.digest,
            CardIdentity.made_at,
            Credential.kind,
            CardIdentity.sealing,
            CardIdentity.key,
            CardIdentity.box,
        )
        .select_from(Pseudonym)
        .join(Credential, Credential.pseudonym_id == Pseudonym.id)
        .join(CardIdentity, CardIdentity.credential_id == Credential.id)
        .where(mine)
    )


def _of_scans(mine: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    older = aliased(ScanKey)
    newest = (
        select(older.scan_id)
        .join(ScanIdentity, ScanIdentity.scan_id == older.scan_id)
        .where(older.pseudonym_id == Pseudonym.id)
        .order_by(older.scan_id.desc())
        .limit(PER_PSEUDONYM)
        .correlate(Pseudonym)
    )
    return (
        select(
            Pseudonym.person_id,
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
        .select_from(Pseudonym)
        .join(ScanKey, ScanKey.pseudonym_id == Pseudonym.id)
        .join(ScanIdentity, ScanIdentity.scan_id == ScanKey.scan_id)
        .join(Scan, Scan.id == ScanKey.scan_id)
        .join(Kiosk, Kiosk.id == Scan.kiosk_id)
        .join(Credential, Credential.id == Scan.credential_id)
        .where(mine, ScanKey.scan_id.in_(newest))
    )


def _of_scan(said: Sequence[Any]) -> Box:
    """From what `_of_scans` selects after whose and which scan it is."""
    seen_ms, kind, how, key, box, kiosk, epoch, *rest = said
    counter, direction, wall_ms, mono_ms, boot, synced = rest
    record = Record(
        counter=counter,
        direction=direction,
        wall_ms=wall_ms,
        mono_ms=mono_ms,
        boot=boot,
        synced=synced,
    )
    return Box(seen_ms, kind, Sealed(how, key, bytes(box)), sealing.binding(kiosk, epoch, record))
