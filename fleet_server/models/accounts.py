"""People with accounts: how they prove who they are, and the browsers they are signed in with."""

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, Id, Seconds


class Account(Base):
    """Somebody who signs in to pages. Never deleted: the audit log names it."""

    __tablename__ = "accounts"

    id: Mapped[Id]
    login: Mapped[str] = mapped_column(String(32), unique=True)
    """The name typed to sign in, and the actor of the audit log."""
    name: Mapped[str] = mapped_column(String(100))
    """The name shown."""
    role: Mapped[str] = mapped_column(String(32))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    """The area they work in, with all below it; None: everywhere."""
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool]
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed with a key the web process holds; None where no second factor is set up."""
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    """The step of the last code taken: no code is taken twice."""
    language: Mapped[str] = mapped_column(String(2), default="")
    """`vi` or `en`; empty: as the browser says."""
    created_at: Mapped[Seconds]
    signed_in_at: Mapped[Seconds | None]
    disabled_at: Mapped[Seconds | None]


class AccountVenue(Base):
    """One of the venues that somebody of a venue role is for."""

    __tablename__ = "account_venues"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venues.id"), primary_key=True, index=True)


class RecoveryCode(Base):
    """Opens once in place of a second factor; known by its digest only."""

    __tablename__ = "recovery_codes"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    used_at: Mapped[Seconds | None]


class BrowserSession(Base):
    """A browser somebody signed in with; gone when it ends. The cookie is known by digest only."""

    __tablename__ = "browser_sessions"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    open: Mapped[bool]
    """False while only the password was given and the second factor is waited for."""
    browser: Mapped[str] = mapped_column(String(64))
    """What kind of browser, for its owner to recognise."""
    created_at: Mapped[Seconds]
    seen_at: Mapped[Seconds]
    """Lags behind by up to a minute."""
    expires_at: Mapped[Seconds]
    new_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A second factor's secret that was shown and not confirmed yet; sealed."""


class Attempt(Base):
    """Something that may be tried only so often; pruned once it counts no more."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_key_at", "key", "at"),)

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(100))
    """Of whom it is counted: a login, an address."""
    at: Mapped[Seconds]
    counts_until: Mapped[Seconds] = mapped_column(index=True)
