"""What one kiosk is set up with: a folder with its certificate, public keys and settings.

The only secret in it is the kiosk's own private key. It appears whole or not at all.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fleet_server.fleet.ca import Issued
from fleet_server.fleet.keymaking import PRIVATE_MODE, PUBLIC_MODE, write_new
from fleet_server.fleet.references import Unfit
from fleet_server.keys import PublicKeys
from fleet_server.settings import Broker, Settings, is_loopback

KINDS: Final = ("card", "national", "cccd", "can_cuoc", "bhyt")
"""Kinds of code a venue's policy can accept. The kiosk's own list; a test holds both together."""
CAMERAS: Final = re.compile(r"picamera2|(pictures|video|v4l2|scanner):.+")

_NOT_SET: Final = Broker().public_host


@dataclass(frozen=True, kw_only=True)
class KioskSettings:
    """What stands in a bundle's kiosk.toml."""

    kiosk: str
    direction: str
    server: str
    """`mqtts://host:port` of the broker."""
    accept: Sequence[str] = KINDS
    tickets: bool = False
    camera: str = "picamera2"


def write(out: Path, settings: KioskSettings, issued: Issued, public: PublicKeys) -> None:
    """Make the folder `out`, which must not exist or be empty. Raises Unfit."""
    content = toml(settings, documents=public.documents).encode()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as problem:
        raise Unfit(f"{out}: cannot be made ({problem.strerror})") from problem
    try:
        for name, text, mode in (
            ("kiosk.toml", content, PUBLIC_MODE),
            ("kiosk.crt", issued.certificate, PUBLIC_MODE),
            ("kiosk.key", issued.key, PRIVATE_MODE),
            ("ca.crt", public.ca, PUBLIC_MODE),
            ("root.pub", public.root, PUBLIC_MODE),
            ("keyset.json", public.keyset_document, PUBLIC_MODE),
            *((name, document, PUBLIC_MODE) for name, document in public.documents.items()),
        ):
            write_new(staged / name, text, mode)
        staged.replace(out)
    except OSError as problem:
        raise Unfit(
            f"{out}: đã có, không ghi đè / cannot be made, or holds something already and is not "
            f"overwritten ({problem.strerror})"
        ) from problem
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def toml(settings: KioskSettings, *, documents: Iterable[str] = ()) -> str:
    """kiosk.toml's text; `documents` are the files of further signed documents in the bundle.

    Raises Unfit for what no kiosk would take.
    """
    if CAMERAS.fullmatch(settings.camera) is None:
        raise Unfit(
            f"camera {settings.camera[:80]!r}: expected picamera2, v4l2:DEVICE, "
            "scanner:DEVICE or NAME, pictures:FOLDER or video:FILE"
        )
    for kind in settings.accept:
        if kind not in KINDS:
            raise Unfit(f"accept {kind[:40]!r}: expected some of {', '.join(KINDS)}")
    if not settings.accept or len(set(settings.accept)) != len(settings.accept):
        raise Unfit(f"accept: expected some of {', '.join(KINDS)}, none twice")
    further = "".join(f"{Path(name).stem} = {_text(name)}\n" for name in documents)
    return f"""\
# Kiosk {settings.kiosk}. Paths count from this folder.
[kiosk]
id = {_text(settings.kiosk)}
direction = {_text(settings.direction)}
data = "data"

[server]
url = {_text(settings.server)}
ca = "ca.crt"
certificate = "kiosk.crt"
key = "kiosk.key"

[keys]
root = "root.pub"
keyset = "keyset.json"
{further}
[camera]
source = {_text(settings.camera)}

[policy]
accept = [{", ".join(map(_text, settings.accept))}]
# Codes of other kinds are recorded as opaque tickets.
tickets = {"true" if settings.tickets else "false"}

# Pins of lamps and buzzer (BCM). Without any, answers go to the terminal.
# [signals]
# green_pin = 17
# amber_pin = 27
# red_pin = 22
# buzzer_pin = 18
# The guard's button, and a relay that holds a gate closed (released: open).
# button_pin = 23
# [gate]
# relay_pin = 24
"""


def server_url(settings: Settings, *, port: int | None) -> str:
    """How kiosks reach the broker; `port` is the running embedded one's. Raises Unfit."""
    broker = settings.broker
    if not broker.url:
        port = port or broker.port
        if port == 0:
            raise Unfit(
                "broker.port is 0, so its port is known only while `fleet serve` runs; start it "
                "first, or set broker.port in fleet.toml"
            )
        return _url("mqtts", broker.public_host, port)
    outer = urlsplit(broker.url)
    host = outer.hostname or ""
    if outer.scheme == "mqtts" and (is_loopback(host) or broker.public_host != _NOT_SET):
        host = broker.public_host
    return _url(outer.scheme, host, outer.port or (8883 if outer.scheme == "mqtts" else 1883))


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _text(value: str) -> str:
    # A JSON string is a TOML basic string, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
