"""What the vault demands before it opens or finds anybody. Asked in the vault itself, whatever the
caller has checked already.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, func, select, text

from fleet_server.auth.permissions import GRANTS, Permission, Role
from fleet_server.errors import FleetError
from fleet_server.identity import links
from fleet_server.identity.vault_messages import NotPermitted
from fleet_server.models import Account, Case, CasePerson, NameOpening, OpenedName, Person
from fleet_server.privacy import rights

DAY_MS: Final = 86_400_000
RIGHT: Final = "right:"
"""In place of a case: the request of a person about their own data."""
APPROVED: Final = ("approved", "broken_glass")
_LOCK: Final = 0x6E616D65  # any number, the same in all processes


class Ground(NamedTuple):
    """What an opening stands on."""

    case_id: int | None
    """None: a person's own request."""
    restricted: frozenset[int]
    """Persons whose data may be kept but not used."""


class _Member(NamedTuple):
    """Somebody of a case."""

    person_id: int
    """Today's."""
    inside: bool
    """Not taken out again."""


def may_find(connection: Connection, case: str) -> None:
    """Raises NotPermitted unless somebody may be looked for on this ground."""
    if case.startswith(RIGHT):
        _requested(connection, case)
        return
    found = _open_case(connection, case)
    if not found.lab_ref:
        raise NotPermitted(
            f"case {case}: chưa có số xét nghiệm / has no laboratory reference, so nobody is looked"
            " for; `fleet case set --lab` writes it down"
        )


def may_open(
    connection: Connection,
    case: str,
    actor: str,
    persons: Sequence[int],
    *,
    opening: int | None,
    limit: int,
    now_ms: int,
) -> Ground:
    """Raises NotPermitted unless `actor` may open these persons on this ground now.

    `limit`: persons somebody may open within a day alone; `opening`: an approved request for more.
    """
    if case.startswith(RIGHT):
        own = _requested(connection, case)
        if own is None or set(persons) != {own}:
            raise NotPermitted(f"{case}: is about one person, and opens nobody else")
        return Ground(None, frozenset())
    found = _open_case(connection, case)
    if found.lab_confirmed_at is None:
        raise NotPermitted(
            f"case {case}: chưa ai khác xác nhận số xét nghiệm / no second person has confirmed the"
            " laboratory reference; `fleet case confirm` does"
        )
    members = _members(connection, found.id)
    inside = {member.person_id for member in members.values() if member.inside}
    if outside := sorted(set(persons) - inside):
        named = ", ".join(f"P{person}" for person in outside[:5])
        raise NotPermitted(
            f"case {case}: {named}: không thuộc ca này / not in this case, so not opened for it"
        )
    if connection.dialect.name == "postgresql":
        # Two requests at once would each see the day without the other.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    opened = set(
        connection.scalars(
            select(OpenedName.person_id)
            .where(OpenedName.actor == actor, OpenedName.at_ms > now_ms - DAY_MS)
            .distinct()
        )
    )
    if len(opened | set(persons)) > limit:
        if opening is None:
            raise NotPermitted(
                f"{len(opened)} đã mở trong 24 giờ, thêm {len(persons)} vượt {limit} / opened"
                f" within 24 hours, {len(persons)} more are above {limit}: a second person approves"
                " (`fleet case ask-names`, `fleet case approve`), or break the glass"
            )
        asked = _approved(connection, found.id, actor, opening, now_ms=now_ms)
        covered = {members[member].person_id for member in asked if member in members}
        if not set(persons) <= covered:
            raise NotPermitted(
                f"opening {opening}: đã duyệt cho những người khác / was approved for other persons"
            )
    return Ground(found.id, frozenset(rights.restricted(connection, persons)))


def may_issue(connection: Connection, actor: str) -> None:
    """Raises NotPermitted unless `actor` is somebody of a visitor desk today."""
    role = connection.scalar(
        select(Account.role).where(Account.login == actor, Account.disabled_at.is_(None))
    )
    if role not in set(Role) or Permission.DESK not in GRANTS[Role(role)]:
        raise NotPermitted(
            f"{actor}: không thuộc quầy khách / is nobody of a visitor desk, so no card is made or"
            " revoked for them"
        )


def opened_today(connection: Connection, actor: str, *, now_ms: int) -> int:
    """How many persons `actor` opened within a day."""
    return (
        connection.scalar(
            select(func.count(OpenedName.person_id.distinct())).where(
                OpenedName.actor == actor, OpenedName.at_ms > now_ms - DAY_MS
            )
        )
        or 0
    )


def _requested(connection: Connection, case: str) -> int | None:
    try:
        return rights.person_of(connection, case)
    except FleetError as problem:
        raise NotPermitted(str(problem)) from problem


def _open_case(connection: Connection, case: str) -> Row[*tuple[Any, ...]]:
    found = connection.execute(
        select(Case.id, Case.lab_ref, Case.lab_confirmed_at, Case.closed_at).where(Case.ref == case)
    ).one_or_none()
    if found is None:
        raise NotPermitted(f"case {case}: không có / no such case; `fleet case open` makes one")
    if found.closed_at is not None:
        raise NotPermitted(f"case {case}: đã đóng / is closed")
    return found


def _members(connection: Connection, case_id: int) -> dict[int, _Member]:
    """Who is or was in a case, by their number in it."""
    rows = connection.execute(
        select(CasePerson.id, CasePerson.person_id, CasePerson.removed_at, Person.merged_into)
        .join(Person, Person.id == CasePerson.person_id)
        .where(CasePerson.case_id == case_id)
    ).all()
    leads = links.today(connection, {person for _, person, _, merged in rows if merged})
    return {
        number: _Member(leads.get(person, person), removed is None)
        for number, person, removed, _ in rows
    }


def _approved(
    connection: Connection, case_id: int, actor: str, opening: int, *, now_ms: int
) -> list[int]:
    """The members of the case that an opening was approved for."""
    found = connection.execute(
        select(
            NameOpening.state,
            NameOpening.persons,
            NameOpening.asked_by,
            NameOpening.decided_by,
            NameOpening.decided_ms,
        ).where(NameOpening.id == opening, NameOpening.case_id == case_id)
    ).one_or_none()
    if found is None:
        raise NotPermitted(
            f"opening {opening}: không có trong ca này / no such request in this case"
        )
    if found.asked_by != actor:
        raise NotPermitted(
            f"opening {opening}: người khác đã xin / was asked for by {found.asked_by}, not by"
            f" {actor}"
        )
    if found.state not in APPROVED:
        raise NotPermitted(f"opening {opening}: chưa được duyệt / is {found.state}, not approved")
    if found.state == APPROVED[0] and found.decided_by in (None, actor):
        raise NotPermitted(
            f"opening {opening}: chưa có người thứ hai duyệt / no second person approved it"
        )
    if found.decided_ms <= now_ms - DAY_MS:
        raise NotPermitted(
            f"opening {opening}: duyệt đã quá 24 giờ, hãy xin lại / was approved more than 24 hours"
            " ago; ask again"
        )
    return msgspec.json.decode(found.persons, type=list[int])
