"""What a message is worth: its records ready to be stored, or refused with the reason. Pure.

Opens the tracing part only. Numbers in clear end here: what goes on are pseudonyms.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wire import codec, sealing, topics
from wire.errors import WireError
from wire.records import COMPANIONS, MAX_RECORD_BYTES, BatchClock, Record, TracingPart

MAX_DETAIL: Final = 200
"""Characters of a refusal's explanation that are kept and sent back."""
MAX_SOURCE: Final = 128

Digest = Callable[[str, str], bytes]
"""Space and value to pseudonym digest (`PseudonymKey.digest`)."""


@dataclass(frozen=True, slots=True)
class Key:
    """One stable key as the database will know it."""

    space: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """One record that can be stored, if its kiosk is known."""

    record: Record
    digest: bytes
    """SHA-256 of its bytes as sent."""
    raw: bytes
    kind: str
    authentic: bool
    keys: tuple[Key, ...]
    """Without repetitions, the one to recognise by first; none where it counts companions."""
    label: str
    binding: bytes
    companions: int = 0
    """So many more, or fewer where negative, came with the scan `of`; 0 where it is a scan."""
    of: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """One record, or a whole message, that cannot be stored."""

    reason: str
    detail: str
    digest: bytes
    payload: bytes
    """The bytes, cut at the size of the largest record."""
    counter: int = -1
    """-1 where it did not tell."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One message on `scans`."""

    source: str
    """The kiosk, or the topic where it names none."""
    received_ms: int
    epoch: str
    """Empty where the message as a whole is refused."""
    clock: BatchClock
    accepted: tuple[Accepted, ...]
    refused: tuple[Refused, ...]

    @property
    def records(self) -> int:
        return len(self.accepted) + len(self.refused)


def judge(
    topic: str, payload: bytes, *, received_ms: int, key: X25519PrivateKey, pseudonym: Digest
) -> Judged:
    """What to do with each record of a batch. Raises nothing, whatever the bytes."""
    try:
        source = topics.parse(topic).kiosk
        batch = codec.decode_batch(payload)
    except WireError as problem:
        return refuse_whole(topic, payload, problem, received_ms=received_ms)
    accepted: list[Accepted] = []
    refusals: list[Refused] = []
    for raw in map(bytes, batch.records):
        try:
            accepted.append(_accept(raw, source, batch.epoch, key, pseudonym))
        except WireError as problem:
            counter = codec.counter_of(raw)
            found = -1 if counter is None else counter
            refusals.append(refuse(raw, problem.reason, str(problem), counter=found))
    return Judged(source, received_ms, batch.epoch, batch.clock, tuple(accepted), tuple(refusals))


def refuse_whole(topic: str, payload: bytes, problem: WireError, *, received_ms: int) -> Judged:
    """A message of any channel that is no use as a whole."""
    try:
        source = topics.parse(topic).kiosk
    except WireError:
        source = topic[:MAX_SOURCE].replace("\x00", "")
    refused = refuse(payload, problem.reason, str(problem))
    return Judged(source, received_ms, "", BatchClock(), (), (refused,))


def refuse(raw: bytes, reason: str, detail: str, *, counter: int = -1) -> Refused:
    """A refusal that names what `raw` was by its digest."""
    return Refused(
        reason=reason,
        detail=detail[:MAX_DETAIL].replace("\x00", ""),
        digest=hashlib.sha256(raw).digest(),
        payload=raw[:MAX_RECORD_BYTES],
        counter=counter,
    )


def _accept(
    raw: bytes, kiosk: str, epoch: str, key: X25519PrivateKey, pseudonym: Digest
) -> Accepted:
    record = codec.decode_record(raw)
    binding = sealing.binding(kiosk, epoch, record)
    part = sealing.open_sealed(record.tracing, TracingPart, key, binding)
    keys = dict.fromkeys(Key(k.space, pseudonym(k.space, k.value)) for k in part.keys)
    return Accepted(
        record=record,
        digest=hashlib.sha256(raw).digest(),
        raw=raw,
        kind=part.kind,
        authentic=part.authentic,
        keys=tuple(keys),
        label=part.label,
        binding=binding,
        companions=part.companions if part.kind == COMPANIONS else 0,
        of=part.of,
    )
