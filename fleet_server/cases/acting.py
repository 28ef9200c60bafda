"""Who does something in which case, and the record of it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

import msgspec
from sqlalchemy import Connection, Engine, bindparam, insert, select

from fleet_server import database
from fleet_server.auth.caller import Caller
from fleet_server.auth.permissions import GRANTS, Permission, Role
from fleet_server.errors import Already, FleetError, NotKnown, Refused
from fleet_server.fleet import areas
from fleet_server.identity import audit
from fleet_server.models import Case, CaseEvent

MAX_WORDS: Final = 1000


class BadWords(FleetError, ValueError):
    """Words that cannot be written down."""


class Actor(NamedTuple):
    """Somebody known by a token, or the user of this machine (`role` None: everything)."""

    name: str
    role: Role | None = None
    area_id: int | None = None
    """The area they work in, with all below it; None: everywhere."""
    permissions: frozenset[Permission] | None = None
    """What they may do; None: all that the role may."""

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Somebody who was recognised."""
        return cls(caller.name, caller.role, caller.area_id, caller.permissions)

    def may(self, permission: Permission) -> bool:
        if self.role is None:
            return True
        return permission in (GRANTS[self.role] if self.permissions is None else self.permissions)

    def must(self, permission: Permission) -> None:
        """Raises Refused."""
        if not self.may(permission):
            raise Refused(
                f"{self.name}: vai trò {self.role} không được phép / the role {self.role} may not,"
                f" or not with this access code; it needs the permission {permission}"
            )


class KnownCase(NamedTuple):
    """One case as it stands. Seconds UTC."""

    id: int
    ref: str
    disease: str
    area_id: int | None
    lab_ref: str
    lab_confirmed_at: int | None
    lab_confirmed_by: str | None
    onset_at: int | None
    isolated_at: int | None
    since_at: int | None
    until_at: int | None
    rule_version: str
    opened_at: int
    opened_by: str
    closed_at: int | None
    closed_by: str | None


COLUMNS: Final = tuple(getattr(Case, name) for name in KnownCase._fields)
"""What a known case is read from."""
_CASE: Final = select(*COLUMNS).where(Case.ref == bindparam("ref"))
_HELD: Final = select(Case.id).where(Case.ref == bindparam("ref")).with_for_update(key_share=True)


class Acting(NamedTuple):
    """Somebody at work in a case, now."""

    case: KnownCase
    actor: Actor
    now_ms: int

    @property
    def now(self) -> int:
        """Seconds UTC."""
        return self.now_ms // 1000

    def note(
        self,
        connection: Connection,
        kind: str,
        *,
        person_id: int | None = None,
        subject: str = "",
        purpose: str = "",
        words: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes down what happened: `words` stay in the case, the rest goes on the audit log too.

        `person_id`: of `case_persons`. Other writers of the log wait from here: note last.
        """
        told = dict(detail or {})
        connection.execute(
            insert(CaseEvent).values(
                case_id=self.case.id,
                person_id=person_id,
                at_ms=self.now_ms,
                made_by=self.actor.name,
                kind=kind,
                detail=msgspec.json.encode(told).decode(),
                words=words,
            )
        )
        audit.append(
            connection,
            at_ms=self.now_ms,
            actor=self.actor.name,
            action=f"case.{kind}",
            case_ref=self.case.ref,
            purpose=purpose,
            subject=subject,
            detail=told,
        )


def enter(
    connection: Connection, ref: str, actor: Actor, *, now_ms: int, closed: bool = False
) -> Acting:
    """Somebody goes to work on a case. Raises Refused, and NotKnown where it is none of theirs.

    `closed`: whether a closed one will do.
    """
    actor.must(Permission.CASES)
    row = connection.execute(_CASE, {"ref": ref}).one_or_none()
    if row is None or not areas.within(connection, row.area_id, actor.area_id):
        raise NotKnown(f"case {ref[:64]!r}: không có / no such case; `fleet case list` shows them")
    case = KnownCase(*row)
    if case.closed_at is not None and not closed:
        raise Already(f"case {ref}: đã đóng / is closed; nothing in it is changed any more")
    return Acting(case, actor, now_ms)


def hold(connection: Connection, ref: str) -> None:
    """Whoever else goes to change this case waits for the end of the caller's transaction, as all
    writers do on SQLite.
    """
    connection.execute(_HELD, {"ref": ref})


def hold_to_area(engine: Engine, ref: str, actor: Actor, *, now_ms: int) -> None:
    """Who works in one area asks about people for an open case of that area only.

    `ref`: up to 64 characters. Raises Refused, on record.
    """
    if actor.area_id is None:
        return
    try:
        with engine.connect() as connection:
            enter(connection, ref, actor, now_ms=now_ms)
    except (NotKnown, Already) as problem:
        with engine.execution_options(**database.WRITES).begin() as connection:
            audit.append(
                connection,
                at_ms=now_ms,
                actor=actor.name,
                action="trace.refused",
                case_ref=ref if ref.isprintable() else "",
            )
        given = repr(ref) if ref else "chưa nêu / none was given"
        raise Refused(
            f"case: {given}; người của một địa bàn chỉ hỏi cho ca đang mở của địa bàn đó / expected"
            " an open case of your area"
        ) from problem


def area_named(connection: Connection, code: str | None) -> int | None:
    """The id of the area in force with this code. Raises NotKnown."""
    return None if code is None else areas.in_force(connection, code)


def line(what: str, text: str, most: int = MAX_WORDS) -> str:
    """`text` if it can be kept as a line of words. Raises BadWords."""
    text = text.strip()
    if len(text) > most or not text.isprintable():
        raise BadWords(
            f"Tối đa {most} ký tự trên một dòng / {what}: expected up to {most} printable"
            " characters on one line"
        )
    return text
