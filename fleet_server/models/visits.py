"""Stays derived from scans or imported. The stays themselves are kept by day in tables made as
the days come (`tracing.storage`); here is what stands beside them.
"""

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, BigInt, Id, Ms, Seconds


class VisitDay(Base):
    """A day that has tables of its own."""

    __tablename__ = "visit_days"

    day: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    """Days since 1970, UTC."""


class UnsureStay(Base):
    """A stay of which more is uncertain than an unseen exit, by when it may have begun."""

    __tablename__ = "unsure_stays"
    __table_args__ = (
        Index("ix_unsure_stays_person", "person_id", "entered_at"),
        {"sqlite_with_rowid": False},
    )

    venue_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    entered_at: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    entered_earliest: Mapped[Seconds]
    end_latest: Mapped[Seconds]


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


class VenueStaff(Base):
    """Who sells or works at a venue: an unseen exit is expected at closing. Never deleted."""

    __tablename__ = "venue_staff"

    id: Mapped[Id]
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    since: Mapped[Seconds]
    until: Mapped[Seconds | None]
    """Not itself in it; None: until further notice."""
    reason: Mapped[str] = mapped_column(String(200))
    label: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """Masked; of the scan somebody was noted from."""
    made_at: Mapped[Seconds]
    made_by: Mapped[str] = mapped_column(String(64))
    undone_at: Mapped[Seconds | None]
    undone_by: Mapped[str | None] = mapped_column(String(64))


class ExposureRule(Base):
    """One version of the rules of exposure. Never changed: another version is another row."""

    __tablename__ = "exposure_rules"

    id: Mapped[Id]
    version: Mapped[str] = mapped_column(String(32), unique=True)
    """The newest row is the rule in force."""
    rule: Mapped[str] = mapped_column(Text)
    """JSON of `tracing.rules.Terms`."""
    made_at: Mapped[Seconds]
    made_by: Mapped[str] = mapped_column(String(64))


class ImportedVisitor(Base):
    """A person of imported stays, known by the reference the file gave."""

    __tablename__ = "imported_visitors"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(String(200), unique=True)


class VisitImport(Base):
    """A file of stays on its way in; gone once it is all there."""

    __tablename__ = "visit_imports"
    __table_args__ = (UniqueConstraint("digest", "columns"),)

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the file, hex."""
    columns: Mapped[str] = mapped_column(String(500))
    """Which of its columns were read as what."""
    records: Mapped[int] = mapped_column(BigInt)
    """So many from its beginning are in the database."""
    began_ms: Mapped[Ms]
