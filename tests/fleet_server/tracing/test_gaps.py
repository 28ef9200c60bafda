"""What an answer cannot know."""

import msgspec
import pytest
from sqlalchemy import Engine, insert, update

from fleet_server import database
from fleet_server.models import Kiosk, Posting, Presence
from fleet_server.tracing.answers import Gap
from fleet_server.tracing.gaps import SILENT_AFTER_S, WAITING_AFTER_S, Heard, Hole, gaps, hole
from tests.support.world import NOON_MS, Place, one_venue, store_one_scan
from wire.presence import DISCONNECTED, LOST, READY, Health

NOW = NOON_MS // 1000
HOUR = 3600
DAY = 24 * HOUR


def heard(state: str = READY, ago: int = 30, waiting: int | None = 0, oldest: int = 0) -> Heard:
    return Heard(state, NOW - ago, waiting, oldest if waiting else None)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, Hole("never_heard", None)),
        (heard(), None),
        (heard(ago=SILENT_AFTER_S), None),
        (heard(ago=SILENT_AFTER_S + 1), Hole("silent", NOW - SILENT_AFTER_S - 1)),
        (heard(LOST, ago=10), Hole("silent", NOW - 10)),
        (heard(DISCONNECTED, ago=HOUR), Hole("disconnected", NOW - HOUR)),
        (heard(waiting=3, oldest=HOUR), Hole("undelivered", NOW - 30 - HOUR)),
        (Heard(READY, NOW, 3, None), Hole("undelivered", None)),
        (heard(LOST, ago=HOUR, waiting=3, oldest=DAY), Hole("silent", NOW - HOUR - DAY)),
        (heard(waiting=None), None),
    ],
)
def test_a_kiosk_is_a_gap_from_its_first_missing_record_on(
    last: Heard | None, expected: Hole | None
) -> None:
    assert hole(last, until=NOW + DAY, now=NOW) == expected


def test_what_is_missing_after_the_window_is_no_gap_of_it() -> None:
    assert hole(heard(LOST, ago=HOUR), until=NOW - HOUR, now=NOW) is None
    assert hole(heard(LOST, ago=HOUR), until=NOW - HOUR + 1, now=NOW) is not None
    assert hole(heard(waiting=2, oldest=HOUR), until=NOW - 2 * HOUR, now=NOW) is None


def test_records_on_their_way_are_no_gap() -> None:
    for oldest in (0, 2, WAITING_AFTER_S - 1):
        assert hole(heard(ago=0, waiting=5, oldest=oldest), until=NOW, now=NOW) is None
    waiting = heard(ago=40, waiting=5, oldest=WAITING_AFTER_S - 40)
    assert hole(waiting, until=NOW, now=NOW) == Hole("undelivered", NOW - WAITING_AFTER_S)


def present(engine: Engine, place: Place, state: str, *, ago: int, **health: int) -> None:
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            insert(Presence).values(
                kiosk_id=place.kiosk_id,
                state=state,
                session="s",
                since_ms=0,
                heard_ms=NOON_MS - ago * 1000,
                health=msgspec.json.encode(Health(**health)) if health else None,  # type: ignore[arg-type]
            )
        )


def found(engine: Engine, *places: Place, since: int = NOW - DAY, until: int = NOW) -> list[Gap]:
    with engine.connect() as connection:
        ids = {place.venue_id for place in places} or None
        return gaps(connection, ids, since, until, now=NOW)


def test_a_gap_says_since_when_how_much_waits_and_what_is_usual_there(engine: Engine) -> None:
    place = one_venue(engine)
    for day in range(1, 15):
        store_one_scan(engine, place, counter=day, at_ms=NOON_MS - day * DAY * 1000 - 1)
    present(engine, place, LOST, ago=HOUR, queue_depth=7, queue_oldest_s=60)
    (gap,) = found(engine, place)
    assert gap == Gap(
        kiosk="cho-mau-1",
        venue="cho-mau",
        reason="silent",
        since="2026-01-01T03:59:00Z",
        queue_depth=7,
        usual_per_day=1.0,
        vi="Trạm cho-mau-1 (cho-mau) mất liên lạc từ 10:59 01/01/2026, còn 7 lượt trong hàng"
        " chờ; thường ghi 1 lượt mỗi ngày",
        en="Kiosk cho-mau-1 (cho-mau) has been silent since 2026-01-01 10:59,"
        " 7 records waiting; usually sees 1 scans a day",
    )


def test_kiosks_that_deliver_are_no_gaps(engine: Engine) -> None:
    present(engine, one_venue(engine), READY, ago=30, queue_depth=0)
    assert found(engine) == []


def test_only_venues_concerned_count_unless_none_is_known(engine: Engine) -> None:
    here = one_venue(engine)
    one_venue(engine, ref="truong-mau", kiosk="truong-mau-1")
    assert [gap.kiosk for gap in found(engine, here)] == ["cho-mau-1"]
    assert [gap.kiosk for gap in found(engine)] == ["cho-mau-1", "truong-mau-1"]


def test_a_kiosk_counts_where_it_stood_in_the_window(engine: Engine) -> None:
    before, after = one_venue(engine), one_venue(engine, ref="truong-mau", kiosk="truong-mau-1")
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            update(Posting)
            .where(Posting.kiosk_id == before.kiosk_id)
            .values(valid_to=NOW - 2 * HOUR)
        )
        connection.execute(
            update(Posting).where(Posting.kiosk_id == after.kiosk_id).values(valid_from=NOW - HOUR)
        )
    assert [gap.kiosk for gap in found(engine, since=NOW - DAY, until=NOW - 3 * HOUR)] == [
        "cho-mau-1"
    ]
    assert [gap.kiosk for gap in found(engine, since=NOW - HOUR)] == ["truong-mau-1"]


def test_silence_after_a_kiosk_was_moved_away_is_no_gap_of_the_old_place(engine: Engine) -> None:
    place = one_venue(engine)
    present(engine, place, LOST, ago=HOUR)
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Posting).values(valid_to=NOW - 2 * HOUR))
    assert found(engine, place) == []


def test_a_kiosk_revoked_before_the_window_is_no_gap(engine: Engine) -> None:
    place = one_venue(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Kiosk).values(revoked_at=NOW - 2 * DAY))
    assert found(engine, place) == []


def test_health_this_release_cannot_read_is_as_none(engine: Engine) -> None:
    place = one_venue(engine)
    present(engine, place, READY, ago=10)
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Presence).values(health=b'{"queue_depth": "many"}'))
    assert found(engine, place) == []
