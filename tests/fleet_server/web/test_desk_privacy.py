"""What is kept and how long, for everybody, as the settings in force say it."""

import msgspec
from sqlalchemy import Engine

from fleet_server.auth.permissions import Role
from fleet_server.settings import Privacy, Settings
from tests.fleet_server.people import CHEAP, World, make_world, signed_in


def test_everybody_reads_it_in_both_languages(world: World) -> None:
    reader = world.stranger()
    assert "Xóa" in reader.get("/privacy").text
    assert "Have it deleted" in reader.get("/privacy?lang=en").text


def test_it_says_what_the_settings_in_force_say(engine: Engine, tmp_path: object) -> None:
    settings = Settings(home=str(tmp_path), database_url=str(engine.url), accounts=CHEAP)
    kept = Privacy(retention_days=17, names_per_day=41, review_hours=53)
    world = make_world(engine, msgspec.structs.replace(settings, privacy=kept))
    page = world.stranger().get("/privacy").text
    for words in ("17 ngày", "41 người một ngày", "trong 53 giờ", "trong 20 ngày"):
        assert words in page


def test_every_page_leads_there(world: World) -> None:
    for client, path in ((world.stranger(), "/sign-in"), (world.browser("manager"), "/")):
        assert 'href="/privacy"' in client.get(path).text


def test_the_first_page_leads_each_to_their_own(world: World) -> None:
    for role, path in ((Role.VISITOR_DESK, "/desk"), (Role.ADMINISTRATOR, "/admin")):
        page = signed_in(world.stranger(), role).get("/").text
        assert f'<li><a href="{path}">' in page
