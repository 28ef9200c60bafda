"""`fleet audit`: what leaves the log as a file, and heads that were kept elsewhere."""

import csv
import io
import json
import stat
from pathlib import Path

from sqlalchemy import text, true

from fleet_server import database
from fleet_server.identity import audit
from kiosk import heads
from kiosk.heads import HOUR_MS, Heads
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
    told = out.read_bytes().decode("utf-8-sig")
    header, opened, exported = csv.reader(io.StringIO(told, newline=""))
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


def rewritten(home: Home, *, without: str) -> None:
    """As an administrator with all rights does it: the whole log anew, so that it holds."""
    engine = database.connect(home.settings.database_url)
    with engine.execution_options(**database.WRITES).begin() as connection:
        lines = [
            audit.Line(*entry[1:])
            for entry in audit.entries(connection, true())
            if entry.subject != without
        ]
        for trigger in ("audit_log_no_update", "audit_log_no_delete"):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("DELETE FROM audit_log"))
        audit.append_all(connection, lines)
    engine.dispose()


def test_a_log_written_anew_holds_and_shows_by_what_a_kiosk_kept(
    home: Home, tmp_path: Path
) -> None:
    keeper = Heads(tmp_path)
    for hour, subject in enumerate(["P1", "P2", "P3"]):
        logged(home, subject)
        keeper.note(home.json("audit", "verify")["head"], at_ms=NOON_MS + hour * HOUR_MS)
    kept = str(tmp_path / heads.FILE)
    assert "holds: 3 lines" in home.ok("audit", "verify", "--heads", kept)
    rewritten(home, without="P2")
    assert "holds: 2 lines" in home.ok("audit", "verify")
    told = home.fails("audit", "verify", "--heads", kept)
    # Up to then it is the log that it was.
    assert "the head kept at 2026-01-01T06:00:00+00:00 is of no line" in told


def test_a_log_cut_short_shows_by_what_a_kiosk_kept(home: Home, tmp_path: Path) -> None:
    logged(home, "P1", "P2")
    Heads(tmp_path).note(home.json("audit", "verify")["head"], at_ms=NOON_MS)
    rewritten(home, without="P2")
    kept = str(tmp_path / heads.FILE)
    assert "of no line of this log" in home.fails("audit", "verify", "--heads", kept)


def test_what_is_no_file_of_heads_is_no_proof(home: Home, tmp_path: Path) -> None:
    logged(home, "P1")
    (tmp_path / "other").write_text("Chợ Mẫu\n")
    assert "of no line" in home.fails("audit", "verify", "--heads", str(tmp_path / "other"))
    (tmp_path / "other").write_text("\n")
    assert "holds no head" in home.fails("audit", "verify", "--heads", str(tmp_path / "other"))
