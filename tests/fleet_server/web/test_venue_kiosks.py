"""What a manager reads of the venue's kiosks below the log."""

from sqlalchemy import insert, select

from fleet_server import database
from fleet_server.models import Kiosk, Presence
from fleet_server.reports import venue_kiosks
from tests.fleet_server.people import NOW, World
from wire import codec, presence
from wire.presence import Health

LOG = "/venues/cho-mau/log"


def hear(world: World, kiosk: str, health: bytes) -> None:
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        kiosk_id = connection.scalar(select(Kiosk.id).where(Kiosk.ref == kiosk))
        connection.execute(
            insert(Presence).values(
                kiosk_id=kiosk_id,
                state=presence.READY,
                session="s",
                since_ms=0,
                heard_ms=NOW * 1000 - 5_000,
                health=health,
            )
        )


def test_a_kiosk_never_heard_of_is_said_so_first(world: World) -> None:
    text = world.browser("manager").get(LOG).text
    assert 'class="badge bad"' in text
    assert "chưa từng liên lạc với máy chủ" in text


def test_a_working_kiosk_says_what_visitors_were_refused_for(world: World) -> None:
    answers = {"accepted": 40, "payment": 1, "place": 3, "a_word_of_next_year": 2, "repeat": 9}
    hear(world, "cho-mau-1", codec.encode(Health(answers=answers)))
    browser = world.browser("manager")
    assert "Đang hoạt động" in browser.get(LOG).text
    english = browser.get(f"{LOG}?lang=en").text
    assert "place&#39;s code (3), a_word_of_next_year (2), a payment code (1)" in english
    assert "accepted" not in english


def test_records_that_wait_are_told(world: World) -> None:
    hear(world, "cho-mau-1", codec.encode(Health(queue_depth=7, queue_oldest_s=7200)))
    assert "còn 7 lượt trong hàng chờ" in world.browser("manager").get(LOG).text


def test_other_venues_kiosks_are_not_shown(world: World) -> None:
    assert "truong-mau-1" not in world.browser("manager").get(LOG).text


def test_a_health_message_that_cannot_be_read_refuses_nobody() -> None:
    for unread in (b"{", None):
        assert venue_kiosks.refusals(venue_kiosks.health_of(unread)) == []
