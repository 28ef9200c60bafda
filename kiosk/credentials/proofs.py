"""What a kiosk proves codes by: public keys and who was taken back, never a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.credentials.signers import Signers


@dataclass(frozen=True, kw_only=True)
class Proofs:
    """Everything a signed code is checked against, replaced as a whole when it is updated."""

    card_keys: Mapping[str, Ed25519PublicKey] = field(default_factory=dict)
    """The fleet's card-signing keys by id."""
    revoked: frozenset[str] = frozenset()
    """Ids of revoked cards, 32 hex digits each."""
    signers: Signers = field(default_factory=Signers)
    """Who signs health certificates."""
