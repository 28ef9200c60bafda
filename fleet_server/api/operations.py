"""An operation of the API, declared once: its route, who may call it, its input, its answer.

The route and the published document are both made from the declaration, so they cannot differ.
"""

import inspect
import io
import re
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple, TypeVar, get_type_hints

import msgspec
from flask import Blueprint, send_file
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from fleet_server.api import given
from fleet_server.auth.permissions import Permission
from fleet_server.web import access

PREFIX: Final = "/api/v1"
ZIP: Final = "application/zip"
MOST: Final = 2**63 - 1
"""No number of ours is greater; the database takes none that is."""

_PARAMETER: Final = re.compile(r"<(?:(int):)?(\w+)>")

Method = Literal["GET", "POST"]
View = TypeVar("View", bound=Callable[..., "msgspec.Struct | Download"])


class Download(NamedTuple):
    """An answer that is a file: a ZIP."""

    name: str
    content: bytes


class Operation(NamedTuple):
    """One GET or POST. The guard resolves a `<venue>` and holds it to the caller's scope."""

    path: str
    name: str
    permission: Permission
    summary: str
    description: str
    query: type[msgspec.Struct] | None
    answer: type[msgspec.Struct] | type[Download]
    method: Method = "GET"
    body: type[msgspec.Struct] | None = None


def route(
    pages: Blueprint,
    operations: list[Operation],
    *,
    path: str,
    permission: Permission,
    summary: str,
    method: Method = "GET",
    costly: bool = False,
) -> Callable[[View], View]:
    """Routes a function to its answer, and adds it to `operations`.

    The function takes the parameters of its path by their names, and at most one struct: the query
    of a GET, the JSON body of a POST. `costly`: one caller may ask for it only so often a minute.
    """

    def add(answer: View) -> View:
        hints = get_type_hints(answer)
        kind = hints.pop("return")
        # `<venue>` is the guard's; a function need not take it.
        own = parameters(path).keys() & hints.keys()
        structs = hints.keys() - own
        if len(structs) > 1:
            raise TypeError(f"{answer.__name__}: expected one struct, not {sorted(structs)}")
        struct = next(iter(structs), "")
        taken = hints.get(struct)
        query, body = (taken, None) if method == "GET" else (None, taken)

        @access.permission(permission, costly=costly)
        def view(**named: Any) -> Response:
            _check(named)
            inputs = {name: value for name, value in named.items() if name in own}
            asked = given.query(query)
            sent = given.body(body) if method == "POST" else None
            if struct:
                inputs[struct] = asked if method == "GET" else sent
            return _response(answer(**inputs))

        operations.append(
            Operation(
                path=path,
                name=answer.__name__,
                permission=permission,
                summary=summary,
                description=inspect.getdoc(answer) or "",
                query=query,
                answer=kind,
                method=method,
                body=body,
            )
        )
        pages.add_url_rule(path, answer.__name__, view, methods=[method])
        return answer

    return add


def parameters(path: str) -> dict[str, Literal["integer", "string"]]:
    """The parameters of a path with what each is."""
    return {name: "integer" if kind else "string" for kind, name in _PARAMETER.findall(path)}


def template(path: str) -> str:
    """The path as OpenAPI writes it."""
    return _PARAMETER.sub(r"{\2}", path)


def _check(named: dict[str, Any]) -> None:
    """Raises NotFound where nothing can be named so."""
    for value in named.values():
        if (isinstance(value, int) and value > MOST) or (isinstance(value, str) and "\0" in value):
            raise NotFound


def _response(found: msgspec.Struct | Download) -> Response:
    if isinstance(found, Download):
        content = io.BytesIO(found.content)
        return send_file(content, mimetype=ZIP, as_attachment=True, download_name=found.name)
    return Response(msgspec.json.encode(found), content_type="application/json")
