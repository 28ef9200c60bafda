"""An operation of the API, declared once: its route, who may call it, its query, its answer.

The route and the published document are both made from the declaration, so they cannot differ.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar, get_type_hints

import msgspec
from flask import Blueprint, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from fleet_server.auth.permissions import Permission
from fleet_server.web import access

PREFIX: Final = "/api/v1"

Q = TypeVar("Q", bound=msgspec.Struct)
A = TypeVar("A", bound=msgspec.Struct)


class Operation(NamedTuple):
    """One GET. The guard resolves a `<venue>` in its path and holds it to the caller's scope."""

    path: str
    name: str
    permission: Permission
    summary: str
    description: str
    query: type[msgspec.Struct]
    answer: type[msgspec.Struct]


def route(
    pages: Blueprint,
    operations: list[Operation],
    *,
    path: str,
    permission: Permission,
    summary: str,
) -> Callable[[Callable[[Q], A]], Callable[[Q], A]]:
    """Routes a function from its query struct to its answer struct, and adds it to `operations`."""

    def add(answer: Callable[[Q], A]) -> Callable[[Q], A]:
        hints = get_type_hints(answer)
        kind = hints.pop("return")
        (query,) = hints.values()

        @access.permission(permission)
        def view(**_path: str) -> Response:
            found = msgspec.json.encode(answer(_query(query)))
            return Response(found, content_type="application/json")

        description = (answer.__doc__ or "").strip()
        operations.append(
            Operation(path, answer.__name__, permission, summary, description, query, kind)
        )
        pages.add_url_rule(path, answer.__name__, view, methods=["GET"])
        return answer

    return add


def _query(kind: type[Q]) -> Q:
    """The request's query as a struct. Raises BadRequest naming the parameter."""
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        if any("\0" in value for value in values):
            # No reference, time or word holds one, and PostgreSQL takes none.
            raise BadRequest(f"{name}: expected text without NUL")
        if name in _lists(kind):
            given[name] = values
            continue
        if len(values) > 1:
            raise BadRequest(f"{name}: expected once, not {len(values)} times")
        given[name] = values[0]
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise BadRequest(_in_words(str(problem), kind)) from problem


@cache
def _lists(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The parameters that may be given more than once."""
    described = msgspec.inspect.type_info(kind)
    if not isinstance(described, msgspec.inspect.StructType):
        return frozenset()
    lists = (
        each for each in described.fields if isinstance(_plain(each.type), msgspec.inspect.ListType)
    )
    return frozenset(each.encode_name for each in lists)


def _plain(described: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """Without what is said about it."""
    return described.type if isinstance(described, msgspec.inspect.Metadata) else described


def _in_words(problem: str, kind: type[msgspec.Struct]) -> str:
    what, _, where = problem.partition(" - at `$")
    if "unknown field" in what:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        return f"{what.split('`')[1]}: no such parameter; known are {known}"
    return f"{where.strip('.`')}: {what}" if where else what
