"""The contract as an AsyncAPI 3 document, made from the structs the programs speak with.

Pure: `make docs` writes what this returns to docs/reference/asyncapi.yaml, and a test holds the two
together. Seen from the kiosk: it sends on the channels it may publish and receives on the others.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from wire import (
    CONTRACT,
    keyset,
    presence,
    receipts,
    records,
    revocations,
    signed,
    topics,
    trust,
)
from wire.codec import MAX_MESSAGE_BYTES

Json = dict[str, Any]
_SCHEMAS: Final = "#/components/schemas/{name}"


class Channel(NamedTuple):
    """How one channel is spoken on."""

    name: str
    topic: str
    """With `{kiosk}` where the kiosk's id stands."""
    message: type[msgspec.Struct]
    from_kiosk: bool
    qos: int
    retained: bool
    says: str


def _of_kiosk(name: str) -> str:
    return f"{topics.PREFIX}/{{kiosk}}/{name}"


CHANNELS: Final = (
    Channel(
        "state",
        _of_kiosk("state"),
        presence.State,
        from_kiosk=True,
        qos=1,
        retained=True,
        says="Birth and clean goodbye. The will says `lost` under the connection's session, so "
        "that an old connection's will is told from the present one's.",
    ),
    Channel(
        "about",
        _of_kiosk("about"),
        presence.About,
        from_kiosk=True,
        qos=1,
        retained=True,
        says="What this kiosk is: model, versions, contract, certificate.",
    ),
    Channel(
        "scans",
        _of_kiosk("scans"),
        records.Batch,
        from_kiosk=True,
        qos=1,
        retained=False,
        says="Sealed records, oldest first. A broker's acknowledgement means nothing here: a "
        "record leaves the kiosk's queue on the server's receipt for it.",
    ),
    Channel(
        "health",
        _of_kiosk("health"),
        presence.Health,
        from_kiosk=True,
        qos=0,
        retained=False,
        says="How the kiosk does, every minute.",
    ),
    Channel(
        "receipts",
        _of_kiosk("receipts"),
        receipts.Receipt,
        from_kiosk=False,
        qos=1,
        retained=False,
        says="What is committed to the server's database, and what it refuses for good.",
    ),
    Channel(
        "serverState",
        topics.SERVER_STATE,
        presence.ServerState,
        from_kiosk=False,
        qos=1,
        retained=True,
        says="Whether the ingest listens; its will says `offline`.",
    ),
    Channel(
        "keyset",
        topics.DOCUMENTS[topics.KEYSET],
        keyset.SignedKeySet,
        from_kiosk=False,
        qos=1,
        retained=True,
        says="The fleet's public keys, signed by the root. A kiosk never goes back to an older "
        "version.",
    ),
    Channel(
        "trust",
        topics.DOCUMENTS[topics.TRUST],
        signed.Signed,
        from_kiosk=False,
        qos=1,
        retained=True,
        says="Who signs health certificates: a `TrustStore`, signed by the root.",
    ),
    Channel(
        "revocations",
        topics.DOCUMENTS[topics.REVOCATIONS],
        signed.Signed,
        from_kiosk=False,
        qos=1,
        retained=True,
        says="Cards that no longer count: `Revocations`, signed by a card key of the key set.",
    ),
)

STRUCTS: Final[tuple[type[msgspec.Struct], ...]] = (
    *dict.fromkeys(channel.message for channel in CHANNELS),
    records.Record,
    records.TracingPart,
    records.IdentityPart,
    keyset.KeySet,
    trust.TrustStore,
    revocations.Revocations,
)
"""Everything that is said or sealed, with what those are made of."""


def document() -> Json:
    """The AsyncAPI 3 document of this contract."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tram: kiosk and fleet server",
            "version": str(CONTRACT),
            "license": {"name": "Apache-2.0"},
            "description": "JSON over MQTT 3.1.1 or later; binary fields in base64. Every field "
            "has a default, unknown fields are ignored, unknown words are kept: a peer one release "
            f"older or newer follows. No message is larger than {MAX_MESSAGE_BYTES} bytes, no "
            f"signed document than {signed.MAX_DOCUMENT_BYTES}.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "secure-mqtt",
                "protocolVersion": "3.1.1",
                "description": "Any MQTT broker that maps client certificates to kiosks and lets "
                "each speak and hear only under its own id.",
                "variables": {
                    "host": {"default": "127.0.0.1", "description": "As in the kiosk's bundle."},
                    "port": {"default": "8883"},
                },
                "security": [{"$ref": "#/components/securitySchemes/certificate"}],
            }
        },
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": dict(_operation(channel) for channel in CHANNELS),
        "components": {
            "messages": {
                channel.message.__name__: {
                    "summary": _summary(channel),
                    "payload": {"$ref": _SCHEMAS.format(name=channel.message.__name__)},
                }
                for channel in CHANNELS
            },
            "schemas": schemas(),
            "parameters": {
                "kiosk": {
                    "description": f"The kiosk's id: `{topics.ID_PATTERN.pattern}`, and none of "
                    + ", ".join(sorted(topics.RESERVED_IDS))
                    + "."
                }
            },
            "securitySchemes": {
                "certificate": {
                    "type": "X509",
                    "description": "The kiosk's certificate, issued by the fleet's CA: its id is "
                    "the common name and the DNS name.",
                }
            },
        },
    }


def schemas() -> Json:
    """JSON Schemas (draft 7) of all structs by name, described by the docstrings in the code."""
    _, found = msgspec.json.schema_components(STRUCTS, ref_template=_SCHEMAS)
    structs = {struct.__name__: struct for struct in _with_parts(STRUCTS)}
    for name, schema in found.items():
        says = field_docs(structs[name])
        for field, value in schema["properties"].items():
            if field in says:
                # Beside a $ref draft 7 ignores everything, a description too.
                wrapped = {"allOf": [{"$ref": value.pop("$ref")}]} if "$ref" in value else {}
                schema["properties"][field] = {"description": says[field], **wrapped, **value}
    found["Batch"]["properties"]["records"] |= {
        "items": {"$ref": _SCHEMAS.format(name="Record")},
        "minItems": 1,
        "maxItems": records.MAX_BATCH_RECORDS,
    }
    draft7: Json = _draft7(found)
    return draft7


def _summary(channel: Channel) -> str:
    """What the channel's message is, whichever of several channels it comes on."""
    sharing = [each for each in CHANNELS if each.message is channel.message]
    return channel.says if len(sharing) == 1 else " ".join((channel.message.__doc__ or "").split())


def _channel(channel: Channel) -> Json:
    name = channel.message.__name__
    out: Json = {
        "address": channel.topic,
        "description": channel.says,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }
    if "{kiosk}" in channel.topic:
        out["parameters"] = {"kiosk": {"$ref": "#/components/parameters/kiosk"}}
    return out


def _operation(channel: Channel) -> tuple[str, Json]:
    action = "send" if channel.from_kiosk else "receive"
    message = channel.message.__name__
    return action + channel.name[0].upper() + channel.name[1:], {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{message}"}],
        "bindings": {
            "mqtt": {"qos": channel.qos, "retain": channel.retained, "bindingVersion": "0.2.0"}
        },
    }


def _with_parts(structs: tuple[type[msgspec.Struct], ...]) -> Iterator[type[msgspec.Struct]]:
    """`structs` and all structs their modules define."""
    for module in {sys.modules[struct.__module__] for struct in structs}:
        for value in vars(module).values():
            if inspect.isclass(value) and issubclass(value, msgspec.Struct):
                yield value


def field_docs(struct: type) -> dict[str, str]:
    """The docstrings that stand under the fields of a struct, dataclass or enumeration."""
    body = ast.parse(inspect.getsource(struct)).body[0]
    out: dict[str, str] = {}
    name = ""
    for node in body.body if isinstance(body, ast.ClassDef) else []:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            out[name] = " ".join(str(node.value.value).split())
            name = ""
        else:
            name = ""
    return out


def _draft7(value: Any) -> Any:
    """Tuples, patterns and descriptions as AsyncAPI's own schema dialect writes them."""
    if isinstance(value, list):
        return [_draft7(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {key: _draft7(item) for key, item in value.items()}
    if "prefixItems" in out:
        out["items"] = out.pop("prefixItems")
        out["additionalItems"] = False
    if isinstance(out.get("pattern"), str):
        out["pattern"] = re.sub(r"\\A(.*)\\Z", r"^\1$", out["pattern"])
    if isinstance(out.get("description"), str):
        out["description"] = " ".join(out["description"].split())
    if out.get("required") == []:
        del out["required"]
    return out
