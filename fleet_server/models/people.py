"""Person, pseudonym, credential: three things.

A credential is what is held up; a pseudonym is the keyed hash of one stable number on it; a person
is all pseudonyms that links hold together. No name, number or code in clear stands in any of them.
"""

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, BigInt, Id, Seconds


class Person(Base):
    __tablename__ = "persons"

    id: Mapped[Id]
    created_at: Mapped[Seconds]
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    """Set while links make this one person with another: references to it lead there."""


class Pseudonym(Base):
    __tablename__ = "pseudonyms"

    id: Mapped[Id]
    digest: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    """HMAC-SHA256 of space and number under the pseudonym key, 16 bytes. The key is elsewhere."""
    space: Mapped[str] = mapped_column(String(32))
    """Which numbering: `card`, `qid`, `cccd`, `bhyt`, `ticket`, …"""
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    """The person the links in force make of it."""
    own_person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    """The person it was first seen as; undoing all its links leads back there."""
    created_at: Mapped[Seconds]


class Link(Base):
    """Two pseudonyms are one person: why we think so, until when. Never deleted, only undone."""

    __tablename__ = "links"

    id: Mapped[Id]
    first_id: Mapped[int] = mapped_column(ForeignKey("pseudonyms.id"), index=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("pseudonyms.id"), index=True)
    reason: Mapped[str] = mapped_column(String(200))
    """`scan` where one code carried both numbers, else words."""
    scan_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("scans.id"), index=True)
    made_at: Mapped[Seconds]
    made_by: Mapped[str] = mapped_column(String(64))
    undone_at: Mapped[Seconds | None]
    undone_by: Mapped[str | None] = mapped_column(String(64))
    undone_reason: Mapped[str | None] = mapped_column(String(200))


class Credential(Base):
    """A kind of thing held up under one pseudonym; our own cards from the day they are issued."""

    __tablename__ = "credentials"
    __table_args__ = (UniqueConstraint("kind", "pseudonym_id"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    pseudonym_id: Mapped[int] = mapped_column(ForeignKey("pseudonyms.id"), index=True)
    authentic: Mapped[bool]
    first_seen_at: Mapped[Seconds]
    issued_at: Mapped[Seconds | None]
    revoked_at: Mapped[Seconds | None]
