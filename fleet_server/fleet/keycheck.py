"""Whether a folder of keys is whole and fits together: after set-up, and to rehearse a recovery."""

import ssl
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleet_server import keys
from fleet_server.errors import KeysError
from fleet_server.fleet.broker import TlsFiles
from wire import card as wire_card


def check(keys_dir: Path) -> bool:
    """Load everything as the processes do and compare; whether the root key is here too.

    Raises KeysError naming the first file that does not fit.
    """
    public = keys.public(keys_dir)
    ingest, vault, cards = keys.ingest(keys_dir), keys.vault(keys_dir), keys.cards(keys_dir)
    keys.web(keys_dir)
    for path, own, told in (
        ("ingest/open.key", ingest.open.public_key().public_bytes_raw(), public.keyset.ingest),
        ("vault/open.key", vault.open.public_key().public_bytes_raw(), public.keyset.vault),
    ):
        if own != told:
            raise _misfit(keys_dir / path, "does not open what kiosks seal: public/keyset.json")
    signer = cards.sign.public_key()
    if public.keyset.card_keys().get(wire_card.key_id(signer)) != signer:
        raise _misfit(keys_dir / "cards" / "card.key", "is not in public/keyset.json")
    if vault.sign.public_key() != keys.results(keys_dir):
        raise _misfit(
            keys_dir / "vault" / "sign.key", "does not sign what public/results.pub checks"
        )
    if ingest.pseudonym_file.read_bytes() != vault.pseudonym_file.read_bytes():
        raise _misfit(vault.pseudonym_file, "is not the ingest's: the vault would find nobody")
    if keys.read(keys_dir / "ca" / "ca.crt") != public.ca:
        raise _misfit(keys_dir / "public" / "ca.crt", "is not ca/ca.crt")
    keys.authority(keys_dir)
    _pair(keys.broker(keys_dir), public.ca)
    _pair(TlsFiles(ingest.certificate, ingest.certificate_key, ingest.ca), public.ca)
    return _root(keys_dir, public.root)


def _pair(files: TlsFiles, ca: bytes) -> None:
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as problem:
        raise _misfit(files.key, f"does not belong to {files.certificate.name}") from problem
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    try:
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(ca))
    except (ValueError, TypeError, InvalidSignature) as problem:
        raise _misfit(files.certificate, "is not this fleet's CA's") from problem


def _root(keys_dir: Path, public: bytes) -> bool:
    path = keys_dir / keys.ROOT_KEY
    if not path.exists():
        return False
    own = keys.root(path).public_key()
    if own.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) != public:
        raise _misfit(path, "is not the root kiosks know: public/root.pub")
    return True


def _misfit(path: Path, what: str) -> KeysError:
    return KeysError(f"{path}: {what}; restore both from the same back-up")
