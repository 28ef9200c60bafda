"""However large the fleet is: its pages ask the database as often as for a small one."""

import hashlib

from flask.testing import FlaskClient
from sqlalchemy import Connection, insert, select, update

from fleet_server import database
from fleet_server.auth.permissions import Role
from fleet_server.models import Area, Kiosk, Posting, Presence, Scan, Venue
from fleet_server.reports import tallies, weeks
from fleet_server.times import local
from tests.fleet_server.people import NOW, World, signed_in, site_of
from tests.fleet_server.web.test_admin_people import make_areas
from tests.fleet_server.web.test_fleet_kiosks import listed
from tests.fleet_server.web.test_start import more_venues
from tests.support.queries import counted
from tests.support.world import EPOCH, new_person
from wire import presence

WEEK_S = 7 * 86_400


def grow(world: World, venues: int) -> None:
    """So many venues in all, with two kiosks each: one at the venue, one at the market's gate.

    The kiosks scanned a week ago and today; every other one is silent.
    """
    with world.engine.connect() as connection:
        have = len(connection.scalars(select(Venue.id)).all())
    more_venues(world, venues - have, since=have)
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        commune = connection.scalar(select(Area.id).where(Area.code == "00004"))
        connection.execute(update(Venue).values(area_id=commune))
        code = new_person(connection, name=f"of {venues}")
        bare = select(Venue.id).where(Venue.id.not_in(select(Posting.venue_id)))
        for venue in connection.scalars(bare).all():
            for place in (venue, world.market.venue_id):
                _kiosk(connection, place, code)
    last = weeks.of(local(NOW - WEEK_S, site_of(world.app).settings.zone).date())
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        zone = site_of(world.app).settings.zone
        tallies.keep(connection, tallies.count(connection, last, zone=zone, now_ms=NOW * 1000))


def _kiosk(connection: Connection, venue: int, code: int) -> None:
    number = len(connection.scalars(select(Kiosk.id)).all())
    kiosk = connection.scalar(
        insert(Kiosk).values(ref=f"may-{number}", created_at=1).returning(Kiosk.id)
    )
    connection.execute(
        insert(Posting).values(kiosk_id=kiosk, venue_id=venue, direction="in", valid_from=1)
    )
    heard_ms = (NOW - number % 2 * 7200) * 1000
    connection.execute(
        insert(Presence).values(kiosk_id=kiosk, state=presence.READY, heard_ms=heard_ms)
    )
    for counter, at in enumerate((NOW - WEEK_S, NOW - 1800)):
        connection.execute(
            insert(Scan).values(
                **{"kiosk_id": kiosk, "venue_id": venue, "epoch": EPOCH, "counter": counter},
                **{"direction": "in", "credential_id": code, "label": "", "boot": "b"},
                **{"digest": hashlib.sha256(f"{kiosk} {counter}".encode()).digest()},
                **dict.fromkeys(("wall_ms", "corrected_ms", "earliest_ms"), at * 1000),
                **{"latest_ms": at * 1000, "received_ms": at * 1000, "mono_ms": 1, "synced": True},
            )
        )


def asked(world: World, readers: dict[str, FlaskClient]) -> dict[str, int]:
    """How many statements each page sends."""
    found = {}
    for path, reader in readers.items():
        reader.get(path)  # the browser is noted as seen, once a minute
        with counted(world.engine) as sent:
            assert reader.get(path).status_code == 200
        found[path] = len(sent)
    return found


def test_pages_ask_no_more_of_five_hundred_places_than_of_ten(world: World) -> None:
    make_areas(world)
    operator, manager = world.browser("operator"), world.browser("manager")
    readers = {
        "/": world.browser("tracer"),
        "/fleet": operator,
        "/coverage": signed_in(world.stranger(), Role.AUDITOR),
        "/venues/cho-mau": manager,
        "/venues/cho-mau/log": manager,
        "/venues/cho-mau/settings": manager,
    }
    grow(world, 10)
    few = asked(world, readers)
    grow(world, 500)
    assert asked(world, readers) == few
    assert max(few.values()) <= 30, few
    assert len(listed(operator.get("/fleet?offset=950").text)) == 998 - 950
