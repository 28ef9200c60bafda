"""What is known of a kiosk's whereabouts on the network: its state, description and health.

A session's will (`lost`) can arrive after the next session's birth; only the current session's
counts.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy import insert as plain_insert

from fleet_server.database import insert
from fleet_server.models import Base, Outage, Presence
from fleet_server.tracing.gaps import SILENT_AFTER_S
from wire import codec, topics
from wire.errors import Malformed
from wire.presence import DISCONNECTED, LOST, About, Health, State
from wire.records import MAX_RECORD_BYTES

STATE: Final = "state"
ABOUT: Final = "about"
HEALTH: Final = "health"
_TABLE: Final = Base.metadata.tables["presence"]
_MAX_MS: Final = 2**43


@dataclass(frozen=True, slots=True)
class Heard:
    """One message about a kiosk itself, or the mere fact that it spoke."""

    kiosk: str
    heard_ms: int
    """Server time; 0 for what the kiosk does not say now: a retained message, and its will, which
    the broker says for it and which may have waited while the ingest was away."""
    state: State | None = None
    about: bytes | None = None
    health: bytes | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the presence table."""

    heard_ms: int = 0
    state: str = ""
    session: str = ""
    since_ms: int = 0
    about: bytes | None = None
    health: bytes | None = None


def read(topic: str, payload: bytes, *, received_ms: int, retained: bool) -> Heard:
    """A message on `state`, `about` or `health`. Raises WireError for anything else."""
    kiosk, channel = topics.parse(topic)
    heard_ms = 0 if retained else received_ms
    if channel == STATE:
        state = codec.decode(payload, State, limit=MAX_RECORD_BYTES)
        if not 0 <= state.since_ms < _MAX_MS:
            raise Malformed("a state's since_ms is milliseconds from 0 up to the year 2248")
        return Heard(kiosk, 0 if state.state == LOST else heard_ms, state=state)
    if channel == ABOUT:
        codec.decode(payload, About, limit=MAX_RECORD_BYTES)
        return Heard(kiosk, heard_ms, about=payload)
    if channel == HEALTH:
        codec.decode(payload, Health, limit=MAX_RECORD_BYTES)
        return Heard(kiosk, heard_ms, health=payload)
    raise Malformed(f"{channel} says nothing of presence")


def after(known: Known, heard: Heard) -> Known:
    """What is known once `heard` is taken in. Pure."""
    known = replace(known, heard_ms=max(known.heard_ms, heard.heard_ms))
    if heard.about is not None:
        known = replace(known, about=heard.about)
    if heard.health is not None:
        known = replace(known, health=heard.health)
    state = heard.state
    if state is None or _is_an_old_goodbye(known, state):
        return known
    return replace(known, state=state.state, session=state.session, since_ms=state.since_ms)


def store(connection: Connection, heard: list[tuple[int, Heard]]) -> None:
    """Takes in messages of known kiosks, by the kiosk's id and in their order."""
    _note_outages(connection, heard)
    telling = [each for each in heard if each[1] != Heard(each[1].kiosk, each[1].heard_ms)]
    if not telling:
        _note_time(connection, heard)
        return
    ids = sorted({kiosk_id for kiosk_id, _ in heard})
    rows = connection.execute(select(_TABLE).where(_TABLE.c.kiosk_id.in_(ids)))
    known: dict[int, Known] = {}
    for row in rows.mappings():
        values: dict[str, Any] = {name: row[name] for name in Known.__slots__}
        known[row["kiosk_id"]] = Known(**values)
    before = dict(known)
    for kiosk_id, message in heard:
        known[kiosk_id] = after(known.get(kiosk_id, Known()), message)
    changed = [
        {"kiosk_id": kiosk_id, **_row(known[kiosk_id])}
        for kiosk_id in ids
        if before.get(kiosk_id) != known[kiosk_id]
    ]
    if changed:
        statement = insert(connection, Presence)
        columns = {name: statement.excluded[name] for name in _row(Known())}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["kiosk_id"], set_=columns), changed
        )


def _note_outages(connection: Connection, heard: list[tuple[int, Heard]]) -> None:
    """Whoever speaks again after a silence was away for so long."""
    first: dict[int, int] = {}
    for kiosk_id, message in heard:
        if message.heard_ms:
            first.setdefault(kiosk_id, message.heard_ms)
    if not first:
        return
    silent_ms = SILENT_AFTER_S * 1000
    away = connection.execute(
        select(Presence.kiosk_id, Presence.heard_ms, Presence.state).where(
            Presence.kiosk_id.in_(first),
            Presence.heard_ms > 0,
            Presence.heard_ms < max(first.values()) - silent_ms,
        )
    )
    rows = [
        {"kiosk_id": kiosk_id, "since_ms": since_ms, "until_ms": first[kiosk_id], "state": state}
        for kiosk_id, since_ms, state in away
        if since_ms < first[kiosk_id] - silent_ms
    ]
    if rows:
        connection.execute(plain_insert(Outage), rows)


def _note_time(connection: Connection, heard: list[tuple[int, Heard]]) -> None:
    """They only spoke: one statement is enough."""
    last: dict[int, int] = {}
    for kiosk_id, message in heard:
        last[kiosk_id] = max(message.heard_ms, last.get(kiosk_id, 0))
    rows = [
        {"kiosk_id": kiosk_id, **_row(Known(heard_ms=heard_ms))}
        for kiosk_id, heard_ms in sorted(last.items())
    ]
    if rows:
        statement = insert(connection, Presence)
        newer = {"heard_ms": statement.excluded.heard_ms}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["kiosk_id"],
                set_=newer,
                where=Presence.heard_ms < statement.excluded.heard_ms,
            ),
            rows,
        )


def _is_an_old_goodbye(known: Known, state: State) -> bool:
    goodbye = state.state in (LOST, DISCONNECTED)
    return goodbye and known.session not in ("", state.session)


def _row(known: Known) -> dict[str, object]:
    return {name: getattr(known, name) for name in Known.__slots__}
