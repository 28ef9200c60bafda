"""The trust store and the list of revoked cards: signed, counted up, never half believed."""

import random

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wire import codec, keyset, revocations, signed, trust
from wire.card import key_id
from wire.errors import BadSignature, Malformed, RolledBack, UnknownSigner, WireError
from wire.keyset import KeySet
from wire.revocations import Revocations
from wire.signed import Signed
from wire.trust import TrustedSigner, TrustStore

ROOT = Ed25519PrivateKey.from_private_bytes(b"root" * 8)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"else" * 8)
PUBLIC = ROOT.public_key()
CARD_KEYS = {key_id(PUBLIC): PUBLIC}


def spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


P256 = spki(ec.derive_private_key(7, ec.SECP256R1()))
STORE = TrustStore(
    version=3,
    issued_ms=1_780_000_000_000,
    signers=[
        TrustedSigner(scheme="hc1", kid=b"8 bytes!", issuer="VN", algorithm="ES256", key=P256)
    ],
)
LIST = revocations.of(["ff" * 16, "00" * 16, "ff" * 16], version=5, issued_ms=1)


def test_a_store_the_root_signed_is_taken_as_it_was() -> None:
    assert trust.verify(trust.sign(STORE, ROOT), PUBLIC) == STORE
    assert trust.verify(trust.sign(TrustStore(), ROOT), PUBLIC) == TrustStore()


def test_a_strangers_document_is_refused() -> None:
    with pytest.raises(UnknownSigner):
        trust.verify(trust.sign(STORE, STRANGER), PUBLIC)
    with pytest.raises(UnknownSigner):
        revocations.verify(revocations.sign(LIST, STRANGER), CARD_KEYS)
    with pytest.raises(UnknownSigner):
        revocations.verify(revocations.sign(LIST, ROOT), {})


def test_a_stranger_who_writes_the_roots_name_is_refused() -> None:
    document = codec.decode(trust.sign(STORE, STRANGER), Signed)
    claimed = msgspec.structs.replace(document, key=key_id(PUBLIC))
    with pytest.raises(BadSignature):
        trust.verify(codec.encode(claimed), PUBLIC)


def test_a_signer_slipped_in_is_noticed() -> None:
    document = codec.decode(trust.sign(STORE, ROOT), Signed)
    more = codec.encode(msgspec.structs.replace(STORE, signers=[*STORE.signers, *STORE.signers]))
    with pytest.raises(BadSignature):
        trust.verify(codec.encode(msgspec.structs.replace(document, body=more)), PUBLIC)


def test_one_kind_of_document_never_passes_for_another() -> None:
    with pytest.raises(BadSignature):
        revocations.verify(trust.sign(STORE, ROOT), CARD_KEYS)
    with pytest.raises(BadSignature):
        trust.verify(revocations.sign(LIST, ROOT), PUBLIC)
    with pytest.raises(WireError):
        trust.verify(keyset.sign(KeySet(), ROOT), PUBLIC)


@pytest.mark.parametrize("seen", [0, 1, 3])
def test_the_same_or_a_newer_version_is_taken(seen: int) -> None:
    assert trust.verify(trust.sign(STORE, ROOT), PUBLIC, at_least=seen).version == 3


def test_an_older_version_is_a_roll_back() -> None:
    with pytest.raises(RolledBack, match="version 3, but 4"):
        trust.verify(trust.sign(STORE, ROOT), PUBLIC, at_least=4)
    with pytest.raises(RolledBack, match="version 5, but 6"):
        revocations.verify(revocations.sign(LIST, ROOT), CARD_KEYS, at_least=6)


@pytest.mark.parametrize(
    ("algorithm", "key", "says"),
    [
        ("ES256", b"", "not a public key"),
        ("ES256", P256[:-1], "not a public key"),
        ("PS256", P256, "for ES256"),
        ("ES256", spki(rsa.generate_private_key(65537, 2048)), "for PS256"),
        ("PS256", spki(rsa.generate_private_key(65537, 1024)), "2048 to 4096"),
        ("ES256", spki(ec.derive_private_key(7, ec.SECP521R1())), "P-256"),
        ("ES256", STRANGER.public_key().public_bytes_raw(), "not a public key"),
    ],
)
def test_a_signed_store_with_a_key_of_the_wrong_form_is_malformed(
    algorithm: str, key: bytes, says: str
) -> None:
    bad = msgspec.structs.replace(STORE.signers[0], algorithm=algorithm, key=key)
    document = trust.sign(msgspec.structs.replace(STORE, signers=[bad]), ROOT)
    with pytest.raises(Malformed, match=says):
        trust.verify(document, PUBLIC)


def test_a_newer_releases_algorithm_does_not_spoil_the_store() -> None:
    newer = TrustedSigner(scheme="hc9", kid=b"x", algorithm="ML-DSA-44", key=b"?")
    store = msgspec.structs.replace(STORE, signers=[newer, *STORE.signers])
    assert trust.verify(trust.sign(store, ROOT), PUBLIC) == store


def test_revoked_cards_are_sorted_and_none_twice() -> None:
    taken = revocations.verify(revocations.sign(LIST, ROOT), CARD_KEYS)
    assert taken.cards == bytes(16) + b"\xff" * 16
    assert taken.ids() == {"00" * 16, "ff" * 16}
    assert Revocations().ids() == frozenset()


def test_a_list_of_a_hundred_thousand_cards_fits() -> None:
    rng = random.Random(3)
    ids = [rng.randbytes(16).hex() for _ in range(100_000)]
    document = revocations.sign(revocations.of(ids, version=1, issued_ms=0), ROOT)
    assert len(document) <= signed.MAX_DOCUMENT_BYTES
    assert revocations.verify(document, CARD_KEYS).ids() == set(ids)


@pytest.mark.parametrize("bad", ["00" * 15, "zz" * 16, ""])
def test_what_is_no_card_id_is_not_listed(bad: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        revocations.of([bad], version=1, issued_ms=0)


def test_half_a_card_id_is_malformed() -> None:
    document = revocations.sign(Revocations(version=1, cards=bytes(17)), ROOT)
    with pytest.raises(Malformed, match="17 bytes"):
        revocations.verify(document, CARD_KEYS)


def test_two_thousand_damaged_documents_raise_only_what_is_declared() -> None:
    rng = random.Random(20261122)
    for whole in (trust.sign(STORE, ROOT), revocations.sign(LIST, ROOT)):
        for _ in range(1000):
            data = bytearray(whole)
            for _ in range(rng.randint(1, 4)):
                at = rng.randrange(len(data))
                data[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
            for parse in (
                lambda raw: trust.verify(raw, PUBLIC),
                lambda raw: revocations.verify(raw, CARD_KEYS),
            ):
                try:
                    assert parse(bytes(data)) in (STORE, LIST)
                except WireError:
                    continue


def test_what_is_no_document_is_malformed() -> None:
    for junk in (b"", b"{}", b"[]", b"\xff", b"{" * 5000):
        with pytest.raises(WireError):
            trust.verify(junk, PUBLIC)
