"""Who may ask, and the log of who asked."""

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, BigInt, Id, Ms, Seconds


class AccessToken(Base):
    """A bearer token, known by its digest only: somebody's own, or one of a program."""

    __tablename__ = "access_tokens"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    """Whose own it is: it may what they may, as long as they may. None: a program's."""
    role: Mapped[str | None] = mapped_column(String(32))
    """A program's; None where it is somebody's own."""
    venue_id: Mapped[int | None] = mapped_column(ForeignKey("venues.id"))
    """The one venue a venue manager's token is for."""
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    """The area its holder works in, with all below it; None: everywhere."""
    scopes: Mapped[str | None] = mapped_column(String(400))
    """The permissions it is kept to, with blanks between; None: all of its role's."""
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    revoked_at: Mapped[Seconds | None]


class AuditEntry(Base):
    """One line of the append-only log: the database refuses to change or delete it."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_actor", "actor", "id"),
        Index("ix_audit_log_case_ref", "case_ref", "id"),
        Index("ix_audit_log_subject", "subject", "id"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    """Numbered by the log itself from 1, without gaps."""
    at_ms: Mapped[Ms]
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    case_ref: Mapped[str] = mapped_column(String(64), default="")
    purpose: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(64), default="")
    """Reference of the person, venue or kiosk concerned."""
    detail: Mapped[str] = mapped_column(Text, default="")
    """JSON; never a name or a number in clear."""
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 over the previous hash and this line's content."""
