"""The versions of the exposure rules there are. Written once, never changed."""

import re
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from fleet_server.errors import NotKnown
from fleet_server.identity import audit
from fleet_server.models import ExposureRule, VenueType
from fleet_server.tracing.rules import BadRule, Terms, Version

_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
# Asked with each question: built once.
_RULE: Final = select(ExposureRule.version, ExposureRule.rule)
_NEWEST: Final = _RULE.order_by(ExposureRule.id.desc()).limit(1)
_NAMED: Final = _RULE.where(ExposureRule.version == bindparam("version"))


class Listed(NamedTuple):
    """A version and who wrote it down; seconds UTC."""

    version: str
    terms: Terms
    made_at: int
    made_by: str


def in_force(connection: Connection, version: str | None = None) -> Version:
    """The version of this name; the newest where none is given. Raises NotKnown."""
    if version is None:
        row = connection.execute(_NEWEST).one_or_none()
    else:
        row = connection.execute(_NAMED, {"version": version}).one_or_none()
    if row is None:
        raise NotKnown(
            f"rule {version!r}: không có phiên bản này / no such version; see `fleet rule list`"
        )
    return Version(version=row.version, terms=msgspec.json.decode(row.rule, type=Terms))


def listed(connection: Connection) -> list[Listed]:
    """All versions, oldest first; the last is in force."""
    rows = connection.execute(
        select(
            ExposureRule.version, ExposureRule.rule, ExposureRule.made_at, ExposureRule.made_by
        ).order_by(ExposureRule.id)
    )
    return [Listed(v, msgspec.json.decode(rule, type=Terms), at, by) for v, rule, at, by in rows]


def dwells(connection: Connection, terms: Terms) -> dict[str, int]:
    """Minutes of stay by each venue type there is now, those made after these terms included."""
    codes = connection.scalars(select(VenueType.code).order_by(VenueType.id))
    return {code: terms.dwell_of(code) for code in codes}


def create(connection: Connection, version: str, terms: Terms, *, at_ms: int, actor: str) -> None:
    """Writes down a version, in force from now on. Raises BadRule."""
    if not _VERSION.fullmatch(version):
        raise BadRule(f"version {version!r}: expected up to 32 of A-Z a-z 0-9 . _ -")
    if connection.scalar(select(ExposureRule.id).where(ExposureRule.version == version)):
        raise BadRule(f"version {version}: đã có / is there already; a version is never changed")
    types = set(connection.scalars(select(VenueType.code)))
    if set(terms.dwell_min) != types:
        raise BadRule(f"dwell_min: expected minutes for each of {', '.join(sorted(types))}")
    try:
        # Structs are not checked when they are made.
        text = msgspec.json.encode(terms).decode()
        msgspec.json.decode(text, type=Terms)
    except msgspec.ValidationError as problem:
        raise BadRule(str(problem)) from problem
    values = {"version": version, "rule": text, "made_at": at_ms // 1000, "made_by": actor}
    connection.execute(insert(ExposureRule).values(**values))
    audit.append(
        connection,
        at_ms=at_ms,
        actor=actor,
        action="rule.created",
        subject="",
        detail={"version": version, **msgspec.to_builtins(terms)},
    )
