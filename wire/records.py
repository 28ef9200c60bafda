"""Scan records and the batches they travel in, kiosk to server.

Every field has a default and unknown fields are ignored, so that a newer and an older peer work
together. Words that may gain values later (`direction`, `kind`, a key's `space`) are plain text on
the wire: an unknown one is kept as it came.
"""

from typing import Annotated, Final

import msgspec

MAX_RECORD_BYTES: Final = 8_192
MAX_BATCH_RECORDS: Final = 200
MAX_KEYS: Final = 8
MAX_BATCH_BYTES: Final = 262_144

Word = Annotated[str, msgspec.Meta(max_length=32, pattern=r"\A[^\x00]*\Z")]
"""A short word of the contract, or one of a newer peer's."""
Text = Annotated[str, msgspec.Meta(max_length=64, pattern=r"\A[^\x00]*\Z")]
Value = Annotated[str, msgspec.Meta(max_length=512, pattern=r"\A[^\x00]*\Z")]

ENTRY: Final = "in"
EXIT: Final = "out"
BOTH: Final = "both"
DIRECTIONS: Final = (ENTRY, EXIT, BOTH)

COMPANIONS: Final = "companions"
"""Kind of a record that names nobody: it tells how many came with an earlier scan."""
MAX_COMPANIONS: Final = 50
"""With one scan."""


class Sealed(msgspec.Struct, frozen=True):
    """A compartment only one key opens (`wire.sealing`)."""

    sealing: Word = ""
    """How it was sealed; see `wire.sealing.SEALINGS`."""
    key: Text = ""
    """Id of the public key it was sealed to."""
    box: bytes = b""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted scan as the kiosk committed it. Its id is (kiosk, epoch, counter)."""

    counter: int = -1
    """Counts up from 1 within the queue file's epoch; never reused."""
    direction: Word = BOTH
    wall_ms: int = 0
    """The kiosk's wall clock, ms since 1970 UTC. Trustworthy only where `synced`."""
    mono_ms: int = 0
    """Milliseconds since this boot, suspend included."""
    boot: Text = ""
    """Which boot `mono_ms` counts in."""
    synced: bool = False
    """Whether the wall clock was synchronised when the record was made."""
    tracing: Sealed = Sealed()
    identity: Sealed | None = None


class BatchClock(msgspec.Struct, frozen=True, kw_only=True):
    """The kiosk's clocks at the moment a batch was sent: evidence to correct its records by."""

    boot: Text = ""
    mono_ms: int = 0
    wall_ms: int = 0
    synced: bool = False
    server_ms: int | None = None
    """`server_ms` of the last receipt heard in this boot, and when (`server_mono_ms`)."""
    server_mono_ms: int | None = None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is published on `scans`. Records stay as the bytes the kiosk committed, so that one
    unreadable record costs only itself and a content digest means the same on both sides."""

    epoch: str = ""
    """Random id made with the queue file, 32 hex digits."""
    clock: BatchClock = BatchClock()
    records: list[msgspec.Raw] = []


class StableKey(msgspec.Struct, frozen=True):
    """Something that names the same person or card at every scan."""

    space: Word = ""
    """Which numbering it belongs to: `card`, `qid`, `cccd`, `bhyt`, `ticket`, …"""
    value: Value = ""
    """The number in its normal form."""


class TracingPart(msgspec.Struct, frozen=True, kw_only=True):
    """Sealed to the ingest key: what is needed to recognise, nothing to call or visit by."""

    kind: Word = ""
    authentic: bool = False
    """Whether the code proved itself by a signature; most kinds cannot."""
    keys: Annotated[list[StableKey], msgspec.Meta(max_length=MAX_KEYS)] = []
    """All stable keys found, the one to recognise by first."""
    label: Text = ""
    """Masked, for the venue's log: never a full name or number."""
    companions: int = 0
    """Of kind `companions`, which has no key: so many more, or fewer where negative, came along."""
    of: int = 0
    """And with whom: the counter of an earlier record of the same kiosk and epoch."""


class IdentityPart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Sealed to the vault key: who this is and how to reach them, as far as the code said."""

    name: str = ""
    phone: str = ""
    birth: str = ""
    """As precise as the code gave it: `YYYY`, `YYYY-MM-DD`, or with `*` for what was masked."""
    sex: str = ""
    """`male`, `female` or empty."""
    address: str = ""
    document: str = ""
    insurance: str = ""
