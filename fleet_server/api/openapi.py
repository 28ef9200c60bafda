"""The OpenAPI 3.1 document, made from the operations and the structs they speak in. Pure."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from fleet_server.api.operations import Operation
from fleet_server.web.errors import PROBLEM, Problem

OPENAPI: Final = "3.1.0"
_REFS: Final = "#/components/schemas/{name}"
_PATH_PARAMETER: Final = re.compile(r"<(?:(\w+):)?(\w+)>")
PATH_PARAMETERS: Final = {
    "venue": "Reference of a venue",
    "case": "Reference of a case",
    "person": "Reference of a person within the case",
    "number": "Its number",
}


def document(prefix: str, operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document; `prefix` stands before every path."""
    listed = list(operations)
    _, schemas = msgspec.json.schema_components(
        [
            Problem,
            *(op.answer for op in listed),
            *(op.asks for op in listed if op.method == "POST"),
        ],
        ref_template=_REFS,
    )
    paths: dict[str, Any] = {}
    for op in listed:
        path = prefix + _PATH_PARAMETER.sub(r"{\2}", op.path)
        paths.setdefault(path, {})[op.method.lower()] = _operation(op)
    paths[f"{prefix}/openapi.json"] = {
        "get": {
            "operationId": "document",
            "summary": "This document",
            "security": [],
            "responses": {
                "200": {
                    "description": "OpenAPI",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                }
            },
        }
    }
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Trạm fleet server",
            "version": "1",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "Times in answers are ISO 8601 UTC. A time in a question without an"
            " offset is local to the fleet. Errors are problem details (RFC 9457).",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access code, as `fleet token create` prints it",
                }
            },
            "responses": {
                "Problem": {
                    "description": "What was wrong",
                    "content": {PROBLEM: {"schema": {"$ref": _REFS.format(name="Problem")}}},
                }
            },
        },
    }


def _operation(op: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": op.name,
        "summary": op.summary,
        "description": f"{op.description} Needs the permission `{op.permission}`.".strip(),
        "parameters": _path_parameters(op.path),
        "responses": {
            "200": {"description": "The answer", "content": _json(op.answer)},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if op.method == "GET":
        described["parameters"] += _query_parameters(op.asks)
    else:
        required = any(field.required for field in msgspec.structs.fields(op.asks))
        described["requestBody"] = {"required": required, "content": _json(op.asks)}
    return described


def _json(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFS.format(name=kind.__name__)}}}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS[name],
            "schema": {"type": "integer", "minimum": 0} if kind == "int" else {"type": "string"},
        }
        for kind, name in _PATH_PARAMETER.findall(path)
    ]


def _query_parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    _, schemas = msgspec.json.schema_components([query], ref_template=_REFS)
    schema = schemas[query.__name__]
    out = []
    for name, described in schema["properties"].items():
        description = described.pop("description", None)
        parameter = {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "schema": described,
        }
        out.append(parameter if description is None else parameter | {"description": description})
    return out
