"""Areas, venues, gates, rooms, kiosks and cards by command."""

import stat
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
import zxingcpp

from fleet_server import database
from fleet_server.cli import COMMANDS
from fleet_server.identity import audit
from tests.fleet_server.homes import Home


@pytest.fixture
def market(home: Home) -> Home:
    """A home with one venue."""
    home.ok("area", "create", "01", "Tỉnh Mẫu", "--level", "province")
    home.ok("area", "create", "00001", "Phường Thử", "--level", "commune", "--parent", "01")
    home.ok(
        *("venue", "create", "cho-mau", "--name", "Chợ Mẫu", "--type", "market"),
        *("--area", "00001", "--hours", "mon-sat 05:00-19:00"),
    )
    return home


def bundle(home: Home, ref: str, *more: str) -> list[str]:
    out = home.path.parent / "bundles" / ref
    place = ["--venue", "cho-mau", "--direction", "in", "--out", str(out)]
    return ["kiosk", "create", ref, *place, *more]


def test_help_is_quick_and_names_every_command() -> None:
    durations = []
    for _ in range(3):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "fleet_server", "--help"],
            capture_output=True,
            text=True,
            check=True,
        )
        durations.append(time.perf_counter() - started)
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    # Generous, for a busy machine; it takes 0.2 s on an idle one.
    assert min(durations) < 1.0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(home: Home, name: str) -> None:
    assert "Usage: " in home.ok(name, "--help")


def test_on_an_empty_directory_a_command_brings_the_tables_up_itself(tmp_path: Path) -> None:
    assert Home(tmp_path / "new").json("venue", "list") == []


def test_wrong_settings_are_named_and_exit_2(home: Home) -> None:
    (home.path / "fleet.toml").write_text("[broker]\nprot = 1\n")
    assert "broker.prot" in home.fails("venue", "list", status=2)


def test_a_database_that_is_away_is_one_clear_line(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAM_DATABASE_URL", "postgresql://tram:secret@127.0.0.1:1/tram")
    said = home.fails("venue", "list")
    assert len(said.strip().splitlines()) == 1
    assert "127.0.0.1:1" in said
    assert "secret" not in said


@pytest.mark.parametrize(("kind", "room"), [("gate", []), ("room", ["--gate", "cong-1"])])
def test_a_gate_or_room_is_retired_and_taken_back(market: Home, kind: str, room: list[str]) -> None:
    market.ok("gate", "create", "cho-mau", "cong-1", "--name", "Cổng 1")
    market.ok("room", "create", "cho-mau", "nha-a", "--name", "Nhà A")
    ref = {"gate": "cong-1", "room": "nha-a"}[kind]
    market.ok(*bundle(market, "cho-mau-1", f"--{kind}", ref))
    assert "cho-mau-1 stands there" in market.fails(kind, "retire", "cho-mau", ref)
    market.ok("kiosk", "move", "cho-mau-1", "--venue", "cho-mau", "--direction", "in", *room)
    market.ok(kind, "retire", "cho-mau", ref)
    (venue,) = market.json("venue", "list")
    assert ref not in venue["gates"] + venue["rooms"]
    (listed,) = market.json(kind, "list", "cho-mau")
    assert listed["retired_at"] is not None
    move = ("kiosk", "move", "cho-mau-1", "--venue", "cho-mau", "--direction", "in")
    assert f"fleet {kind} take-back" in market.fails(*move, f"--{kind}", ref)
    assert "is retired" in market.fails(*bundle(market, "cho-mau-2", f"--{kind}", ref))
    market.ok(kind, "take-back", "cho-mau", ref)
    assert "is in use already" in market.fails(kind, "take-back", "cho-mau", ref)
    market.ok(*move, f"--{kind}", ref)
    (listed,) = market.json(kind, "list", "cho-mau")
    assert listed["retired_at"] is None
    assert ref in market.ok(kind, "list", "cho-mau")


def test_types_of_venues_are_added_renamed_and_ruled(market: Home) -> None:
    names = ("--name", "Sân", "--name-en", "Stadium")
    assert "--dwell stadium=MIN" in market.ok("venue", "type", "add", "stadium", *names)
    market.ok("venue", "set", "cho-mau", "--type", "stadium")

    def stadium() -> list[object]:
        found = {each["code"]: each for each in market.json("venue", "type", "list")}
        return [found["stadium"][key] for key in ("name_vi", "venues", "dwell_min", "ruled")]

    assert stadium() == ["Sân", 1, 60, False]
    assert "60 (other)" in market.ok("venue", "type", "list")
    market.ok("rule", "create", "2026-2", "--dwell", "stadium=150")
    names = ("--name", "Sân vận động", "--name-en", "Stadium")
    market.ok("venue", "type", "rename", "stadium", *names)
    assert stadium() == ["Sân vận động", 1, 150, True]
    assert "did you mean stadium" in market.fails("venue", "type", "rename", "stadum", *names)
    assert "is there already" in market.fails("venue", "type", "add", "stadium", *names)


def test_a_venue_is_listed_with_all_that_was_said_of_it(market: Home) -> None:
    market.ok("gate", "create", "cho-mau", "cong-1", "--name", "Cổng 1")
    market.ok("room", "create", "cho-mau", "nha-a", "--name", "Nhà A")
    (venue,) = market.json("venue", "list")
    assert (venue["ref"], venue["name"], venue["type"]) == ("cho-mau", "Chợ Mẫu", "market")
    assert (venue["area"], venue["dwell_min"]) == ("00001", 60)
    assert (venue["gates"], venue["rooms"]) == (["cong-1"], ["nha-a"])
    assert venue["hours"][0] == "mon 05:00-19:00"
    market.ok("venue", "hours", "cho-mau", "daily 00:00-24:00")
    (venue,) = market.json("venue", "list")
    assert venue["hours"][6] == "sun 00:00-24:00"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["venue", "create", "cho-mau", "--name", "X"], "is there already"),
        (["venue", "create", "Chợ", "--name", "X"], "a-z, 0-9"),
        (["venue", "create", "x", "--name", "X", "--type", "maket"], "did you mean market"),
        (["venue", "create", "x", "--name", "X", "--area", "99"], "known are 00001, 01"),
        (["venue", "create", "x", "--name", "X", "--timezone", "Hà Nội"], "Asia/Ho_Chi_Minh"),
        (["venue", "create", "x", "--name", "X", "--dwell", "5000"], "960"),
        (["venue", "create", "x", "--name", " \n "], "expected a name"),
        (["venue", "create", "x", "--name", "X", "--hours", "8 to 5"], "mon-fri 06:00-18:00"),
        (["gate", "create", "cho-mou", "g", "--name", "X"], "did you mean cho-mau"),
        (["room", "create", "zzz", "g", "--name", "X"], "known are cho-mau"),
        (["area", "create", "02", "X", "--level", "province", "--parent", "00001"], "not above"),
        (["area", "create", "01", "X", "--level", "province"], "is there already"),
        (["kiosk", "move", "k", "--venue", "cho-mau", "--direction", "in"], "there are none yet"),
        (["kiosk", "revoke", "k"], "there are none yet"),
        (["card", "revoke", "0" * 32], "no such card"),
        (["card", "revoke", "TRAM1X"], "32 hex digits"),
    ],
)
def test_what_does_not_fit_is_said_with_what_would(
    market: Home, command: list[str], told: str
) -> None:
    before = market.json("audit", "show", "--last", "1")
    assert told in market.fails(*command)
    assert market.json("audit", "show", "--last", "1") == before


def test_a_kiosks_bundle_is_written_once_and_holds_what_the_kiosk_needs(market: Home) -> None:
    market.ok(*bundle(market, "cho-mau-1"))
    folder = market.path.parent / "bundles" / "cho-mau-1"
    assert {path.name for path in folder.iterdir()} == {
        *("kiosk.toml", "kiosk.crt", "kiosk.key", "ca.crt", "root.pub", "keyset.json")
    }
    assert stat.S_IMODE((folder / "kiosk.key").stat().st_mode) == 0o600
    before = (folder / "kiosk.key").read_bytes()

    assert "not overwritten" in market.fails(
        *("kiosk", "create", "cho-mau-2", "--venue", "cho-mau", "--direction", "in"),
        *("--out", str(folder)),
    )
    assert (folder / "kiosk.key").read_bytes() == before
    assert [kiosk["ref"] for kiosk in market.json("kiosk", "list")] == ["cho-mau-1"]
    assert "is there already" in market.fails(*bundle(market, "cho-mau-1"))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--accept", "card,hc1"], "card, national, cccd, can_cuoc"),
        (["--accept", ""], "expected some of"),
        (["--camera", "webcam"], "picamera2"),
        (["--gate", "cong-9"], "no such gate"),
        (["--room", "p-9"], "no such room"),
    ],
)
def test_a_kiosk_that_does_not_fit_leaves_neither_bundle_nor_row(
    market: Home, more: list[str], told: str
) -> None:
    assert told in market.fails(*bundle(market, "cho-mau-1", *more))
    assert market.json("kiosk", "list") == []
    assert not list((market.path.parent).glob("bundles/*"))


@pytest.mark.parametrize("ref", ["server", "ingest", "Chợ", "a_b", "-a", "x" * 49])
def test_a_kiosk_gets_no_id_that_cannot_stand_in_a_topic(market: Home, ref: str) -> None:
    args = ["--venue", "cho-mau", "--direction", "in", "--out", str(market.path / "b"), "--", ref]
    assert "cho-mau-1" in market.fails("kiosk", "create", *args)


def test_a_moved_kiosk_keeps_its_past(market: Home) -> None:
    market.ok(*bundle(market, "cho-mau-1"))
    market.ok("venue", "create", "tram-y-te", "--name", "Trạm y tế", "--type", "hospital")
    said = market.ok("kiosk", "move", "cho-mau-1", "--venue", "tram-y-te", "--direction", "both")
    assert 'direction = "both"' in said
    (kiosk,) = market.json("kiosk", "list")
    assert (kiosk["venue"], kiosk["direction"]) == ("tram-y-te", "both")
    assert "stands there already" in market.fails(
        "kiosk", "move", "cho-mau-1", "--venue", "tram-y-te", "--direction", "both"
    )
    (again,) = market.json("kiosk", "list")
    assert again == kiosk


def test_a_revoked_kiosk_cannot_be_used_again(market: Home) -> None:
    market.ok(*bundle(market, "cho-mau-1"))
    market.ok("kiosk", "revoke", "cho-mau-1", "--reason", "mất trộm")
    (kiosk,) = market.json("kiosk", "list")
    assert kiosk["revoked_at"]
    assert "was revoked" in market.fails(*bundle(market, "cho-mau-1"))
    assert "no such kiosk" in market.fails(
        "kiosk", "move", "cho-mau-1", "--venue", "cho-mau", "--direction", "in"
    )


def test_a_renewed_kiosk_gets_another_certificate_and_keeps_its_place(
    market: Home, tmp_path: Path
) -> None:
    market.ok(*bundle(market, "cho-mau-1"))
    (before,) = market.json("kiosk", "list")
    market.ok("kiosk", "renew", "cho-mau-1", "--out", str(tmp_path / "again"))
    (after,) = market.json("kiosk", "list")
    assert after["certificate"] != before["certificate"]
    assert {**after, "certificate": ""} == {**before, "certificate": ""}
    assert 'direction = "in"' in (tmp_path / "again" / "kiosk.toml").read_text()


def test_kiosks_are_told_the_address_they_reach_the_broker_by(market: Home) -> None:
    for text, url in (
        ('[broker]\npublic_host = "tram.example"\nport = 9000\n', "mqtts://tram.example:9000"),
        ('[broker]\nurl = "mqtts://broker.example"\n', "mqtts://broker.example:8883"),
        (
            '[broker]\nurl = "mqtts://127.0.0.1:8884"\npublic_host = "tram.example"\n',
            "mqtts://tram.example:8884",
        ),
        ('[broker]\nurl = "mqtt://127.0.0.1:1883"\n', "mqtt://127.0.0.1:1883"),
    ):
        (market.path / "fleet.toml").write_text(text)
        ref = f"k-{abs(hash(text))}"
        market.ok(*bundle(market, ref))
        assert f'url = "{url}"' in (market.path.parent / "bundles" / ref / "kiosk.toml").read_text(
            "utf-8"
        )
    (market.path / "fleet.toml").write_text("[broker]\nport = 0\n")
    assert "fleet serve" in market.fails(*bundle(market, "k-9"))


def test_a_cards_picture_says_what_was_printed(home: Home, tmp_path: Path) -> None:
    png, svg = tmp_path / "the.png", tmp_path / "the.svg"
    issued = home.json(
        "card", "issue", "--name", "Nguyễn Văn Mẫu", "--png", str(png), "--svg", str(svg)
    )
    (card,) = issued["cards"]
    (read,) = zxingcpp.read_barcodes(cv2.imread(str(png)))
    assert read.text == card["text"]
    assert svg.read_text("utf-8").lstrip().startswith("<?xml")
    assert "not overwritten" in home.fails("card", "issue", "--png", str(png))


def test_a_pile_of_cards_gets_numbered_pictures(home: Home, tmp_path: Path) -> None:
    issued = home.json("card", "issue", "--count", "3", "--png", str(tmp_path / "the.png"))
    assert len({card["text"] for card in issued["cards"]}) == 3
    for number, card in enumerate(issued["cards"], 1):
        (read,) = zxingcpp.read_barcodes(cv2.imread(str(tmp_path / f"the-{number}.png")))
        assert read.text == card["text"]
    assert "--count" in home.fails("card", "issue", "--count", "2", "--name", "X", status=2)


def test_whom_a_card_is_for_stands_nowhere_in_clear(home: Home) -> None:
    (card,) = home.json(
        *("card", "issue", "--name", "Nguyễn Văn Mẫu", "--phone", "0900000000"),
        *("--commune", "Phường Thử"),
    )["cards"]
    engine = database.connect(home.settings.database_url)
    with engine.connect() as connection:
        assert audit.verify(connection).fault == ""
    engine.dispose()
    stored = b"".join(path.read_bytes() for path in home.path.glob("fleet.sqlite3*"))
    for secret in ("Nguyễn Văn Mẫu", "0900000000", "Phường Thử", card["id"], card["text"]):
        assert secret.encode() not in stored
    assert bytes.fromhex(card["id"]) not in stored


def test_a_card_is_revoked_by_its_text_or_id_once(home: Home) -> None:
    first, second = home.json("card", "issue", "--count", "2")["cards"]
    assert first["visitor"] in home.ok("card", "revoke", first["text"].lower())
    assert second["visitor"] in home.ok("card", "revoke", second["id"])
    assert "revoked already" in home.fails("card", "revoke", first["id"])


def test_every_change_is_in_the_log(market: Home) -> None:
    market.ok(*bundle(market, "cho-mau-1"))
    market.ok("card", "issue")
    actions = [line["action"] for line in market.json("audit", "show")]
    assert actions == [
        *("area.created", "area.created", "venue.created", "kiosk.created", "card.issued")
    ]
    assert market.json("audit", "verify")["lines"] == 5
    (line,) = market.json("audit", "show", "--subject", "cho-mau-1")
    assert line["detail"]["venue"] == "cho-mau"


def test_a_head_kept_from_a_receipt_tells_a_log_that_was_cut(market: Home) -> None:
    kept = market.json("audit", "verify")["head"]
    assert kept in market.ok("audit", "verify", "--head", kept)
    assert "the head given" in market.fails("audit", "verify", "--head", "0" * 64)


def test_nothing_refused_is_said_in_words(home: Home) -> None:
    assert "Nothing was refused" in home.ok("refused")
    assert home.json("refused") == {"refused": [], "alarms": []}


def test_mosquittos_configuration_is_written_and_written_again(
    market: Home, tmp_path: Path
) -> None:
    market.ok(*bundle(market, "cho-mau-1"))
    out = tmp_path / "mosquitto"
    market.ok("broker", "mosquitto", "--out", str(out), "--data", str(tmp_path))
    assert "deny" not in (out / "acl").read_text()
    assert stat.S_IMODE((out / "broker.key").stat().st_mode) == 0o600
    market.ok("kiosk", "revoke", "cho-mau-1")
    market.ok("broker", "mosquitto", "--out", str(out), "--data", str(tmp_path))
    assert "user cho-mau-1\ntopic deny tram/1/#" in (out / "acl").read_text()


def test_a_broker_certificate_for_another_host_is_renewed_by_command(home: Home) -> None:
    (home.path / "fleet.toml").write_text('[broker]\npublic_host = "tram.example"\n')
    assert "fleet keys renew broker" in home.fails("serve", status=2)
    assert "tram.example" in home.ok("keys", "renew", "broker")
    assert "ingest" in home.ok("keys", "renew", "ingest")


def test_keys_show_tells_no_secret(home: Home) -> None:
    said = home.ok("keys", "show") + str(home.json("keys", "show"))
    signs = home.json("keys", "show")["results"]
    assert (len(signs), signs in said) == (64, True)
    for path in (home.path / "keys").rglob("*.key"):
        for line in path.read_text().splitlines():
            assert line.startswith("-----") or line not in said


def test_serving_without_keys_says_how_to_make_them(tmp_path: Path) -> None:
    assert "fleet keys init" in Home(tmp_path / "new").fails("serve", status=2)
