"""Addresses of pages in templates: dozens on each page, and mostly the same ones."""

from functools import lru_cache
from typing import Any, Final

from flask import Flask, request, url_for

MOST: Final = 16_384


def install(app: Flask) -> None:
    """`url_for` of templates makes each address once. It takes full names of endpoints only."""

    @lru_cache(maxsize=MOST)
    def made(below: str, endpoint: str, *values: tuple[str, Any]) -> str:
        return url_for(endpoint, **dict(values))

    def remembered(endpoint: str, **values: Any) -> str:
        return made(request.root_path, endpoint, *values.items())

    app.jinja_env.globals["url_for"] = remembered
