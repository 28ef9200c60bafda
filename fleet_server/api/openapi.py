"""The OpenAPI 3.1 document, made from the operations and the structs they speak in. Pure."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from fleet_server.api.given import JSON
from fleet_server.api.operations import MOST, ZIP, Download, Operation, parameters, template
from fleet_server.web.errors import PROBLEM, Problem

OPENAPI: Final = "3.1.0"
_REFS: Final = "#/components/schemas/{name}"
_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": MOST}
PATH_PARAMETERS: Final = {
    "venue": "Reference of a venue",
    "case": "Reference of a case",
    "person": "Reference of a person within the case",
    "number": "Number of a milestone, link, request or result",
}


def document(prefix: str, operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document; `prefix` stands before every path."""
    listed = list(operations)
    structs = [kind for op in listed for kind in (op.answer, op.body) if _is_struct(kind)]
    _, schemas = msgspec.json.schema_components([Problem, *structs], ref_template=_REFS)
    paths: dict[str, Any] = {}
    for op in listed:
        paths.setdefault(prefix + template(op.path), {})[op.method.lower()] = _operation(op)
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


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _operation(op: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": op.name,
        "summary": op.summary,
        "description": f"{op.description} Needs the permission `{op.permission}`.",
        "parameters": [*_path_parameters(op.path), *_query_parameters(op.query)],
    }
    if op.body is not None:
        described["requestBody"] = {"required": True, "content": {JSON: _schema(op.body)}}
    answer = {ZIP: {}} if op.answer is Download else {JSON: _schema(op.answer)}
    described["responses"] = {"200": {"description": "The answer", "content": answer}}
    for status in _refusals(op):
        described["responses"][status] = {"$ref": "#/components/responses/Problem"}
    return described


def _refusals(op: Operation) -> list[str]:
    """The statuses an operation refuses with, each with a problem."""
    found = {"400", "401", "403", "404", "429", "5XX"}
    if op.method == "POST":
        found |= {"409", "413"}
    if op.body is not None:
        found |= {"415"}
    return sorted(found)


def _schema(struct: type) -> dict[str, Any]:
    return {"schema": {"$ref": _REFS.format(name=struct.__name__)}}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS[name],
            "schema": _NUMBER if kind == "integer" else {"type": "string"},
        }
        for name, kind in parameters(path).items()
    ]


def _query_parameters(query: type[msgspec.Struct] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
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
