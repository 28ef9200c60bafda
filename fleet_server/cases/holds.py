"""Whose records an open case still needs: they are not erased while it is open."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from fleet_server.database import chunks
from fleet_server.models import Case, CasePerson


def cases_of(connection: Connection, person_ids: Collection[int]) -> dict[int, list[str]]:
    """Open cases these persons are in, by person; those in none are left out."""
    found: dict[int, list[str]] = {}
    for some in chunks(sorted(person_ids)):
        rows = connection.execute(
            select(CasePerson.person_id, Case.ref)
            .join(Case, Case.id == CasePerson.case_id)
            .where(
                CasePerson.person_id.in_(some),
                CasePerson.removed_at.is_(None),
                Case.closed_at.is_(None),
            )
            .order_by(Case.ref)
        )
        for person_id, ref in rows:
            found.setdefault(person_id, []).append(ref)
    return found
