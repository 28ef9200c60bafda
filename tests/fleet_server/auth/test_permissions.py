"""Who may what, and where: one small table, and the reach of venues and areas."""

from typing import NamedTuple

import pytest
from sqlalchemy import Engine, select, update

from fleet_server import database
from fleet_server.auth import caller
from fleet_server.auth.permissions import (
    AREA_ROLES,
    GRANTS,
    SECOND_FACTOR_ROLES,
    VENUE_ROLES,
    Permission,
    Role,
)
from fleet_server.fleet import areas
from fleet_server.models import Venue
from tests.support.world import one_venue

SEES_VISITORS = {
    *(Permission.VENUE_LOG, Permission.VENUE_EXPORT, Permission.TRACE, Permission.CASES),
    *(Permission.CASES_DECIDE, Permission.DESK, Permission.RIGHTS),
}


class Spot(NamedTuple):
    """A venue as far as reach goes."""

    id: int
    area_id: int | None


def test_every_role_is_granted_its_start_and_every_permission_is_somebodys() -> None:
    assert set(GRANTS) == set(Role)
    assert all(Permission.START in granted for granted in GRANTS.values())
    assert frozenset().union(*GRANTS.values()) == set(Permission)


@pytest.mark.parametrize(
    "role", [Role.FLEET_OPERATOR, Role.ADMINISTRATOR, Role.AUDITOR], ids=lambda role: role.value
)
def test_those_who_run_or_check_see_no_visitor(role: Role) -> None:
    assert not GRANTS[role] & SEES_VISITORS


def test_who_administers_does_not_audit_and_who_audits_changes_nothing() -> None:
    assert Permission.AUDIT not in GRANTS[Role.ADMINISTRATOR]
    assert GRANTS[Role.AUDITOR] == {Permission.START, Permission.AUDIT, Permission.COVERAGE}


def test_only_tracers_trace_and_only_supervisors_are_the_second_person() -> None:
    tracing = {role for role in Role if Permission.TRACE in GRANTS[role]}
    assert tracing == {Role.TRACER, Role.TRACING_SUPERVISOR}
    deciding = {role for role in Role if Permission.CASES_DECIDE in GRANTS[role]}
    assert deciding == {Role.TRACING_SUPERVISOR}


def test_tracers_and_above_need_a_second_factor() -> None:
    assert set(Role) - SECOND_FACTOR_ROLES == {Role.VISITOR_DESK, Role.VENUE_MANAGER}
    assert set(Role) == AREA_ROLES | VENUE_ROLES
    assert not AREA_ROLES & VENUE_ROLES


@pytest.fixture
def tree(engine: Engine) -> dict[str, int]:
    """Two provinces, the first with a district and a commune in it."""
    made = (("01", "province", None), ("011", "district", "01"), ("00001", "commune", "011"))
    with engine.execution_options(**database.WRITES).begin() as connection:
        for code, level, parent in (*made, ("02", "province", None)):
            areas.create(
                connection, code=code, name=code, level=level, parent=parent, at_ms=1, actor="t"
            )
        return {code: areas.in_force(connection, code) for code in ("01", "011", "00001", "02")}


def test_an_area_reaches_all_below_it_and_nothing_else(
    engine: Engine, tree: dict[str, int]
) -> None:
    with engine.connect() as connection:
        province = caller.known(connection, "t", Role.TRACER, area_id=tree["01"])
        commune = caller.known(connection, "t", Role.TRACER, area_id=tree["00001"])
        anywhere = caller.known(connection, "t", Role.TRACER)
    market, elsewhere = Spot(1, tree["00001"]), Spot(2, tree["02"])
    nowhere, in_district = Spot(3, None), Spot(4, tree["011"])
    assert [province.may_at(spot) for spot in (market, elsewhere, nowhere, in_district)] == [
        *(True, False, False, True)
    ]
    assert [commune.may_at(spot) for spot in (market, in_district)] == [True, False]
    assert all(anywhere.may_at(spot) for spot in (market, elsewhere, nowhere))


def test_a_manager_reaches_the_own_venues_wherever_they_are(
    engine: Engine, tree: dict[str, int]
) -> None:
    with engine.connect() as connection:
        manager = caller.known(connection, "t", Role.VENUE_MANAGER, venues=frozenset({1, 2}))
    spots = (Spot(1, tree["01"]), Spot(2, None), Spot(3, tree["01"]))
    assert [manager.may_at(spot) for spot in spots] == [True, True, False]


def test_lists_of_venues_reach_as_far_as_single_ones(engine: Engine, tree: dict[str, int]) -> None:
    places = [one_venue(engine, ref=f"v{n}", kiosk=f"k{n}").venue_id for n in range(3)]
    with engine.execution_options(**database.WRITES).begin() as connection:
        for venue_id, area in zip(places, (tree["00001"], tree["02"], None), strict=True):
            connection.execute(update(Venue).where(Venue.id == venue_id).values(area_id=area))
    with engine.connect() as connection:
        spots = [Spot(*row) for row in connection.execute(select(Venue.id, Venue.area_id))]
        for who in (
            caller.known(connection, "t", Role.TRACER),
            caller.known(connection, "t", Role.TRACER, area_id=tree["01"]),
            caller.known(connection, "t", Role.VENUE_MANAGER, venues=frozenset(places[1:])),
            caller.known(connection, "t", Role.VENUE_MANAGER),
        ):
            found = set(connection.scalars(select(Venue.id).where(who.reaches())))
            assert found == {spot.id for spot in spots if who.may_at(spot)}
