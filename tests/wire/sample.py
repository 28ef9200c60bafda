"""One synthetic record, sealed as a kiosk seals it."""

from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wire import codec, sealing
from wire.records import ENTRY, Batch, BatchClock, IdentityPart, Record, StableKey, TracingPart

KIOSK = "cho-mau-1"
EPOCH = "0123456789abcdef" * 2
TRACING = TracingPart(
    kind="national",
    authentic=False,
    keys=[StableKey("qid", "160000000000000001"), StableKey("bhyt", "0100000001")],
    label="N. V. M.",
)
IDENTITY = IdentityPart(name="NGUYEN VAN MAU", phone="0900000000", birth="1990-**-**", sex="male")


@dataclass(frozen=True)
class Sample:
    ingest: X25519PrivateKey
    vault: X25519PrivateKey

    def bare(self) -> Record:
        """A record before it is sealed."""
        return Record(
            counter=7,
            direction=ENTRY,
            wall_ms=1_780_000_000_123,
            mono_ms=60_001,
            boot="0f" * 16,
            synced=True,
        )

    def sealed(self) -> Record:
        record = self.bare()
        bound = sealing.binding(KIOSK, EPOCH, record)
        return msgspec.structs.replace(
            record,
            tracing=sealing.seal(TRACING, self.ingest.public_key(), bound),
            identity=sealing.seal(IDENTITY, self.vault.public_key(), bound),
        )

    def batch(self) -> bytes:
        record = msgspec.Raw(codec.encode(self.sealed()))
        return codec.encode(Batch(epoch=EPOCH, clock=BatchClock(synced=True), records=[record]))
