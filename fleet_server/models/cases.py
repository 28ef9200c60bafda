"""Cases: whom they are about, what was decided in them and on what ground."""

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, BigInt, Id, Ms, Seconds


class Case(Base):
    """One outbreak's worth of work, from the laboratory's call until it is closed."""

    __tablename__ = "cases"

    id: Mapped[Id]
    ref: Mapped[str] = mapped_column(String(64), unique=True)
    disease: Mapped[str] = mapped_column(String(64))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    """The unit that works on it."""
    lab_ref: Mapped[str] = mapped_column(String(64))
    """The laboratory's own number; empty until it is known."""
    lab_confirmed_at: Mapped[Seconds | None]
    lab_confirmed_by: Mapped[str | None] = mapped_column(String(64))
    """Somebody else than who opened the case."""
    onset_at: Mapped[Seconds | None]
    isolated_at: Mapped[Seconds | None]
    since_at: Mapped[Seconds | None]
    """The window, where it was given by hand; else it follows from onset and rule."""
    until_at: Mapped[Seconds | None]
    rule_version: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[Seconds]
    opened_by: Mapped[str] = mapped_column(String(64))
    closed_at: Mapped[Seconds | None]
    closed_by: Mapped[str | None] = mapped_column(String(64))


class CasePerson(Base):
    """A person in a case: an index person or a contact."""

    __tablename__ = "case_persons"
    __table_args__ = (UniqueConstraint("case_id", "person_id"), UniqueConstraint("case_id", "ref"))

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    ref: Mapped[str] = mapped_column(String(16))
    """Random, and means nothing outside this case: the only reference exports carry."""
    role: Mapped[str] = mapped_column(String(2))
    """`F0`, `F1` or `F2`."""
    state: Mapped[str] = mapped_column(String(16))
    """Of a contact (`cases.states`); `index` for an index person."""
    reachable: Mapped[bool | None]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    """The commune that calls."""
    area_source: Mapped[str] = mapped_column(String(8), default="")
    """`venue`, `address` or `by_hand`: what says so."""
    added_at: Mapped[Seconds]
    added_by: Mapped[str] = mapped_column(String(64))
    removed_at: Mapped[Seconds | None]
    """Taken out by hand, or nothing of the exposure is left."""


class CaseExposure(Base):
    """By the last evaluation: how a contact was exposed to another person of the case."""

    __tablename__ = "case_exposures"

    contact_id: Mapped[int] = mapped_column(ForeignKey("case_persons.id"), primary_key=True)
    index_id: Mapped[int] = mapped_column(
        ForeignKey("case_persons.id"), primary_key=True, index=True
    )
    """Who infected, if anybody: an F0, or an F1 for an F2."""
    tier: Mapped[str] = mapped_column(String(1))
    certain_s: Mapped[int]
    expected_s: Mapped[int]
    possible_s: Mapped[int]
    first_at: Mapped[Seconds]
    places: Mapped[str] = mapped_column(Text)
    """JSON list of venue references."""


class Milestone(Base):
    """Where an index person was and when: from scans or told. Never changed but for its state."""

    __tablename__ = "milestones"
    __table_args__ = (Index("ix_milestones_case", "case_id", "start_at"),)

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    index_id: Mapped[int] = mapped_column(ForeignKey("case_persons.id"))
    venue_id: Mapped[int | None] = mapped_column(ForeignKey("venues.id"))
    """None for a place without a kiosk."""
    words: Mapped[str] = mapped_column(String(200))
    """What such a place is called."""
    start_earliest: Mapped[Seconds]
    start_at: Mapped[Seconds]
    start_latest: Mapped[Seconds]
    end_earliest: Mapped[Seconds]
    end_at: Mapped[Seconds]
    end_latest: Mapped[Seconds]
    source: Mapped[str] = mapped_column(String(8))
    """`scans` or `by_hand`."""
    state: Mapped[str] = mapped_column(String(16))
    """`proposed`, `confirmed`, `rejected` or `replaced`."""
    note: Mapped[str] = mapped_column(String(500), default="")
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("milestones.id"))
    made_at: Mapped[Seconds]
    made_by: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[Seconds | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))


class CaseEvent(Base):
    """What happened in a case, in the tracers' words. The database refuses to change it."""

    __tablename__ = "case_events"
    __table_args__ = (Index("ix_case_events_case", "case_id", "id"),)

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("case_persons.id"), index=True)
    at_ms: Mapped[Ms]
    made_by: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
    """JSON: what it was, what it is."""
    words: Mapped[str] = mapped_column(String(1000), default="")


class FrozenResult(Base):
    """A result as it stood when something was decided by it, signed by the vault."""

    __tablename__ = "frozen_results"
    __table_args__ = (Index("ix_frozen_results_case", "case_id", "id"),)

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    at_ms: Mapped[Ms]
    made_by: Mapped[str] = mapped_column(String(64))
    decision: Mapped[str] = mapped_column(String(32))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """zlib of JSON: answer, milestones, scans, rule and gaps."""
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of the JSON."""
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))
    """Ed25519 by the vault over case, time, decision and digest (`cases.freezing.statement`)."""


class CaseLook(Base):
    """The result somebody saw last."""

    __tablename__ = "case_looks"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    seen_by: Mapped[str] = mapped_column(String(64), primary_key=True)
    frozen_id: Mapped[int] = mapped_column(ForeignKey("frozen_results.id"))
    at_ms: Mapped[Ms]


class NameOpening(Base):
    """A request to open more names than one person may alone."""

    __tablename__ = "name_openings"

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    asked_ms: Mapped[Ms]
    asked_by: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(200))
    persons: Mapped[str] = mapped_column(Text)
    """JSON list of ids of `case_persons`."""
    state: Mapped[str] = mapped_column(String(16))
    """`asked`, `approved`, `refused`, `broken_glass` or `reviewed`."""
    reason: Mapped[str] = mapped_column(String(500), default="")
    """Why the glass was broken, or why it was refused."""
    decided_ms: Mapped[int | None] = mapped_column(BigInteger)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    review_until_ms: Mapped[int | None] = mapped_column(BigInteger)
    verdict: Mapped[str] = mapped_column(String(500), default="")
    """What the review found."""


class OpenedName(Base):
    """Whose name was opened by whom: what the daily limit counts."""

    __tablename__ = "opened_names"
    __table_args__ = (Index("ix_opened_names_actor", "actor", "at_ms"),)

    id: Mapped[Id]
    actor: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[Ms]
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)


class SealedNumber(Base):
    """Numbers that stand in sealed identities only, as pseudonyms: the vault's own index.

    They find people and link nobody: a family may share a telephone.
    """

    __tablename__ = "sealed_numbers"

    digest: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    pseudonym_id: Mapped[int] = mapped_column(
        ForeignKey("pseudonyms.id"), primary_key=True, index=True
    )
    """Whom the identity with this number came with."""
    space: Mapped[str] = mapped_column(String(32))


class VaultMark(Base):
    """How far the vault has read what it indexes."""

    __tablename__ = "vault_marks"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    upto: Mapped[int] = mapped_column(BigInt)
