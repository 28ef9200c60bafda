"""Whom the fleet's own cards were issued to, and tables of people that cards are issued for."""

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, Id, Seconds


class CardIdentity(Base):
    """Name and phone given when a card was issued, sealed to the vault.

    Bound to the card's pseudonym (`fleet.cards.binding`): moved to another card it does not open.
    """

    __tablename__ = "card_identities"

    credential_id: Mapped[int] = mapped_column(ForeignKey("credentials.id"), primary_key=True)
    sealing: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))
    box: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[Seconds]


class CardBatch(Base):
    """A table that a desk uploaded; gone a day after, with all its pieces."""

    __tablename__ = "card_batches"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    """Whose it is: nobody else sees it."""
    name: Mapped[str] = mapped_column(String(100))
    """What its maker calls it; the same name again issues nobody a second card."""
    batch: Mapped[str] = mapped_column(String(32))
    """What the ids of its cards are drawn from, hex."""
    made_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    total: Mapped[int] = mapped_column(Integer)
    """Rows that cards are issued for."""
    bad: Mapped[str] = mapped_column(Text)
    """JSON: line and problem of the other rows, without what stood in them."""
    working_until: Mapped[Seconds]
    """Somebody works on it until then; put off as they go on."""
    problem: Mapped[str] = mapped_column(String(400))
    """Why it stopped, in both languages; empty where it did not."""


class CardBatchPiece(Base):
    """Some rows of such a table, sealed by the web process, which has its key."""

    __tablename__ = "card_batch_pieces"

    batch_id: Mapped[int] = mapped_column(ForeignKey("card_batches.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    fresh: Mapped[int | None] = mapped_column(Integer)
    """How many of its cards are new; None while none are issued."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The rows; the cards once they are issued."""
