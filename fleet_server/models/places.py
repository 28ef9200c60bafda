"""Where scans happen: areas, venues, their gates and rooms."""

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, Id, Ms, Seconds


class Area(Base):
    """One administrative unit in one of its versions: units merge, split and are renamed."""

    __tablename__ = "areas"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(16))
    level: Mapped[str] = mapped_column(String(16))
    """`province`, `district` (before July 2025) or `commune`."""
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    valid_from: Mapped[Seconds]
    valid_to: Mapped[Seconds | None]
    """None while in force."""
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))


class VenueType(Base):
    """Market, office, school, …: the rule in force says what dwell is assumed at each."""

    __tablename__ = "venue_types"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name_vi: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))


class Venue(Base):
    """A place people are counted as being in. All its gates and rooms are this one place."""

    __tablename__ = "venues"

    id: Mapped[Id]
    ref: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    type_id: Mapped[int] = mapped_column(ForeignKey("venue_types.id"))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    timezone: Mapped[str] = mapped_column(String(64), default="Asia/Ho_Chi_Minh")
    dwell_min: Mapped[int | None]
    """This venue's own dwell, minutes; None takes its type's by the rule in force."""
    capacity: Mapped[int | None]
    """How many people may be inside; None: not said."""
    created_at: Mapped[Seconds]
    closed_at: Mapped[Seconds | None]


class OpeningHours(Base):
    """One stretch of opening in local time. A stretch past midnight has `closes_min` above 1440."""

    __tablename__ = "opening_hours"
    __table_args__ = (Index("ix_opening_hours_venue", "venue_id", "weekday"),)

    id: Mapped[Id]
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"))
    weekday: Mapped[int]
    """0 Monday to 6 Sunday."""
    opens_min: Mapped[int]
    """Minutes after local midnight."""
    closes_min: Mapped[int]


class Gate(Base):
    __tablename__ = "gates"
    __table_args__ = (UniqueConstraint("venue_id", "ref"),)

    id: Mapped[Id]
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"))
    ref: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    retired_at: Mapped[Seconds | None]
    """Since when no kiosk is to stand there; its scans stay. None: in use."""


class Room(Base):
    __tablename__ = "rooms"
    __table_args__ = (UniqueConstraint("venue_id", "ref"),)

    id: Mapped[Id]
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"))
    ref: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    retired_at: Mapped[Seconds | None]
    """Since when no kiosk is to stand there; its scans stay. None: in use."""


class VenueReport(Base):
    """What a venue's manager tells tracers: something happened there and then."""

    __tablename__ = "venue_reports"
    __table_args__ = (Index("ix_venue_reports_venue", "venue_id", "told_ms"),)

    id: Mapped[Id]
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"))
    since: Mapped[Seconds]
    until: Mapped[Seconds]
    words: Mapped[str] = mapped_column(String(500))
    told_ms: Mapped[Ms] = mapped_column(index=True)
    told_by: Mapped[str] = mapped_column(String(64))
    seen_ms: Mapped[int | None] = mapped_column(BigInteger)
    """When a tracer answered; None: not yet."""
    seen_by: Mapped[str | None] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(String(500), default="")
    """What became of it, in words for the manager."""
