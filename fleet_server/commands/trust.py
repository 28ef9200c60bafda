"""`fleet trust`: whose health certificates the kiosks believe."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from fleet_server import keys as fleet_keys
from fleet_server.commands import shared
from fleet_server.errors import KeysError
from fleet_server.fleet import documents
from fleet_server.fleet.references import Unfit
from fleet_server.fleet.signers import BadSigner, entries_from_did, entry_from_certificate
from fleet_server.settings import Settings
from fleet_server.times import iso
from wire.trust import TrustedSigner

CERTIFICATES: Final = frozenset({".pem", ".crt", ".cer", ".der", ".b64"})


@click.group()
def trust() -> None:
    """Nơi ký chứng nhận được tin / Signers of health certificates that kiosks believe."""


@trust.command()
@click.argument(
    "sources",
    nargs=-1,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE|FOLDER…",
)
@click.option(
    "--root",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The offline root key.  [default: keys/root/root.key]",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the document there; kiosks get it by `fleet trust install`.",
)
@click.pass_obj
def build(
    settings: Settings, *, sources: tuple[Path, ...], root: Path | None, out: Path | None
) -> None:
    """Sign a trust store of certificates (PEM, DER, base64) and DID documents (.json).

    It replaces the one before: whoever is not among the files is believed no longer. Of a folder,
    files named .pem, .crt, .cer, .der, .b64 and .json are taken. Without --out kiosks get it.
    """
    signers: list[TrustedSigner] = []
    for path in _files(sources):
        signers += _entries(path)
    if not signers:
        raise Unfit("không có nơi ký nào / no signer given: expected certificates or DID documents")
    key = fleet_keys.root(root or settings.keys_dir / fleet_keys.ROOT_KEY)
    now_ms = shared.now_ms()
    after = documents.trusted(settings.keys_dir).version
    document = documents.build_trust(signers, key, after=after, now_ms=now_ms)
    if out is None:
        store = documents.install_trust(settings.keys_dir, document)
        click.echo(
            f"Đã ký danh sách tin cậy bản {store.version} / Trust store version {store.version}, "
            f"{len(store.signers)} signers; kiosks get it now."
        )
        return
    try:
        out.write_bytes(document)
    except OSError as problem:
        raise Unfit(f"{out}: cannot be written ({problem.strerror})") from problem
    click.echo(f"Đã ký / Signed: {out}. Kiosks get it by: fleet trust install {out}")


@trust.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def install(settings: Settings, *, file: Path) -> None:
    """Give kiosks the trust store in FILE, which the root signed elsewhere."""
    store = documents.install_trust(settings.keys_dir, _read(file))
    click.echo(
        f"Đã nhận / Installed: version {store.version}, {len(store.signers)} signers; kiosks get "
        "it now."
    )


@trust.command()
@shared.AS_JSON
@click.pass_obj
def show(settings: Settings, *, as_json: bool) -> None:
    """Show who is believed now."""
    store = documents.trusted(settings.keys_dir)
    if as_json:
        rows: list[Mapping[str, Any]] = [
            {
                "scheme": each.scheme,
                "kid": each.kid.hex(),
                "issuer": each.issuer,
                "algorithm": each.algorithm,
                "uses": each.uses,
                "from": iso(each.not_before_s),
                "until": iso(each.not_after_s) if each.not_after_s else None,
            }
            for each in store.signers
        ]
        shared.print_json({"version": store.version, "signers": rows})
        return
    by_issuer = Counter((each.scheme, each.issuer) for each in store.signers)
    click.echo(f"Bản / Version {store.version}")
    shared.print_rows(
        ("SCHEME", "ISSUER", "KEYS"),
        [(scheme, issuer, count) for (scheme, issuer), count in sorted(by_issuer.items())],
        empty="Chưa tin ai / Nobody is believed yet: fleet trust build",
    )


def _files(sources: tuple[Path, ...]) -> Iterator[Path]:
    for source in sources:
        if source.is_dir():
            wanted = CERTIFICATES | {".json"}
            yield from sorted(each for each in source.iterdir() if each.suffix.lower() in wanted)
        else:
            yield source


def _entries(path: Path) -> list[TrustedSigner]:
    raw = _read(path)
    try:
        if path.suffix.lower() == ".json":
            content = json.loads(raw)
            return entries_from_did(content if isinstance(content, dict) else {})
        return [entry_from_certificate(raw)]
    except BadSigner as problem:
        raise Unfit(f"{path}: {problem}") from problem
    except ValueError as problem:
        raise Unfit(f"{path}: expected JSON: {problem}") from problem


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise KeysError(f"{path}: cannot be read ({problem.strerror})") from problem
