"""`fleet visits`, as an operator calls it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleet_server.cli import main
from fleet_server.tracing.import_stays import Stays

STAYS = """visitor,venue,entered_at,left_at
P1,Chợ Mơ,2026-01-05T08:00,2026-01-05T09:00
P2,Chợ Mơ,2026-01-05T08:30:00+07:00,
P3,,2026-01-05T08:30,
P4,Chợ Mơ,2026-01-05T08:30,2026-01-05T08:30
"""


@pytest.fixture(autouse=True)
def _no_other_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRAM_HOME", "TRAM_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lượt ghé.csv"
    path.write_text(STAYS, "utf-8")
    return path


def call(tmp_path: Path, *args: str) -> Result:
    """In a home where nothing was ever done: no keys, no database."""
    return CliRunner().invoke(main, ["--home", str(tmp_path / "home"), "visits", *args])


def answer(tmp_path: Path, *args: str) -> Any:
    done = call(tmp_path, *args, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_new_home_takes_a_file(tmp_path: Path, file: Path) -> None:
    done = call(tmp_path, "import", str(file))
    assert done.exit_code == 0, done.output
    assert "Đã nhập / Imported" in done.stdout
    assert "stays new 2" in done.stdout
    assert "set aside 2" in done.stdout
    assert "visitors new 2" in done.stdout
    lines = done.stderr.splitlines()
    assert lines[0] == f"{file}:4: venue is missing"
    assert lines[1].startswith(f"{file}:5: left_at")
    assert len(lines) == 2


def test_json_has_the_published_shape(tmp_path: Path, file: Path) -> None:
    told = answer(tmp_path, "import", str(file))
    assert told.pop("set_aside_rows")[0] == {"line": 4, "reason": "venue is missing"}
    assert told == {
        "file": str(file),
        "rows": 4,
        "stored": 2,
        "changed": 0,
        "repeated": 0,
        "set_aside": 2,
        "visitors": 2,
        "venues_created": ["Chợ Mơ"],
        "resumed_at": None,
    }
    again = answer(tmp_path, "import", str(file))
    assert (again["stored"], again["repeated"], again["venues_created"]) == (0, 2, [])


def test_strict_fails_where_rows_are_set_aside_but_takes_the_rest(
    tmp_path: Path, file: Path
) -> None:
    assert call(tmp_path, "import", str(file), "--strict").exit_code == 1
    assert answer(tmp_path, "import", str(file))["repeated"] == 2
    file.write_text("".join(STAYS.splitlines(keepends=True)[:3]), "utf-8")
    assert call(tmp_path, "import", str(file), "--strict").exit_code == 0


def test_other_columns_delimiters_and_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    text = "who;note;entry;exit;place\r\n7;x;34260.0;34580.0;SFHH\r\n"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    named = "visitor=who,venue=place,entered_at=entry,left_at=exit"
    assert answer(tmp_path, "import", str(path), "--columns", named)["stored"] == 1
    in_order = answer(tmp_path, "import", str(path), "--columns", "who,place,entry,exit")
    assert in_order["repeated"] == 1


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, file: Path) -> None:
    done = call(tmp_path, "import", str(file), "--columns", "visitor=who")
    assert done.exit_code == 1
    assert "Lỗi / Error" in done.stderr
    assert "no column who; the file has visitor, venue, entered_at, left_at" in done.stderr
    assert call(tmp_path, "import", str(file), "--columns", "person=who").exit_code == 1
    assert call(tmp_path, "import", str(tmp_path / "none.csv")).exit_code == 2
    file.write_bytes(STAYS.encode("utf-16"))
    refused = call(tmp_path, "import", str(file))
    assert refused.exit_code == 1
    assert f"{file}:1: not UTF-8" in refused.stderr


def test_ctrl_c_says_that_it_goes_on(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(_self: Stays, _day: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Stays, "settle", stops)
    done = call(tmp_path, "import", str(file))
    assert done.exit_code == 130
    assert "the same command goes on" in done.stderr
    monkeypatch.undo()
    assert answer(tmp_path, "import", str(file))["resumed_at"] == 4


def test_history_shows_what_a_later_file_changed(tmp_path: Path, file: Path) -> None:
    call(tmp_path, "import", str(file))
    later = tmp_path / "b.csv"
    later.write_text("visitor,venue,entered_at\nP2,quán,2026-01-05T09:00\n", "utf-8")
    call(tmp_path, "import", str(later))
    window = ("--visitor", "P2", "--from", "2026-01-05", "--to", "2026-01-06")
    told = answer(tmp_path, "history", *window, "--case", "CA-1", "--purpose", "kiểm tra")
    assert told["visitor"] == "P2"
    ends = {
        (version["stay"]["end_source"], version["until"] is None)
        for version in told["versions"]
        if version["stay"]["venue"] == "Chợ Mơ"
    }
    assert ends == {("dwell_default", False), ("next_scan", True)}
    shown = call(tmp_path, "history", *window)
    assert shown.exit_code == 0, shown.output
    assert "Chợ Mơ\t05/01/2026 08:30:00\t≤ 05/01/2026 09:00:00 (next_scan)" in shown.stdout
    nobody = call(tmp_path, "history", "--visitor", "P9", *window[2:])
    assert nobody.exit_code == 1
    assert "P9" in nobody.stderr


def test_rebuild_leaves_imported_stays_as_they_are(tmp_path: Path, file: Path) -> None:
    call(tmp_path, "import", str(file))
    told = answer(tmp_path, "rebuild")
    assert (told["added"], told["changed"], told["removed"]) == (0, 0, 0)
