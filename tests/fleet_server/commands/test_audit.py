"""`fleet audit`: what leaves the log as a file, and heads that were kept elsewhere."""

import csv
import io
import json
import stat
from pathlib import Path

from fleet_server import database
from fleet_server.identity import audit
from tests.fleet_server.homes import Home
from tests.support.world import NOON_MS

EVIL = '=HYPERLINK("http://x")'


def logged(home: Home, *subjects: str) -> None:
    engine = database.connect(home.settings.database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        for at_ms, subject in enumerate(subjects):
            audit.append(
                connection,
                at_ms=NOON_MS + at_ms,
                actor="truy-vet-1",
                action="vault.open",
                case_ref="CA-1",
                purpose=EVIL,
                subject=subject,
                detail={"found": True},
            )
    engine.dispose()


def test_lines_about_one_person_leave_as_json_with_the_export_itself(home: Home) -> None:
    visitor = home.json("card", "issue", "--name", "Nguyễn Văn Mẫu")["cards"][0]["visitor"]
    logged(home, visitor, "P99999")
    lines = json.loads(home.ok("audit", "export", "--person", visitor, "--format", "json"))
    assert [line["action"] for line in lines] == ["card.issued", "vault.open", "audit.exported"]
    assert {line["subject"] for line in lines} == {visitor}
    assert (lines[1]["at"], lines[1]["detail"]) == ("2026-01-01T05:00:00Z", {"found": True})
    assert lines[1]["purpose"] == EVIL
    # And once more: that one is in it too.
    again = json.loads(home.ok("audit", "export", "--person", visitor, "--format", "json"))
    assert len(again) == len(lines) + 1


def test_a_spreadsheet_finds_no_formula_in_it(home: Home, tmp_path: Path) -> None:
    logged(home, "cho-mau", "truong-mau")
    out = tmp_path / "log.csv"
    home.ok("audit", "export", "--subject", "cho-mau", "--out", str(out))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    text = out.read_bytes().decode("utf-8-sig")
    header, opened, exported = csv.reader(io.StringIO(text, newline=""))
    assert header[:3] == ["Dòng / Line", "Lúc / At", "Ai / Who"]
    assert (opened[1], opened[5]) == ("2026-01-01T12:00:00+07:00", f"'{EVIL}")
    assert exported[3] == "audit.exported"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in [*opened, *exported])
    assert "expected a new file" in home.fails(
        "audit", "export", "--subject", "cho-mau", "--out", str(out)
    )


def test_without_a_subject_all_lines_leave(home: Home) -> None:
    logged(home, *(f"V{number}" for number in range(2_500)))
    lines = json.loads(home.ok("audit", "export", "--format", "json"))
    assert [line["line"] for line in lines] == list(range(1, 2_502))
    assert "--person or --subject" in home.fails(
        *("audit", "export", "--person", "P1", "--subject", "V1"), status=2
    )
    assert "no such person" in home.fails("audit", "export", "--person", "P77")
