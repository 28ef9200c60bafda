"""What people asked about their own data, whose data rests at their wish, and days let go."""

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, BigInt, Id, Ms, Seconds


class RightsRequest(Base):
    """One request of a person about their own data. Its reference is `right:<id>`."""

    __tablename__ = "rights_requests"

    id: Mapped[Id]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    """None until found, where nobody was, and once erased."""
    kind: Mapped[str] = mapped_column(String(16))
    """`view`, `copy`, `correct`, `restrict` or `delete`."""
    asked_ms: Mapped[Ms]
    asked_by: Mapped[str] = mapped_column(String(64))
    """The clerk it was asked at."""
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    """Where that clerk worked then; None: everywhere, or at a terminal."""
    words: Mapped[str] = mapped_column(String(500), default="")
    acknowledge_by: Mapped[Seconds]
    due_by: Mapped[Seconds]
    acknowledged_at: Mapped[Seconds | None]
    done_at: Mapped[Seconds | None]
    done_by: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(32), default="")
    """`done`, `not_found`, `refused` or `destroyed`; empty while it is open."""
    detail: Mapped[str] = mapped_column(Text, default="")
    """JSON: what was counted, what was said. Never a name or a number in clear."""


class RestrictedPerson(Base):
    """A person whose data is kept and not used, until it is lifted."""

    __tablename__ = "restricted_persons"

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    since_ms: Mapped[Ms]
    request_id: Mapped[int] = mapped_column(ForeignKey("rights_requests.id"))
    lifted_ms: Mapped[int | None] = mapped_column(BigInteger)


class LetGoDay(Base):
    """One day that was let go, or is being: what it held, by count and digest.

    A day may have several rows: what arrives after it was let go is let go again.
    """

    __tablename__ = "let_go_days"
    __table_args__ = (Index("ix_let_go_days_day", "day"),)

    id: Mapped[Id]
    day: Mapped[int] = mapped_column(BigInt)
    """Days since 1970, UTC."""
    begun_ms: Mapped[Ms]
    upto: Mapped[int] = mapped_column(BigInt)
    """The day's last scan when it was begun: later ones are another row's."""
    counts: Mapped[str] = mapped_column(Text)
    """JSON: rows by table."""
    proof: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 over the day's records (`privacy.proofs`)."""
    done_ms: Mapped[int | None] = mapped_column(BigInteger)
