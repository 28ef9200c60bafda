"""The OpenAPI 3.1 document, made from the operations and the structs they speak in. Pure."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from fleet_server.api.operations import Operation
from fleet_server.web.errors import PROBLEM, Problem

OPENAPI: Final = "3.1.0"
_REFS: Final = "#/components/schemas/{name}"
_PATH_PARAMETER: Final = re.compile(r"<(\w+)>")
PATH_PARAMETERS: Final = {"venue": "Reference of a venue"}


def document(prefix: str, operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document; `prefix` stands before every path."""
    listed = list(operations)
    _, schemas = msgspec.json.schema_components(
        [Problem, *(op.answer for op in listed)], ref_template=_REFS
    )
    paths: dict[str, Any] = {
        prefix + _PATH_PARAMETER.sub(r"{\1}", op.path): {"get": _operation(op)} for op in listed
    }
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
    return {
        "operationId": op.name,
        "summary": op.summary,
        "description": f"{op.description} Needs the permission `{op.permission}`.",
        "parameters": [*_path_parameters(op.path), *_query_parameters(op.query)],
        "responses": {
            "200": {
                "description": "The answer",
                "content": {
                    "application/json": {"schema": {"$ref": _REFS.format(name=op.answer.__name__)}}
                },
            },
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS[name],
            "schema": {"type": "string"},
        }
        for name in _PATH_PARAMETER.findall(path)
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
