"""Names as people look for them: without case and accents, in whatever way they were typed."""

import unicodedata
from typing import Any, Final

from sqlalchemy import ColumnElement, SQLColumnExpression, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

SQLITE: Final = "tram_folded"
"""What SQLite calls `folded`, which every connection of ours teaches it."""
_PLAIN_D: Final = str.maketrans("Đđ", "dd")
"""The one Vietnamese letter that is not a plain one with marks."""


class Folded(FunctionElement[str]):
    """`folded` of a column."""

    type = String()
    inherit_cache = True


def folded(text: str | None) -> str | None:
    """`cho dong` of `Chợ Đông`, also where its accents are letters of their own."""
    if text is None:
        return None
    apart = unicodedata.normalize("NFD", text.translate(_PLAIN_D))
    return "".join(each for each in apart if not "\u0300" <= each <= "\u036f").lower()


def holds(column: SQLColumnExpression[str], text: str) -> ColumnElement[bool]:
    """Whether `text` is part of what stands in a column, to a reader."""
    return Folded(column).contains(folded(text), autoescape=True)


@compiles(Folded, "sqlite")
def _sqlite(element: Folded, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{SQLITE}({compiler.process(element.clauses, **kw)})"


@compiles(Folded, "postgresql")
def _postgresql(element: Folded, compiler: SQLCompiler, **kw: Any) -> str:
    # Marks go first: without a language, `lower` knows no letters but a to z.
    apart = f"normalize(translate({compiler.process(element.clauses, **kw)}, 'Đđ', 'dd'), NFD)"
    return f"lower(regexp_replace({apart}, '[\\u0300-\\u036f]', '', 'g'))"
