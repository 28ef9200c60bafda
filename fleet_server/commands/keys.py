"""`fleet keys`: make, show and renew the fleet's keys."""

import datetime as dt
import hashlib
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from fleet_server import keys as fleet_keys
from fleet_server.commands import shared
from fleet_server.errors import KeysError
from fleet_server.fleet import ca, keycheck, keymaking
from fleet_server.settings import Settings
from wire import sealing

_MADE = """\
Đã tạo khóa / Keys made: {folder}

  root/     ký bộ khóa / signs key sets
  ca/       ký chứng chỉ / signs certificates
  cards/    ký thẻ / signs visitor cards
  ingest/   máy nhận / the ingest's
  vault/    kho danh tính / the vault's: opens names, signs results
  broker/   máy chuyển tin / the broker's
  web/      trang mạng / the web server's
  public/   cho các trạm / for the kiosks; results.pub kiểm kết quả đã ký / checks signed results

Sao lưu ngay, cất ở hai nơi khóa kín / Back up now, to two places under lock:
  tar -C {home} -czf tram-keys.tar.gz keys    (docs/how-to/keys.md)
Mất vault/open.key: không bao giờ mở lại được tên đã ghi. / Without vault/open.key names written
down can never be opened again. Mất pseudonym.key: không nhận ra người cũ. / Without pseudonym.key
nobody is recognised again.

Cất khóa gốc ngoại tuyến / Take the root key offline, to two memory sticks, once this is backed up:
  {root}
Máy chủ chạy không cần nó; chỉ dùng khi ký bộ khóa mới. / The server runs without it; it is needed
only to sign a new key set: fleet keys sign-keyset --root FILE
"""


@click.group()
def keys() -> None:
    """Khóa của hệ thống / The fleet's keys."""


@keys.command()
@click.pass_obj
def init(settings: Settings) -> None:
    """Make a new fleet's keys; never overwrites any."""
    keymaking.init(
        settings.keys_dir,
        broker_hosts=keymaking.broker_hosts(settings),
        now=dt.datetime.now(dt.UTC),
    )
    root = settings.keys_dir / fleet_keys.ROOT_KEY
    click.echo(_MADE.format(folder=settings.keys_dir, home=settings.home, root=root))
    _show(settings)


@keys.command()
@shared.AS_JSON
@click.pass_obj
def show(settings: Settings, *, as_json: bool) -> None:
    """Show ids and fingerprints, never a key."""
    if as_json:
        shared.print_json(_facts(settings))
    else:
        _show(settings)


@keys.command()
@click.pass_obj
def check(settings: Settings) -> None:
    """Load every key as the processes do, and see that they fit together."""
    root_is_here = keycheck.check(settings.keys_dir)
    where = "còn ở đây / is still here" if root_is_here else "không ở đây / is not here"
    click.echo(f"Khóa đầy đủ và khớp nhau / The keys are whole and fit: {settings.keys_dir}")
    click.echo(f"Khóa gốc / The root key {where}.")


@keys.command("sign-keyset")
@click.option(
    "--root",
    "root",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The offline root key.  [default: keys/root/root.key]",
)
@click.pass_obj
def sign_keyset(settings: Settings, *, root: Path | None) -> None:
    """Sign the public keys as they are now, one version up."""
    path = root or settings.keys_dir / fleet_keys.ROOT_KEY
    keyset = keymaking.sign_keyset(
        settings.keys_dir, fleet_keys.root(path), now=dt.datetime.now(dt.UTC)
    )
    click.echo(
        f"Đã ký bộ khóa bản {keyset.version} / Key set version {keyset.version} signed. "
        "Kiosks get it by the broker and in new bundles."
    )


@keys.command()
@click.argument("what", type=click.Choice(["broker", "ingest"]))
@click.pass_obj
def renew(settings: Settings, *, what: str) -> None:
    """Make a new certificate for the broker (after broker.public_host changed) or the ingest."""
    now = dt.datetime.now(dt.UTC)
    if what == "broker":
        hosts = keymaking.broker_hosts(settings)
        issued = keymaking.renew_broker(settings.keys_dir, broker_hosts=hosts, now=now)
    else:
        issued = keymaking.renew_ingest(settings.keys_dir, now=now)
    until = ca.expires(issued.certificate).date()
    names = ", ".join(ca.hosts_of(issued.certificate))
    click.echo(
        f"Chứng chỉ mới / New certificate for {names}, valid until {until}. "
        "Restart `fleet serve` (or the broker and the ingest) to use it."
    )


def _facts(settings: Settings) -> dict[str, object]:
    public = fleet_keys.public(settings.keys_dir)
    certificates = {}
    for name, path in (("broker", "broker/broker.crt"), ("ingest", "ingest/mqtt.crt")):
        pem = fleet_keys.read(settings.keys_dir / path)
        certificates[name] = {
            "fingerprint": ca.fingerprint(pem),
            "for": list(ca.hosts_of(pem)),
            "expires": ca.expires(pem).date().isoformat(),
        }
    root = load_pem_public_key(public.root)
    if not isinstance(root, Ed25519PublicKey):
        raise KeysError("public/root.pub: expected an Ed25519 key")
    return {
        "folder": str(settings.keys_dir),
        "root": hashlib.sha256(root.public_bytes_raw()).hexdigest(),
        "root_key_here": (settings.keys_dir / fleet_keys.ROOT_KEY).exists(),
        "ca": {
            "fingerprint": ca.fingerprint(public.ca),
            "expires": ca.expires(public.ca).date().isoformat(),
        },
        "keyset": {
            "version": public.keyset.version,
            "ingest": sealing.key_id(public.keyset.ingest_key()),
            "vault": sealing.key_id(public.keyset.vault_key()),
            "cards": [card.id for card in public.keyset.cards],
        },
        "results": hashlib.sha256(
            fleet_keys.results(settings.keys_dir).public_bytes_raw()
        ).hexdigest(),
        "certificates": certificates,
    }


def _show(settings: Settings) -> None:
    for name, value in _facts(settings).items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, inner in value.items():
                click.echo(f"  {key}: {_words(inner)}")
        else:
            click.echo(f"{name}: {_words(value)}")


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "có / yes" if value else "không / no"
    if isinstance(value, dict):
        return "; ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
