"""Who signs health certificates: the trust store, signed by the fleet root, used offline.

It counts up like the key set, and a kiosk never goes back to an older one: a signer that was
withdrawn stays withdrawn.
"""

from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from wire import signed
from wire.card import key_id
from wire.errors import Malformed

HC1: Final = "hc1"
NZCP: Final = "nzcp"
SCHEMES: Final = (HC1, NZCP)
ES256: Final = "ES256"
PS256: Final = "PS256"
ALGORITHMS: Final = (ES256, PS256)
VACCINATION: Final = "vaccination"
TEST: Final = "test"
RECOVERY: Final = "recovery"
USES: Final = (VACCINATION, TEST, RECOVERY)
RSA_BITS: Final = range(2048, 4097)
_CURVES: Final = (SECP256R1, SECP384R1)
"""ES256 fixes the digest, not the curve; one issuer is known to sign with P-384."""
_CONTEXT: Final = b"tram-trust-1\x00"


class TrustedSigner(msgspec.Struct, frozen=True, kw_only=True):
    """One public key that health certificates are signed with."""

    scheme: str = ""
    """`hc1` or `nzcp`."""
    kid: bytes = b""
    """As certificates name the key: 8 bytes for hc1, the key's fragment (`key-1`) for nzcp."""
    issuer: str = ""
    """hc1: the country, two letters, for people to read. nzcp: the issuer's DID, which must fit."""
    algorithm: str = ""
    """`ES256` or `PS256`; keys of an algorithm of a newer release are passed over."""
    key: bytes = b""
    """SubjectPublicKeyInfo, DER."""
    uses: list[str] = []
    """What it may vouch for, of `vaccination`, `test`, `recovery`; empty for all."""
    not_before_s: int = 0
    """From when on it counts, seconds since 1970 UTC."""
    not_after_s: int = 0
    """The last second it counts; 0 for no end."""

    def public_key(self) -> EllipticCurvePublicKey | RSAPublicKey:
        """Raises Malformed where the key is none of its algorithm."""
        try:
            key = load_der_public_key(self.key)
        except (ValueError, UnsupportedAlgorithm) as problem:
            raise Malformed(f"signer {self.kid.hex()}: not a public key: {problem}") from problem
        if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
            algorithm = ES256
        elif isinstance(key, RSAPublicKey) and key.key_size in RSA_BITS:
            algorithm = PS256
        else:
            raise Malformed(
                f"signer {self.kid.hex()}: expected P-256, P-384, or RSA of 2048 to 4096 bits"
            )
        if algorithm != self.algorithm:
            raise Malformed(f"signer {self.kid.hex()}: its key is for {algorithm}")
        return key


class TrustStore(msgspec.Struct, frozen=True, kw_only=True):
    """All signers a kiosk believes."""

    version: int = 0
    """Counts up."""
    issued_ms: int = 0
    """When this version was made, milliseconds since 1970 UTC."""
    signers: list[TrustedSigner] = []


def sign(store: TrustStore, root: Ed25519PrivateKey) -> bytes:
    """The document a kiosk's bundle carries."""
    return signed.sign(store, root, context=_CONTEXT)


def verify(document: bytes, root: Ed25519PublicKey, *, at_least: int = 0) -> TrustStore:
    """The trust store in `document`, no key of a known algorithm of a wrong form.

    Raises BadSignature, RolledBack below version `at_least`, Malformed, Oversized. Schemes, uses
    and algorithms of a newer release are kept as they came.
    """
    store = signed.verify(
        document, TrustStore, {key_id(root): root}, context=_CONTEXT, at_least=at_least
    )
    for signer in store.signers:
        if signer.algorithm in ALGORITHMS:
            signer.public_key()
    return store
