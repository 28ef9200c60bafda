"""Addresses of pages in templates: dozens on each page, and mostly the same ones."""

from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, request, url_for
from werkzeug.routing import IntegerConverter, Map

MOST: Final = 16_384


class Number(IntegerConverter):
    """A number that a database can hold: there is nothing at any other address."""

    def __init__(self, urls: Map) -> None:
        super().__init__(urls, max=2**63 - 1)


def host(address: str) -> str | None:
    """Host and port that an address names; empty where none, None where it is no address."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return None


def install(app: Flask) -> None:
    """`url_for` of templates makes each address once. It takes full names of endpoints only.

    Before any page is registered.
    """
    app.url_map.converters["int"] = Number

    @lru_cache(maxsize=MOST)
    def made(below: str, endpoint: str, *values: tuple[str, Any]) -> str:
        return url_for(endpoint, **dict(values))

    def remembered(endpoint: str, **values: Any) -> str:
        return made(request.root_path, endpoint, *values.items())

    app.jinja_env.globals["url_for"] = remembered
