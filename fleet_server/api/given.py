"""What a request brings, as structs: its query, its JSON body. Nothing it brings is ignored."""

from functools import cache
from typing import Any, Final, TypeVar

import msgspec
from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

S = TypeVar("S", bound=msgspec.Struct)
JSON: Final = "application/json"
_EXACT: Final = 2**53
"""Up to here every integer is a float, too."""


def query(kind: type[S] | None) -> S | None:
    """The request's query; None: there is none. Raises BadRequest naming the parameter."""
    found: dict[str, Any] = {}
    for name, values in request.args.lists():
        if kind is None:
            raise BadRequest(f"{name}: no such parameter; there are none")
        _storable(name, values)
        if name in _lists(kind):
            found[name] = values
            continue
        if len(values) > 1:
            raise BadRequest(f"{name}: expected once, not {len(values)} times")
        found[name] = values[0]
    if kind is None:
        return None
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise BadRequest(_in_words(str(problem), kind, "parameter")) from problem


def body(kind: type[S] | None) -> S | None:
    """The request's JSON; None: it has no body. Raises BadRequest naming the field,
    UnsupportedMediaType.
    """
    content = request.get_data(cache=False)
    if kind is None:
        if content.strip() not in (b"", b"{}"):
            raise BadRequest("expected no body")
        return None
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"expected a body in JSON, Content-Type: {JSON}")
    try:
        found = msgspec.convert(_NUMBERS.decode(content), kind)
    except msgspec.ValidationError as problem:
        raise BadRequest(_in_words(str(problem), kind, "field")) from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadRequest("expected one JSON object in UTF-8") from problem
    for name, value in msgspec.to_builtins(found).items():
        _storable(name, value)
    return found


def _number(text: str) -> float | int:
    """JSON has one kind of number: 1.0 is an integer to whoever wrote the document's schemas."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value


_NUMBERS: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(float_hook=_number)


def _storable(name: str, value: object) -> None:
    """No reference, time or word holds a NUL, and PostgreSQL takes none."""
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and "\0" in text for text in texts):
        raise BadRequest(f"{name}: expected text without NUL")


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


def _in_words(problem: str, kind: type[msgspec.Struct], what_it_is: str) -> str:
    what, _, where = problem.partition(" - at `$")
    if "unknown field" in what:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        return f"{what.split('`')[1]}: no such {what_it_is}; known are {known}"
    return f"{where.strip('.`')}: {what}" if where else what
