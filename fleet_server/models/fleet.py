"""The kiosks: which there are, where each stands since when, and what was last heard of it."""

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, Id, Ms, Seconds


class Kiosk(Base):
    __tablename__ = "kiosks"

    id: Mapped[Id]
    ref: Mapped[str] = mapped_column(String(48), unique=True)
    """Its id on the wire and in its certificate."""
    certificate: Mapped[str] = mapped_column(String(64), default="")
    """SHA-256 of the certificate last issued to it (DER), hex."""
    created_at: Mapped[Seconds]
    revoked_at: Mapped[Seconds | None]


class Posting(Base):
    """Where a kiosk stands and which way it counts, from when to when.

    A scan that arrives late belongs to the posting in force when it was made.
    """

    __tablename__ = "postings"
    __table_args__ = (Index("ix_postings_kiosk", "kiosk_id", "valid_from"),)

    id: Mapped[Id]
    kiosk_id: Mapped[int] = mapped_column(ForeignKey("kiosks.id"))
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"), index=True)
    gate_id: Mapped[int | None] = mapped_column(ForeignKey("gates.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id"))
    direction: Mapped[str] = mapped_column(String(8))
    """`in`, `out` or `both`: what its settings were made with."""
    valid_from: Mapped[Seconds]
    valid_to: Mapped[Seconds | None]


class Presence(Base):
    """What was last heard of a kiosk."""

    __tablename__ = "presence"

    kiosk_id: Mapped[int] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(32), default="")
    session: Mapped[str] = mapped_column(String(64), default="")
    since_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    heard_ms: Mapped[Ms]
    """Server time of the last message of any kind."""
    about: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Last `wire.presence.About`, as it came."""
    health: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Last `wire.presence.Health`, as it came."""


class Outage(Base):
    """A time in which nothing was heard of a kiosk, written down when it spoke again."""

    __tablename__ = "outages"
    __table_args__ = (Index("ix_outages_kiosk", "kiosk_id", "until_ms"),)

    id: Mapped[Id]
    kiosk_id: Mapped[int] = mapped_column(ForeignKey("kiosks.id"))
    since_ms: Mapped[Ms]
    """Server time of the last it had said."""
    until_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    state: Mapped[str] = mapped_column(String(32))
    """What it had said of itself then: `disconnected` where it was switched off."""
