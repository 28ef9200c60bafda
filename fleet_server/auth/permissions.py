"""What can be permitted, and which role is permitted what. The only place where that is said."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """Every view declares one of these, or says why it is public."""

    START = "start"
    """See one's own start page, account and browsers."""
    VENUE_LOG = "venue.log"
    """See a venue's log: times, gates, directions, masked labels."""
    VENUE_EXPORT = "venue.export"
    """Take a venue's log away as a table."""
    VENUE_MANAGE = "venue.manage"
    """Change a venue's hours, kind, gates and rooms."""
    VENUE_STAFF = "venue.staff"
    """Say who sells or works at a venue, by masked labels."""
    DESK = "desk"
    """Issue and revoke visitors' cards."""
    RIGHTS = "rights"
    """Take and answer what people ask about their own data."""
    TRACE = "trace"
    """Ask who was exposed."""
    CASES = "cases"
    """Work on cases: milestones, contacts, names."""
    CASES_DECIDE = "cases.decide"
    """Be the second person: confirm a laboratory reference, approve and review openings."""
    FLEET = "fleet"
    """See kiosks: state, versions, queues, counts."""
    COVERAGE = "coverage"
    """Read the weekly report: which places are registered, active, silent."""
    ADMIN = "admin"
    """Change accounts, areas, rules and policies."""
    AUDIT = "audit"
    """Read the audit log and the reviews of openings."""


class Role(StrEnum):
    """What somebody is here; the pages say it in the reader's language."""

    VISITOR_DESK = "visitor_desk"
    VENUE_MANAGER = "venue_manager"
    TRACER = "tracer"
    TRACING_SUPERVISOR = "tracing_supervisor"
    FLEET_OPERATOR = "fleet_operator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


_TRACER: Final = frozenset(
    {
        Permission.START,
        Permission.VENUE_LOG,
        Permission.TRACE,
        Permission.CASES,
        Permission.COVERAGE,
    }
)

GRANTS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.VISITOR_DESK: frozenset({Permission.START, Permission.DESK, Permission.RIGHTS}),
    Role.VENUE_MANAGER: frozenset(
        {
            Permission.START,
            Permission.VENUE_LOG,
            Permission.VENUE_EXPORT,
            Permission.VENUE_MANAGE,
            Permission.VENUE_STAFF,
        }
    ),
    Role.TRACER: _TRACER,
    Role.TRACING_SUPERVISOR: _TRACER | {Permission.CASES_DECIDE},
    # Those who run the fleet see no visitor.
    Role.FLEET_OPERATOR: frozenset(
        {Permission.START, Permission.FLEET, Permission.VENUE_MANAGE, Permission.COVERAGE}
    ),
    Role.ADMINISTRATOR: frozenset({Permission.START, Permission.ADMIN, Permission.COVERAGE}),
    Role.AUDITOR: frozenset({Permission.START, Permission.AUDIT, Permission.COVERAGE}),
}

VENUE_ROLES: Final = frozenset({Role.VENUE_MANAGER})
"""Roles that are always for certain venues; the others never are."""

AREA_ROLES: Final = frozenset(Role) - VENUE_ROLES
"""Roles that may be for one area, with all below it."""

PERSONAL: Final = frozenset({Permission.CASES, Permission.CASES_DECIDE})
"""What is done in somebody's own name only, so that a second person is another person."""

SECOND_FACTOR_ROLES: Final = frozenset(Role) - {Role.VENUE_MANAGER, Role.VISITOR_DESK}
"""Roles that do nothing before a second factor is set up; for the others it is a choice."""
