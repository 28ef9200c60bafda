"""Stays derived from scans. Everything here can be thrown away and rebuilt."""

from typing import Final

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, BigInt, Id, Ms, Seconds

UNCERTAIN: Final = "entered_earliest < entered_at"


class Visit(Base):
    """[entered, left) of one person at one venue, with bounds and the scans behind it."""

    __tablename__ = "visits"
    __table_args__ = (
        UniqueConstraint("venue_id", "entered_at", "person_id"),
        Index("ix_visits_person", "person_id", "entered_at"),
        # The few whose start is uncertain are found by when they may have begun.
        Index(
            "ix_visits_uncertain",
            "venue_id",
            "entered_earliest",
            sqlite_where=text(UNCERTAIN),
            postgresql_where=text(UNCERTAIN),
        ),
    )

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id"))
    entered_at: Mapped[Seconds]
    """Expected start."""
    entered_earliest: Mapped[Seconds]
    entered_latest: Mapped[Seconds]
    left_at: Mapped[Seconds | None]
    """Where measured by an exit scan."""
    end_source: Mapped[str] = mapped_column(String(16))
    """`exit_scan`, `next_scan`, `venue_closed` or `dwell_default`."""
    end_earliest: Mapped[Seconds]
    end_latest: Mapped[Seconds]
    """For an unknown exit the cap, the closing or the next entry, whichever is first. The expected
    end depends on the question's dwell and is not stored."""
    entry_scan_id: Mapped[int] = mapped_column(BigInt, ForeignKey("scans.id"))
    exit_scan_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("scans.id"))
    authentic: Mapped[bool]
    """Whether signed codes stand behind all its scans."""
    capped: Mapped[bool]
    """Whether the measured exit came later than any stay is taken to last, and was cut there."""


class OrphanExit(Base):
    """An exit scan without an open stay at its venue: kept, but no exposure by itself."""

    __tablename__ = "orphan_exits"

    scan_id: Mapped[int] = mapped_column(BigInt, ForeignKey("scans.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"))
    left_at: Mapped[Seconds]


class StaleVisits(Base):
    """Persons whose scans changed since their visits were derived; written with the scans."""

    __tablename__ = "stale_visits"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    since_ms: Mapped[Ms]
