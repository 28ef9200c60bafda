"""Whom the fleet's own cards were issued to."""

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from fleet_server.models.base import Base, Seconds


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
