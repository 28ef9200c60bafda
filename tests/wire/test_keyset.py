import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wire import card, codec, keyset
from wire.errors import BadSignature, Malformed, WireError
from wire.keyset import CardKey, KeySet, SignedKeySet


@pytest.fixture
def root() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def keys() -> KeySet:
    cards = Ed25519PrivateKey.generate().public_key()
    return KeySet(
        version=3,
        issued_ms=1_780_000_000_000,
        ingest=X25519PrivateKey.generate().public_key().public_bytes_raw(),
        vault=X25519PrivateKey.generate().public_key().public_bytes_raw(),
        cards=[CardKey(card.key_id(cards), cards.public_bytes_raw())],
    )


def test_a_key_set_the_root_signed_is_taken(root: Ed25519PrivateKey, keys: KeySet) -> None:
    taken = keyset.verify(keyset.sign(keys, root), root.public_key())
    assert taken == keys
    assert taken.ingest_key().public_bytes_raw() == keys.ingest
    assert taken.vault_key().public_bytes_raw() == keys.vault
    assert list(taken.card_keys()) == [keys.cards[0].id]


def test_a_key_set_of_another_root_is_refused(root: Ed25519PrivateKey, keys: KeySet) -> None:
    document = keyset.sign(keys, Ed25519PrivateKey.generate())
    with pytest.raises(BadSignature):
        keyset.verify(document, root.public_key())


def test_swapping_a_key_in_a_signed_set_is_noticed(root: Ed25519PrivateKey, keys: KeySet) -> None:
    signed = codec.decode(keyset.sign(keys, root), SignedKeySet)
    stranger = X25519PrivateKey.generate().public_key().public_bytes_raw()
    swapped = codec.encode(msgspec.structs.replace(keys, vault=stranger))
    with pytest.raises(BadSignature):
        keyset.verify(
            codec.encode(msgspec.structs.replace(signed, keyset=swapped)), root.public_key()
        )


def test_a_roots_signature_over_something_else_proves_nothing(
    root: Ed25519PrivateKey, keys: KeySet
) -> None:
    body = codec.encode(keys)
    document = codec.encode(SignedKeySet(keyset=body, signature=root.sign(body)))
    with pytest.raises(BadSignature):
        keyset.verify(document, root.public_key())


@pytest.mark.parametrize(
    "change",
    [{"ingest": b"short"}, {"vault": b""}, {"cards": [CardKey("00000000", b"\x01" * 31)]}],
    ids=["ingest", "vault", "cards"],
)
def test_a_signed_set_with_a_key_of_the_wrong_form_is_malformed(
    root: Ed25519PrivateKey, keys: KeySet, change: dict[str, object]
) -> None:
    document = keyset.sign(msgspec.structs.replace(keys, **change), root)
    with pytest.raises(Malformed, match="wrong form"):
        keyset.verify(document, root.public_key())


@pytest.mark.parametrize("document", [b"", b"{}", b"null", b'{"keyset":"!!"}'])
def test_what_is_no_key_set_is_refused(root: Ed25519PrivateKey, document: bytes) -> None:
    with pytest.raises(WireError):
        keyset.verify(document, root.public_key())
