"""The trust store, unpacked: which keys may have signed a health certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from wire import trust
from wire.trust import TrustedSigner, TrustStore

ALGORITHMS: Final = {-7: trust.ES256, -37: trust.PS256}
"""By the number COSE gives them."""
_ECDSA: Final = ECDSA(SHA256())
_PSS: Final = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
_SHA256: Final = SHA256()


@dataclass(frozen=True, kw_only=True)
class Signer:
    """One key that certificates are proven by."""

    issuer: str
    uses: frozenset[str]
    """What it may vouch for; empty for all."""
    not_before_s: int
    not_after_s: int | None
    algorithm: str
    key: EllipticCurvePublicKey | RSAPublicKey

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made `signature` over `message`."""
        try:
            if isinstance(self.key, RSAPublicKey):
                self.key.verify(signature, message, _PSS, _SHA256)
                return True
            half = self.key.key_size // 8
            if len(signature) != 2 * half:
                return False
            r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
            self.key.verify(encode_dss_signature(r, s), message, _ECDSA)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signers:
    """Every key of a trust store, found by scheme and key id."""

    by_kid: Mapping[tuple[str, bytes], tuple[Signer, ...]] = field(default_factory=dict)

    def find(self, scheme: str, kid: bytes, *, algorithm: str) -> tuple[Signer, ...]:
        """All keys of that name: eight bytes may collide, so each must be tried."""
        return tuple(
            signer for signer in self.by_kid.get((scheme, kid), ()) if signer.algorithm == algorithm
        )


def unpack(store: TrustStore) -> Signers:
    """The signers of `store`. Raises wire.errors.Malformed for a key of a wrong form."""
    by_kid: dict[tuple[str, bytes], tuple[Signer, ...]] = {}
    for each in store.signers:
        if each.algorithm not in trust.ALGORITHMS:
            continue
        place = (each.scheme, each.kid)
        by_kid[place] = (*by_kid.get(place, ()), _signer(each))
    return Signers(by_kid)


def of(*signers: TrustedSigner) -> Signers:
    """The signers given, as if from a trust store of theirs."""
    return unpack(TrustStore(signers=list(signers)))


def _signer(each: TrustedSigner) -> Signer:
    return Signer(
        issuer=each.issuer,
        uses=frozenset(each.uses),
        not_before_s=each.not_before_s,
        not_after_s=each.not_after_s or None,
        algorithm=each.algorithm,
        key=each.public_key(),
    )
