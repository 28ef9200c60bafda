"""What can be permitted, and which role is permitted what. The only place where that is said."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """Every view declares one of these, or says why it is public."""

    START = "start"
    """See one's own start page."""
    VENUE_LOG = "venue.log"
    """See a venue's log: times, gates, directions, masked labels."""
    TRACE = "trace"
    """Ask who was exposed."""
    CASES = "cases"
    """Work on cases: milestones, contacts, names."""
    CASES_DECIDE = "cases.decide"
    """Be the second person: confirm a laboratory reference, approve and review openings."""
    FLEET = "fleet"
    """See kiosks: state, versions, queues."""
    COVERAGE = "coverage"
    """Read the weekly report: which places are registered, active, silent."""


class Role(StrEnum):
    VENUE_MANAGER = "venue_manager"
    TRACER = "tracer"
    TRACING_SUPERVISOR = "tracing_supervisor"
    FLEET_OPERATOR = "fleet_operator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


GRANTS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.VENUE_MANAGER: frozenset({Permission.START, Permission.VENUE_LOG}),
    Role.TRACER: frozenset(
        {
            Permission.START,
            Permission.VENUE_LOG,
            Permission.TRACE,
            Permission.CASES,
            Permission.COVERAGE,
        }
    ),
    Role.TRACING_SUPERVISOR: frozenset(
        {
            Permission.START,
            Permission.VENUE_LOG,
            Permission.TRACE,
            Permission.CASES,
            Permission.CASES_DECIDE,
            Permission.COVERAGE,
        }
    ),
    # Those who run the fleet see no visitor.
    Role.FLEET_OPERATOR: frozenset({Permission.START, Permission.FLEET, Permission.COVERAGE}),
    Role.ADMINISTRATOR: frozenset({Permission.START, Permission.COVERAGE}),
    Role.AUDITOR: frozenset({Permission.START, Permission.COVERAGE}),
}

VENUE_ROLES: Final = frozenset({Role.VENUE_MANAGER})
"""Roles that are always for one venue; the others never are."""

AREA_ROLES: Final = frozenset({Role.TRACER, Role.TRACING_SUPERVISOR})
"""Roles that may be for one area, with all below it."""
