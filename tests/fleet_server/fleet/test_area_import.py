"""Lists of administrative units: taken whole or not at all, and what they replace stays known."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, func, insert, select

from fleet_server import database
from fleet_server.auth import accounts, tokens
from fleet_server.auth.accounts import By
from fleet_server.auth.permissions import Role
from fleet_server.errors import NotKnown
from fleet_server.fleet import area_import, areas, units
from fleet_server.fleet.area_import import Imported
from fleet_server.fleet.units import BadUnits
from fleet_server.models import AccessToken, Account, Area, AuditEntry, Venue, VenueType
from tests.fleet_server.homes import Home

REAL = Path(os.environ.get("TRAM_UNITS", "../shared/data/units/units.csv"))
OLD = """\
code,level,name,name_en,parent,lat,lon
01,province,Tỉnh Mẫu,Mau Province,,,
02,province,Tỉnh Thử,Thu Province,,,
00001,commune,Phường Một,Mot Ward,01,21.0,105.8
00002,commune,Phường Hai,Hai Ward,01,21.1,105.8
00003,commune,Xã Ba,Ba Commune,02,21.2,105.8
"""
NEW = """\
code,level,name,name_en,parent,replaces
01,province,Thành phố Mẫu,Mau City,,02
00001,commune,Phường Một,Mot Ward,01,00002
00003,commune,Xã Ba,Ba Commune,01,
"""
JUNE, JULY = 1_750_000_000, 1_751_302_800


def take(connection: Connection, text: str, since: int, *, complete: bool = False) -> Imported:
    found = units.read(text.splitlines(keepends=True))
    return area_import.take(
        connection, found, since=since, complete=complete, at_ms=since * 1000, actor="t"
    )


@pytest.fixture
def country(engine: Engine) -> Engine:
    """The old list, a venue in each commune, an access code for one of them."""
    with engine.execution_options(**database.WRITES).begin() as connection:
        take(connection, OLD, JUNE)
        kind = connection.scalar(select(VenueType.id).where(VenueType.code == "market"))
        for code in ("00001", "00002", "00003"):
            connection.execute(
                insert(Venue).values(
                    ref=f"cho-{code}",
                    name=f"Chợ {code}",
                    type_id=kind,
                    area_id=areas.in_force(connection, code),
                    created_at=JUNE,
                )
            )
        for who, code in (("phuong-1", "00001"), ("phuong-2", "00002")):
            tokens.create(
                connection,
                name=who,
                role=Role.TRACER,
                venue=None,
                area=code,
                days=30,
                now=JUNE,
                secret=who.encode().ljust(tokens.SECRET_BYTES, b"-"),
            )
    return engine


def area_of(connection: Connection, venue: str) -> str | None:
    return connection.scalar(
        select(Area.code).join(Venue, Venue.area_id == Area.id).where(Venue.ref == venue)
    )


def test_a_list_becomes_a_tree_and_the_same_list_again_changes_nothing(engine: Engine) -> None:
    with engine.execution_options(**database.WRITES).begin() as connection:
        assert len(take(connection, OLD, JUNE).new) == 5
        listed = areas.listed(connection)
        lines = connection.scalar(select(func.count()).select_from(AuditEntry))
        again = take(connection, OLD, JULY)
        assert (again.new, again.changed, again.ended, again.unchanged) == ((), (), (), 5)
        assert areas.listed(connection) == listed
        assert connection.scalar(select(func.count()).select_from(AuditEntry)) == lines
    assert [(area.code, area.parent) for area in listed] == [
        *(("00001", "01"), ("00002", "01"), ("00003", "02"), ("01", None), ("02", None)),
    ]


def test_after_a_merger_venues_lie_in_what_took_them_in_and_the_old_stays_known(
    country: Engine,
) -> None:
    with country.execution_options(**database.WRITES).begin() as connection:
        done = take(connection, NEW, JULY)
        assert set(done.ended) == {"02", "00002"}
        assert set(done.changed) == {"01", "00001", "00003"}
        assert done.venues_without == ()
        assert area_of(connection, "cho-00002") == "00001"
        assert area_of(connection, "cho-00003") == "00003"

        here = areas.followed(connection, "00002")
        assert here == areas.in_force(connection, "00001")
        with pytest.raises(NotKnown, match="is now part of 00001 Phường Một"):
            areas.in_force(connection, "00002")
        first, before = areas.shown(connection, "01").versions
        assert (first.name, first.valid_from, first.valid_to) == ("Thành phố Mẫu", JULY, None)
        assert (before.name, before.valid_to, before.successor) == ("Tỉnh Mẫu", JULY, "01")
        assert areas.shown(connection, "02").versions[0].successor == "01"
        assert {area.code for area in areas.listed(connection, under="01")} == {
            *("01", "00001", "00003"),
        }

        again = take(connection, NEW, JULY + 9)
        assert (again.new, again.changed, again.ended) == ((), (), ())


def test_an_access_code_follows_its_unit_but_not_into_another(country: Engine) -> None:
    with country.execution_options(**database.WRITES).begin() as connection:
        merged = areas.in_force(connection, "00002")
        done = take(connection, NEW, JULY)
        assert done.codes_ended == 1
        rows = connection.execute(select(AccessToken.name, AccessToken.area_id)).all()
        assert {row.name: row.area_id for row in rows} == {
            "phuong-1": areas.in_force(connection, "00001"),
            "phuong-2": merged,
        }


def test_so_does_an_account(country: Engine) -> None:
    with country.execution_options(**database.WRITES).begin() as connection:
        for login, area in (("mot", "00001"), ("hai", "00002")):
            accounts.create(
                connection,
                By("t", 1),
                login=login,
                role=Role.TRACER,
                password_hash="x",
                area=area,
            )
        merged = areas.in_force(connection, "00002")
        assert take(connection, NEW, JULY).accounts_ended == 1
        rows = connection.execute(select(Account.login, Account.area_id)).all()
        assert {row.login: row.area_id for row in rows} == {
            "mot": areas.in_force(connection, "00001"),
            "hai": merged,
        }


def test_what_a_list_does_not_name_stays_unless_it_is_said_to_be_complete(
    country: Engine,
) -> None:
    part = "code,level,name,parent\n01,province,Tỉnh Mẫu,\n00001,commune,Phường Một,01\n"
    part = part.replace("name,parent", "name,name_en,parent").replace("Mẫu,", "Mẫu,Mau Province,")
    part = part.replace("Một,", "Một,Mot Ward,")
    with country.execution_options(**database.WRITES).begin() as connection:
        done = take(connection, part, JULY)
        assert (done.unchanged, done.not_in_list, done.ended) == (2, 3, ())
        done = take(connection, part, JULY, complete=True)
        assert set(done.ended) == {"02", "00002", "00003"}
        assert done.venues_without == ("cho-00002", "cho-00003")


def test_a_merger_written_down_later_takes_the_venues_in_that_had_no_area_left(
    country: Engine,
) -> None:
    with country.execution_options(**database.WRITES).begin() as connection:
        part = OLD.replace("00002,commune,Phường Hai,Hai Ward,01,21.1,105.8\n", "")
        assert take(connection, part, JULY, complete=True).venues_without == ("cho-00002",)
        later = (
            "code,level,name,name_en,parent,replaces\n00001,commune,Phường Một,Mot Ward,01,00002\n"
        )
        done = take(connection, later, JULY + 1)
        assert done.venues_without == ()
        assert area_of(connection, "cho-00002") == "00001"


def test_a_correction_of_the_same_day_makes_no_second_version(country: Engine) -> None:
    with country.execution_options(**database.WRITES).begin() as connection:
        assert take(connection, OLD.replace("Phường Một", "Phường Nhất"), JUNE).changed == (
            "00001",
        )
        assert [each.name for each in areas.shown(connection, "00001").versions] == ["Phường Nhất"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("00009,commune,,,01,", "line 3: name: expected a name"),
        ("00009,ward,Xã,,01,", "line 3: level 'ward': expected one of province"),
        ("0 9,commune,Xã,,01,", "line 3: code '0 9'"),
        ("00009,commune,Xã,,77,", "line 3: parent 77: no such area"),
        ("00009,province,Xã,,01,", "a province is not above a province"),
        ("00009,commune,Xã,01", "line 3: 4 cells; expected 6"),
        ("01,province,Lặp,,,", "line 3: code 01: stands in line 2 already"),
        ("00009,commune,Xã,,01,00077", "replaces 00077: no such area was ever"),
        ("00009,commune,Xã,,01,01", "replaces 01: which line 2 keeps in force"),
        ('00009,commune,"Xã,,01,', "not CSV"),
    ],
)
def test_what_is_wrong_is_said_by_line_and_nothing_is_written(
    engine: Engine, row: str, told: str
) -> None:
    text = f"code,level,name,name_en,parent,replaces\n01,province,Tỉnh Mẫu,,,\n{row}\n"
    with engine.execution_options(**database.WRITES).begin() as connection:
        with pytest.raises(BadUnits) as caught:
            take(connection, text, JUNE)
        assert told in str(caught.value)
        assert areas.listed(connection) == []


def test_every_wrong_line_is_told_at_once() -> None:
    rows = "\n".join(f"{n},ward,X" for n in range(50))
    with pytest.raises(BadUnits) as caught:
        units.read(f"code,level,name\n{rows}\n".splitlines(keepends=True))
    assert len(caught.value.wrong) == 50
    assert "and 30 more" in str(caught.value)


def test_two_units_cannot_both_take_one_in(country: Engine) -> None:
    text = (
        "code,level,name,parent,replaces\n00008,commune,Xã Tám,01,00002\n"
        "00009,commune,Xã Chín,01,00002\n"
    )
    told = "line 3: replaces 00002: so does line 2"
    with country.connect() as connection, pytest.raises(BadUnits, match=told):
        take(connection, text, JULY)


def test_nothing_may_lie_in_what_ends(country: Engine) -> None:
    text = "code,level,name,name_en,parent,replaces\n01,province,Thành phố Mẫu,,,02\n"
    told = "00003 Xã Ba lies in 02, which ends"
    with country.connect() as connection, pytest.raises(BadUnits, match=told):
        take(connection, text, JULY)


def test_an_older_list_is_not_laid_over_a_newer_one(country: Engine) -> None:
    with country.execution_options(**database.WRITES).begin() as connection:
        take(connection, NEW, JULY)
        with pytest.raises(BadUnits, match="must be of a later date"):
            take(connection, OLD, JUNE)


def test_by_command_a_file_is_imported_shown_and_venues_are_placed(home: Home) -> None:
    file = home.path / "units.csv"
    file.write_bytes(b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode())
    done = home.json("areas", "import", str(file), "--from", "2025-06-01")
    assert len(done["new"]) == 5
    home.ok("venue", "create", "cho-mau", "--name", "Chợ Mẫu")
    home.ok("venue", "set", "cho-mau", "--area", "00002")
    assert home.json("venue", "list")[0]["area"] == "00002"
    file.write_text(NEW, "utf-8")
    assert "2 kết thúc / ended" in home.ok("areas", "import", str(file), "--from", "2025-07-01")
    assert home.json("venue", "list")[0]["area"] == "00001"
    shown = home.json("area", "show", "00002")
    assert shown["versions"][0]["successor"] == "00001"
    assert shown["versions"][0]["valid_to"] == "2025-06-30T17:00:00Z"
    assert "00001" in home.ok("area", "show", "00002")
    assert "is now part of 00001" in home.fails("venue", "set", "cho-mau", "--area", "00002")


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "No such file"), (b"code,\xff\xfe", "(byte 6); save it as CSV UTF-8")],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(
    home: Home, content: bytes | None, told: str
) -> None:
    file = home.path / "units.csv"
    if content is not None:
        file.write_bytes(content)
    assert told in home.fails("areas", "import", str(file))


def test_the_countrys_own_list_is_taken_whole(engine: Engine) -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL} is not there (TRAM_UNITS=FILE)")
    with engine.execution_options(**database.WRITES).begin() as connection:
        with REAL.open(encoding="utf-8-sig", newline="") as lines:
            found = units.read(lines)
        done = area_import.take(connection, found, since=JULY, at_ms=JULY * 1000, actor="t")
        levels = [area.level for area in areas.listed(connection)]
    assert len(done.new) == len(levels)
    assert (levels.count("province"), levels.count("commune")) == (34, 3321)


def test_by_command_a_venue_is_renamed_and_says_how_many_it_holds(home: Home) -> None:
    home.ok("venue", "create", "cho-mau", "--name", "Chợ Mẫu")
    said = home.ok("venue", "set", "cho-mau", "--name", "Chợ Mới", "--type", "market")
    assert "Chợ Mới" in said
    home.ok("venue", "set", "cho-mau", "--capacity", "120")
    assert "expected 1 to" in home.fails("venue", "set", "cho-mau", "--capacity", "0")
    assert "expected --area" in home.fails("venue", "set", "cho-mau")
    (listed,) = home.json("venue", "list")
    assert (listed["name"], listed["type"], listed["capacity"]) == ("Chợ Mới", "market", 120)
