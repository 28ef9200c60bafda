"""The weekly figures of coverage: kept when the scans they were counted from are long gone.

Counts by place and week; no person, no code and no time of anybody's is in them.
"""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, BigInt, Ms, Seconds


class CountedWeek(Base):
    """A week that was counted."""

    __tablename__ = "counted_weeks"

    week: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    """Its Monday, days since 1970."""
    counted_ms: Mapped[Ms]
    people: Mapped[int]
    """Distinct, at all places together."""


class PlaceWeek(Base):
    """What was counted of one registered place in one week."""

    __tablename__ = "place_weeks"
    __table_args__ = (
        Index("ix_place_weeks_venue_id", "venue_id", "week"),
        {"sqlite_with_rowid": False},
    )

    week: Mapped[int] = mapped_column(
        BigInt, ForeignKey("counted_weeks.week"), primary_key=True, autoincrement=False
    )
    venue_id: Mapped[int] = mapped_column(
        BigInt, ForeignKey("venues.id"), primary_key=True, autoincrement=False
    )
    scans: Mapped[int]
    people: Mapped[int]
    repeated: Mapped[int]
    """Scans of a code that was scanned there the same day in the same direction already."""
    most_by_one: Mapped[int]
    """So many times one code was scanned there in a day and direction, at most."""
    stays: Mapped[int]
    exits: Mapped[int]
    """Stays whose exit was measured."""
    silence: Mapped[str] = mapped_column(String(16))
    """Why it is to be looked at (`reports.silences.Reason`); empty where it is not."""
    since: Mapped[Seconds | None]
    """Since when, where that is known."""
    kiosk_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("kiosks.id"))
    """Which kiosk it is about."""
    last_day: Mapped[int | None]
    """The last local day it had a scan, days since 1970; None: it never had any."""


class AreaWeek(Base):
    """Distinct people in one area and week: sums over places would count them several times."""

    __tablename__ = "area_weeks"

    week: Mapped[int] = mapped_column(
        BigInt, ForeignKey("counted_weeks.week"), primary_key=True, autoincrement=False
    )
    area_id: Mapped[int] = mapped_column(
        BigInt, ForeignKey("areas.id"), primary_key=True, autoincrement=False
    )
    people: Mapped[int]
