"""What kiosks sent. A stored scan is never changed."""

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, BigInt, Id, Ms


class Scan(Base):
    """One record as accepted at a kiosk, with all the times known of it."""

    __tablename__ = "scans"
    __table_args__ = (
        UniqueConstraint("kiosk_id", "epoch", "counter"),
        # The last three are not searched for: what is counted is read from the index alone.
        Index("ix_scans_venue", "venue_id", "corrected_ms", "direction", "kiosk_id", "received_ms"),
        Index("ix_scans_received", "received_ms"),
    )

    id: Mapped[Id]
    kiosk_id: Mapped[int] = mapped_column(ForeignKey("kiosks.id"))
    epoch: Mapped[str] = mapped_column(String(32))
    counter: Mapped[int] = mapped_column(BigInt)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of the record's bytes as sent."""
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"))
    gate_id: Mapped[int | None] = mapped_column(ForeignKey("gates.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id"))
    direction: Mapped[str] = mapped_column(String(32))
    """As the record says it; a word this release does not know is kept and counts as `both`."""
    wall_ms: Mapped[Ms]
    """The kiosk's clock."""
    corrected_ms: Mapped[Ms]
    """Best estimate; equals `wall_ms` where the clock was synchronised."""
    earliest_ms: Mapped[Ms]
    latest_ms: Mapped[Ms]
    """Bounds on the true time; both equal `corrected_ms` where the clock was synchronised."""
    received_ms: Mapped[Ms]
    mono_ms: Mapped[Ms]
    boot: Mapped[str] = mapped_column(String(64))
    synced: Mapped[bool]
    credential_id: Mapped[int] = mapped_column(ForeignKey("credentials.id"), index=True)
    label: Mapped[str] = mapped_column(String(64))
    """Masked by the kiosk; what the venue's log shows."""


class Companions(Base):
    """People without a code, as counted at the kiosk with one of its scans.

    A scan has as many as its rows' changes add up to. The rows may arrive before the scan.
    """

    __tablename__ = "companions"
    __table_args__ = (
        UniqueConstraint("kiosk_id", "epoch", "counter"),
        Index("ix_companions_scan", "kiosk_id", "epoch", "of_counter"),
        Index("ix_companions_received", "received_ms"),
    )

    id: Mapped[Id]
    kiosk_id: Mapped[int] = mapped_column(ForeignKey("kiosks.id"))
    epoch: Mapped[str] = mapped_column(String(32))
    counter: Mapped[int] = mapped_column(BigInt)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of the record's bytes as sent."""
    of_counter: Mapped[int] = mapped_column(BigInt)
    """The scan's counter in the same kiosk and epoch."""
    change: Mapped[int]
    """So many more, or fewer where negative."""
    corrected_ms: Mapped[Ms]
    received_ms: Mapped[Ms]


class ScanKey(Base):
    """Which pseudonyms one scan carried, in the record's order."""

    __tablename__ = "scan_keys"
    __table_args__ = (Index("ix_scan_keys_pseudonym", "pseudonym_id", "scan_id"),)

    scan_id: Mapped[int] = mapped_column(BigInt, ForeignKey("scans.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    pseudonym_id: Mapped[int] = mapped_column(ForeignKey("pseudonyms.id"))


class ScanIdentity(Base):
    """The identity part as it came, still sealed to the vault."""

    __tablename__ = "scan_identities"

    scan_id: Mapped[int] = mapped_column(BigInt, ForeignKey("scans.id"), primary_key=True)
    sealing: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))
    box: Mapped[bytes] = mapped_column(LargeBinary)
    binding: Mapped[bytes] = mapped_column(LargeBinary)
    """What the box is bound to (`wire.sealing.binding`)."""


class RefusedRecord(Base):
    """What could not be stored, kept with the reason. Sealed parts stay sealed."""

    __tablename__ = "refused_records"
    __table_args__ = (UniqueConstraint("source", "epoch", "counter", "digest"),)

    id: Mapped[Id]
    source: Mapped[str] = mapped_column(String(128))
    """Kiosk id, or the topic where that names none."""
    epoch: Mapped[str] = mapped_column(String(32), default="")
    counter: Mapped[int] = mapped_column(BigInt, default=-1)
    """-1 where the record did not tell."""
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    reason: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(String(500))
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    """The bytes, cut at 8 KiB."""
    received_ms: Mapped[Ms]
    times: Mapped[int] = mapped_column(default=1)
    """How often the same bytes were refused."""


class Alarm(Base):
    """Something an operator must look at."""

    __tablename__ = "alarms"

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    kiosk_id: Mapped[int | None] = mapped_column(ForeignKey("kiosks.id"))
    detail: Mapped[str] = mapped_column(String(500))
    raised_ms: Mapped[Ms]
    cleared_ms: Mapped[Ms | None]
