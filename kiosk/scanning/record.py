"""From a payload to the bytes that are committed: sealed the moment the code is read.

After this nothing on the kiosk can open them again.
"""

from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from kiosk.clock import Moment
from kiosk.credentials.payload import Payload
from kiosk.errors import KioskError
from wire import codec, sealing
from wire.records import COMPANIONS, MAX_RECORD_BYTES, IdentityPart, Record, TracingPart


class RecordTooLarge(KioskError, ValueError):
    """A code that says more than a record may carry."""


@dataclass(frozen=True, kw_only=True)
class Sealer:
    """Makes this kiosk's records."""

    kiosk: str
    epoch: str
    """The queue file's."""
    direction: str
    ingest: X25519PublicKey
    vault: X25519PublicKey

    def record(self, payload: Payload, *, counter: int, moment: Moment) -> bytes:
        """The record of `payload` as JSON, exactly as it will be published.

        Both compartments are bound to kiosk, epoch, counter, times and direction. Raises
        RecordTooLarge.
        """
        tracing = TracingPart(
            kind=payload.kind,
            authentic=payload.authentic,
            keys=list(payload.keys),
            label=payload.label,
        )
        identity = payload.identity
        if identity == IdentityPart():
            identity = None
        return self._sealed(tracing, identity, counter=counter, moment=moment)

    def companions(self, change: int, *, of: int, counter: int, moment: Moment) -> bytes:
        """The record that `change` more (or fewer) people came with the scan `of`."""
        tracing = TracingPart(kind=COMPANIONS, companions=change, of=of)
        return self._sealed(tracing, None, counter=counter, moment=moment)

    def _sealed(
        self,
        tracing: TracingPart,
        identity: IdentityPart | None,
        *,
        counter: int,
        moment: Moment,
    ) -> bytes:
        record = Record(
            counter=counter,
            direction=self.direction,
            wall_ms=moment.wall_ms,
            mono_ms=moment.mono_ms,
            boot=moment.boot,
            synced=moment.synced,
        )
        bound_to = sealing.binding(self.kiosk, self.epoch, record)
        sealed = msgspec.structs.replace(
            record,
            tracing=sealing.seal(tracing, self.ingest, bound_to),
            identity=None if identity is None else sealing.seal(identity, self.vault, bound_to),
        )
        content = codec.encode(sealed)
        if len(content) > MAX_RECORD_BYTES:
            raise RecordTooLarge(
                f"a record of {len(content)} bytes where {MAX_RECORD_BYTES} are allowed"
            )
        return content
