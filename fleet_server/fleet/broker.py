"""Who may say and hear what at the broker, written out for nats-server and for Mosquitto.

The same grants for both; a test tries to break them on both. Never plain text, never anonymous.
nats-server: topic `a/b` is subject `a.b`; `$MQTT.…` and `$JS.…` need no grant (releases since 2026
imply what a session needs of them) and get none, so that nobody reaches into another's messages.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from fleet_server.fleet.ca import INGEST_NAME
from wire import topics
from wire.signed import MAX_DOCUMENT_BYTES

MAX_MESSAGE_BYTES: Final = MAX_DOCUMENT_BYTES
"""The largest are signed documents; what kiosks send is far smaller."""
ACK_WAIT_S: Final = 10
"""How long nats-server waits for the ingest's acknowledgement before it delivers again."""
MAX_ACK_PENDING: Final = 1000
"""Messages delivered to one subscription and not acknowledged yet. Far larger values are refused
silently: the subscription fails while publishers still get their PUBACK."""


class Grant(NamedTuple):
    """What one user may publish and subscribe, as MQTT topic filters."""

    user: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


class TlsFiles(NamedTuple):
    """The broker's own certificate and key, and the CA its clients must come from."""

    certificate: Path
    key: Path
    ca: Path


def kiosk_grant(kiosk: str) -> Grant:
    """A kiosk speaks and hears for itself only, and hears whether the server is there and what
    it signed for all."""
    return Grant(
        user=kiosk,
        publish=tuple(topics.kiosk_topic(kiosk, channel) for channel in topics.FROM_KIOSK),
        subscribe=(
            *(topics.kiosk_topic(kiosk, channel) for channel in topics.TO_KIOSK),
            topics.SERVER_STATE,
            *topics.DOCUMENTS.values(),
        ),
    )


def ingest_grant() -> Grant:
    """The ingest hears all kiosks and answers them."""
    return Grant(
        user=INGEST_NAME,
        publish=(
            *(topics.every_kiosk(channel) for channel in topics.TO_KIOSK),
            topics.SERVER_STATE,
            *topics.DOCUMENTS.values(),
        ),
        subscribe=tuple(topics.every_kiosk(channel) for channel in topics.FROM_KIOSK),
    )


def nats_config(*, bind: str, port: int, store: Path, tls: TlsFiles, kiosks: Iterable[str]) -> str:
    """nats-server's whole configuration. `kiosks` are those not revoked.

    The NATS protocol's own port cannot be switched off: it is on loopback, asks for a certificate
    too, and no user may use it.
    """
    grants = [ingest_grant(), *(kiosk_grant(kiosk) for kiosk in sorted(kiosks))]
    users = "\n".join(f"    {_nats_user(grant)}" for grant in grants)
    secured = _nats_tls(tls)
    return f"""\
# Written by `fleet serve`; changes here are overwritten.
server_name: "tram"
listen: "127.0.0.1:-1"
{secured}
max_payload: {MAX_MESSAGE_BYTES}
jetstream {{ store_dir: {json.dumps(str(store), ensure_ascii=False)} }}
mqtt {{
  listen: {json.dumps(_host_port(bind, port))}
  {secured}
  ack_wait: "{ACK_WAIT_S}s"
  max_ack_pending: {MAX_ACK_PENDING}
}}
authorization {{
  users: [
{users}
  ]
}}
"""


def mosquitto_files(
    *, bind: str, port: int, folder: Path, data: Path, revoked: Iterable[str]
) -> Mapping[str, str]:
    """Mosquitto's configuration and access list by file name, to stand in `folder` together with
    broker.crt, broker.key and ca.crt. `data` is where Mosquitto keeps its own state."""
    config = f"""\
# Written by `fleet broker mosquitto`; a whole configuration, for `mosquitto -c`.
listener {port} {bind}
cafile {folder / "ca.crt"}
certfile {folder / "broker.crt"}
keyfile {folder / "broker.key"}
tls_version tlsv1.2
# Who shows no certificate of the fleet's CA gets no connection; its common name is the user, and
# the user is the client id, so that nobody can take over another's session.
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder / "acl"}

# Nothing is lost where a broker forgets (kiosks wait for receipts); these only save re-sending.
persistence true
persistence_location {data}/
autosave_interval 60
# 0: no limit. The default drops messages beyond 1000 silently, although it acknowledged them.
max_queued_messages 0
message_size_limit {MAX_MESSAGE_BYTES}
# Otherwise a receipt waits some 40 ms for the acknowledgement of the packet before it.
set_tcp_nodelay true
"""
    return {"mosquitto.conf": config, "acl": _mosquitto_acl(revoked)}


def _mosquitto_acl(revoked: Iterable[str]) -> str:
    lines = [f"user {kiosk}\ntopic deny {topics.PREFIX}/#" for kiosk in sorted(revoked)]
    ingest = ingest_grant()
    lines.append(f"user {ingest.user}")
    lines += [f"topic write {topic}" for topic in ingest.publish]
    lines += [f"topic read {topic}" for topic in ingest.subscribe]
    # Mosquitto knows a kiosk by its certificate alone: new ones need no change here.
    anyone = _pattern_grant()
    lines += [f"pattern write {topic}" for topic in anyone.publish]
    lines += [f"pattern read {topic}" for topic in anyone.subscribe]
    return "# Written by `fleet broker mosquitto`.\n" + "\n".join(lines) + "\n"


def _pattern_grant() -> Grant:
    one = kiosk_grant("k")

    def pattern(topic: str) -> str:
        return topic.replace(f"{topics.PREFIX}/k/", f"{topics.PREFIX}/%u/")

    return Grant("%u", tuple(map(pattern, one.publish)), tuple(map(pattern, one.subscribe)))


def _nats_user(grant: Grant) -> str:
    publish, subscribe = (
        json.dumps([topic.replace("/", ".").replace("+", "*") for topic in filters])
        for filters in (grant.publish, grant.subscribe)
    )
    return (
        f'{{ user: {json.dumps(grant.user)}, allowed_connection_types: ["MQTT"], permissions: '
        f"{{ publish: {{ allow: {publish} }}, subscribe: {{ allow: {subscribe} }} }} }}"
    )


def _nats_tls(tls: TlsFiles) -> str:
    certificate, key, ca = (json.dumps(str(path), ensure_ascii=False) for path in tls)
    return (
        f"tls {{ cert_file: {certificate}, key_file: {key}, ca_file: {ca}, "
        'verify_and_map: true, min_version: "1.2" }'
    )


def _host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
