"""Scans as a kiosk would send them: sealed records and batches, built from plain words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wire import codec, sealing
from wire.records import (
    Batch,
    BatchClock,
    IdentityPart,
    Record,
    Sealed,
    StableKey,
    TracingPart,
)

EPOCH = "0123456789abcdef" * 2
NOON_MS = 1_767_243_600_000
"""2026-01-01 12:00 in Vietnam."""


@dataclass(frozen=True)
class SealingKeys:
    """The two private keys of a fleet, made for one test."""

    ingest: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    vault: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)


def tracing_part(
    *keys: tuple[str, str], kind: str = "card", authentic: bool | None = None, label: str = "N***"
) -> TracingPart:
    """`tracing_part(("qid", "1"), ("bhyt", "2"), kind="national")`."""
    return TracingPart(
        kind=kind,
        authentic=kind == "card" if authentic is None else authentic,
        keys=[StableKey(space, value) for space, value in keys],
        label=label,
    )


def make_kiosk_record(
    keys: SealingKeys,
    *,
    kiosk: str = "cho-mau-1",
    epoch: str = EPOCH,
    counter: int = 1,
    part: TracingPart | None = None,
    identity: IdentityPart | None = None,
    **times: Any,
) -> bytes:
    """One sealed record's bytes. `times`: direction, wall_ms, mono_ms, boot, synced."""
    values: dict[str, Any] = {"direction": "in", "wall_ms": NOON_MS, "mono_ms": 60_000}
    values |= {"boot": "boot-1", "synced": True} | times
    record = Record(counter=counter, **values)
    bound_to = sealing.binding(kiosk, epoch, record)
    part = part or tracing_part(("card", f"{counter:032x}"))
    sealed = msgspec.structs.replace(
        record,
        tracing=sealing.seal(part, keys.ingest.public_key(), bound_to),
        identity=_identity(identity, keys, bound_to),
    )
    return codec.encode(sealed)


def make_batch(
    records: Sequence[bytes], *, epoch: str = EPOCH, clock: BatchClock | None = None
) -> bytes:
    """What a kiosk publishes on `scans`."""
    clock = clock or BatchClock(boot="boot-1", mono_ms=61_000, wall_ms=NOON_MS + 1_000, synced=True)
    return codec.encode(
        Batch(epoch=epoch, clock=clock, records=[msgspec.Raw(record) for record in records])
    )


def _identity(identity: IdentityPart | None, keys: SealingKeys, bound_to: bytes) -> Sealed | None:
    if identity is None:
        return None
    return sealing.seal(identity, keys.vault.public_key(), bound_to)
