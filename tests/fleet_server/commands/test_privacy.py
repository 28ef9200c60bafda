"""`fleet privacy`, as an operator calls it."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleet_server.cli import main
from fleet_server.reports.singling_out import Figure

ROOT = Path(__file__).resolve().parents[3]
BADGES = ROOT.parent / "shared" / "data" / "visits"
PEOPLE = 60
COLUMNS = "visitor=visitor,venue=venue,entered_at=entry,left_at=exit"


@pytest.fixture(autouse=True)
def _no_other_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRAM_HOME", "TRAM_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def call(home: Path, *args: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *args])


def ok(home: Path, *args: str) -> str:
    done = call(home, *args)
    assert done.exit_code == 0, done.output
    return done.stdout


def report(home: Path, *args: str) -> Any:
    return json.loads(ok(home, "privacy", "report", "--json", *args))


def fill(home: Path, folder: Path, *, days: int = 20) -> None:
    """Everybody comes once a day, each at a time that moves on by another step a day."""
    path = folder / "stays.csv"
    lines = ["visitor,venue,entered_at,left_at"]
    for person in range(PEOPLE):
        for day in range(1, days + 1):
            minute = (person * day * 15) % 600
            at = f"2026-01-{day:02}T{8 + minute // 60:02}:{minute % 60:02}"
            lines.append(f"Nguyễn-{person},Chợ Mơ,{at},2026-01-{day:02}T19:00")
    path.write_text("\n".join(lines), "utf-8")
    ok(home, "visits", "import", str(path))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    fill(path, tmp_path)
    return path


def test_the_figures_stand_in_a_table_and_are_said_in_words(home: Path) -> None:
    told = ok(home, "privacy", "report")
    assert "3\t15 phút/min\tnơi / venue\t30\t" in told
    assert "3\tngày / day\tnơi / venue\t14\t0.0 %" in told
    assert re.search(r"Biết 3 lượt ghé .* là nhận ra \d+ % khách", told)
    assert re.search(r"3 known visits .* single out \d+ % of visitors \(\d+ % to \d+ %\)", told)
    assert re.search(r"Keeping 7 days instead of 30 would make it \d+ %, and hold data", told)
    assert "Times to the day instead of 15 minutes would make it 0 %." in told
    assert told.index("Biết 3 lượt ghé") < told.index("3 known visits")
    assert "Nguyễn" not in told


def test_json_has_the_published_shape(home: Path) -> None:
    told = report(home, "--days", "14", "--seed", "5")
    rows = told.pop("rows")
    assert told == {
        "as_of": told["as_of"],
        "days": 14,
        "days_with_visits": 14,
        "visitors": PEOPLE,
        "visits": 14 * PEOPLE,
        "venues": 1,
        "venues_in_communes": 0,
        "sample": PEOPLE,
        "seed": 5,
        "too_few": False,
        "kept": [
            {"retention_days": 14, "visitors": PEOPLE, "visits": 14 * PEOPLE},
            {"retention_days": 7, "visitors": PEOPLE, "visits": 7 * PEOPLE},
        ],
    }
    assert told["as_of"].startswith("2026-01-20T")
    assert len(rows) == 3 * 3 * 2
    assert set(rows[0]) == set(Figure.__struct_fields__)
    assert report(home, "--days", "14", "--seed", "5")["rows"] == rows


def test_the_figures_go_to_a_file(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "số liệu.csv"
    told = report(home, "--csv", str(path))
    with path.open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert [{k: str(v) for k, v in row.items()} for row in told["rows"]] == written
    refused = call(home, "privacy", "report", "--csv", str(tmp_path / "none" / "a.csv"))
    assert refused.exit_code == 1
    assert "cannot be written" in refused.stderr
    assert "Traceback" not in refused.output


def test_the_audit_log_says_that_it_was_asked_and_of_nobody(home: Path) -> None:
    report(home, "--days", "7", "--sample", "50", "--seed", "9")
    line = json.loads(ok(home, "audit", "show", "--last", "1", "--json"))[0]
    assert line["action"] == "privacy.report"
    assert line["detail"] == {"days": 7, "sample": 50, "seed": 9}
    assert (line["subject"], line["case"], line["purpose"]) == ("", "", "")
    assert "hold" in ok(home, "audit", "verify")


def test_a_home_without_visits_has_words_for_it(tmp_path: Path) -> None:
    told = ok(tmp_path / "new", "privacy", "report")
    assert told == "Chưa có lượt ghé nào để đo.\nThere are no visits to measure yet.\n"
    assert report(tmp_path / "new")["rows"] == []


def test_of_few_visitors_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("visitor,venue,entered_at\nP1,Chợ Mơ,2026-01-05T08:30\n", "utf-8")
    ok(tmp_path / "home", "visits", "import", str(path))
    told = ok(tmp_path / "home", "privacy", "report")
    assert "Only 1 visitors: of fewer than 50 a share says nothing." in told
    assert "%" not in told


def test_few_days_say_nothing_of_keeping_less(tmp_path: Path) -> None:
    fill(tmp_path / "home", tmp_path, days=5)
    told = ok(tmp_path / "home", "privacy", "report")
    assert "There are 5 days with visits: what keeping less would do cannot be seen yet." in told
    assert "Keeping" not in told
    assert "\t14\t" not in told


def test_what_cannot_be_measured_is_refused(home: Path) -> None:
    for option, value in (("--days", "0"), ("--sample", "10"), ("--seed", "-1")):
        refused = call(home, "privacy", "report", option, value)
        assert refused.exit_code == 2
        assert option in refused.stderr


@pytest.mark.slow
def test_the_document_says_what_is_measured(tmp_path: Path) -> None:
    files = sorted(BADGES.glob("*_visits.csv.gz"))
    if not files:
        pytest.skip("the shared measured visits are not here")
    document = (ROOT / "docs" / "singling-out.md").read_text("utf-8")
    for path in files:
        name = path.name.removesuffix("_visits.csv.gz")
        home = tmp_path / name
        home.mkdir()
        (home / "fleet.toml").write_text('timezone = "UTC"\n', "utf-8")
        ok(home, "visits", "import", str(path), "--columns", COLUMNS)
        assert line(name, report(home)) in document


def line(name: str, told: Any) -> str:
    """One data set as it stands in docs/singling-out.md."""

    def share(known: int, time: str, retention: int = 30, *, field: str = "unique_share") -> str:
        (row,) = (
            row
            for row in told["rows"]
            if (row["known_visits"], row["time_resolution"], row["retention_days"])
            == (known, time, retention)
        )
        return f"{100 * row[field]:.0f} %"

    cells = [name, told["visitors"], told["visits"], told["days_with_visits"]]
    cells += [share(known, "15min") for known in (1, 2, 3)]
    cells += [share(3, "15min", field="in_small_group_share"), share(3, "1h"), share(3, "1day")]
    longer = told["kept"][-1]["visits"] < told["visits"]
    cells.append(share(3, "15min", 7) if longer else "–")
    return f"| {' | '.join(map(str, cells))} |"
