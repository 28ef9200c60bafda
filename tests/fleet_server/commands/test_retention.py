"""`fleet retention`: days let go, and an epidemic ended."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import select, text

from fleet_server import database, keys
from fleet_server.models import Base
from fleet_server.privacy import certificate, ending, keyburning
from fleet_server.privacy.certificate import BadCertificate
from tests.fleet_server.homes import Home
from tests.fleet_server.privacy.story import NOON, Story

TODAY = (time.time_ns() // 1_000_000 - NOON) // 86_400_000


def filled(home: Home, *, case_closed_at: int | None = 5) -> Story:
    """Visitors long ago and today."""
    story = Story(database.connect(home.settings.database_url))
    old, new = story.visitor("old"), story.visitor("new")
    story.scan(old[1], day=0)
    story.scan(new[1], day=TODAY, hour=-1)
    story.case("CA-1", new[0], closed_at=case_closed_at)
    story.derive()
    story.engine.dispose()
    return story


def test_a_run_lets_go_and_show_finds_nothing_left(home: Home) -> None:
    story = filled(home)
    before = home.fails("retention", "show")
    assert "older than it may be" in before
    assert "scans 1" in before
    ran = home.json("retention", "run")
    assert ran["days"] == ["2026-01-01"]
    assert ran["rows"]["scans"] == 1
    assert ran["swept"] is True
    shown = home.json("retention", "show")
    assert shown["older"] == {}
    assert len(shown["days"]) == 1
    assert shown["next"]["day"] == shown["days"][0]
    assert [day["day"] for day in shown["let_go"]] == ["2026-01-01"]
    assert "Nothing is older" in home.ok("retention", "show")
    assert "0 ngày / days" in home.ok("retention", "run")
    assert count(story, "scans") == 1


def test_what_is_kept_is_a_setting_above_zero(home: Home) -> None:
    filled(home)
    toml = home.path / "fleet.toml"
    toml.write_text(f"[privacy]\nretention_days = {TODAY + 2}\n", "utf-8")
    assert home.json("retention", "run")["days"] == []
    toml.write_text("[privacy]\nretention_days = 0\n", "utf-8")
    assert "privacy.retention_days: expected a number above 0" in home.fails(
        "retention", "run", status=2
    )
    toml.write_text("[privacy]\nretention_day = 3\n", "utf-8")
    assert "did you mean retention_days?" in home.fails("retention", "run", status=2)
    toml.write_text("[privacy]\nholidays = [2026-02-17, 2026-02-18]\n", "utf-8")
    assert len(home.settings.privacy.holidays) == 2


def count(story: Story, table: str) -> int:
    """Rows of a table, by a connection that does not stay."""
    try:
        return story.count(table)
    finally:
        story.engine.dispose()


def end(home: Home, out: Path) -> str:
    phrase = ending.phrase(home.settings)
    return home.ok(
        "retention", "end-epidemic", "--out", str(out), "--yes-destroy-everything", phrase
    )


def test_an_ended_epidemic_leaves_the_log_a_certificate_and_no_visitor(
    home: Home, tmp_path: Path
) -> None:
    story = filled(home)
    home.ok("card", "issue", "--name", "Nguyễn Văn Mẫu")
    out = tmp_path / "certificate.txt"
    lines_before = len(home.json("audit", "show", "--last", "1000"))
    public = keys.results(home.settings.keys_dir)
    secrets = [(home.settings.keys_dir / name).read_bytes() for name in keyburning.BURNT]
    said = end(home, out)
    assert "fleet keys init" in said
    for name in ending.emptied():
        expected = 1 if name == "persons" else 0  # the blank one that keeps the last number
        assert count(story, name) == expected, name
    assert story.days() == []
    assert count(story, "venues") == 1
    told = certificate.read(out.read_text("utf-8"))
    assert told.rows["scans"] == told.rows["visits"] == 2
    assert told.rows["card_identities"] == 1
    assert told.days == 2
    assert [key.file for key in told.keys] == list(keyburning.BURNT)
    by_file = {key.file: key.fingerprint for key in told.keys}
    assert by_file["vault/pseudonym.key"] == by_file["ingest/pseudonym.key"]
    pem = told.public_key.encode()
    assert load_pem_public_key(pem) == public
    assert "đã ký / signed" in home.ok("retention", "certificate", str(out))
    assert len(home.json("audit", "show", "--last", "1000")) == lines_before + 1
    verdict = home.json("audit", "verify", "--head", told.audit_head_after)
    assert verdict["head"] == told.audit_head_after
    assert verdict["lines"] == told.audit_lines
    (aside,) = home.path.glob("keys.ended-*")
    assert not home.settings.keys_dir.exists()
    for name in keyburning.BURNT:
        assert not (aside / name).exists()
    everything = b"".join(p.read_bytes() for p in home.path.rglob("*") if p.is_file())
    for secret in secrets:
        assert secret.strip() not in everything
    assert b"Nguy" not in out.read_bytes()


def test_another_epidemic_begins_with_keys_init(home: Home, tmp_path: Path) -> None:
    filled(home)
    end(home, tmp_path / "certificate.txt")
    assert "keys init" in home.fails("card", "issue", status=2)
    home.ok("keys", "init")
    home.ok("keys", "check")
    home.ok("kiosk", "renew", "cho-mau-1", "--out", str(tmp_path / "bundle"))
    highest = 2
    (issued,) = home.json("card", "issue", "--name", "Trần Thị Mẫu")["cards"]
    assert int(issued["visitor"][1:]) > highest
    assert home.json("retention", "run")["days"] == []
    assert home.json("audit", "verify")["fault"] == ""


def test_the_phrase_must_be_exact_and_a_second_word_is_asked(home: Home, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from fleet_server.cli import main

    story = filled(home)
    out = str(tmp_path / "c.txt")
    phrase = ending.phrase(home.settings)
    assert phrase == "destroy home"
    wrong = home.fails("retention", "end-epidemic", "--out", out, "--yes-destroy-everything", "yes")
    assert "nothing was destroyed" in wrong
    args = ["--home", str(home.path), "retention", "end-epidemic", "--out", out]
    for typed in ("yes\n", f"{phrase}\nn\n", f"{phrase}\n"):
        assert CliRunner().invoke(main, args, input=typed).exit_code == 1
    assert count(story, "scans") == 2
    assert not Path(out).exists()
    done = CliRunner().invoke(main, args, input=f"{phrase}\ny\n")
    assert done.exit_code == 0, done.output
    assert count(story, "scans") == 0


def refused(home: Home, out: Path) -> str:
    phrase = ending.phrase(home.settings)
    given = ("--out", str(out), "--yes-destroy-everything", phrase)
    return home.fails("retention", "end-epidemic", *given)


def test_nothing_is_destroyed_while_a_case_is_open(home: Home, tmp_path: Path) -> None:
    story = filled(home, case_closed_at=None)
    assert "open cases: CA-1" in refused(home, tmp_path / "c.txt")
    assert count(story, "scans") == 2


def test_nothing_is_destroyed_while_the_vault_answers(home: Home, tmp_path: Path) -> None:
    story = filled(home)
    home.settings.run_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as vault:
        vault.bind(str(home.settings.vault_socket))
        vault.listen()
        assert "the vault answers" in refused(home, tmp_path / "c.txt")
    assert count(story, "scans") == 2


def test_nothing_is_destroyed_while_another_process_uses_the_database(
    home: Home, tmp_path: Path
) -> None:
    story = filled(home)
    url = home.settings.database_url
    code = (
        "import sys; from fleet_server import database; from sqlalchemy import text;"
        f"c = database.connect({url!r}).connect(); c.execute(text('SELECT 1')); c.commit();"
        "print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        assert "another process uses it" in refused(home, tmp_path / "c.txt")
        other.communicate(timeout=20)
    assert count(story, "scans") == 2
    assert not (tmp_path / "c.txt").exists()
    end(home, tmp_path / "c.txt")


@pytest.mark.slow
def test_postgresql_is_emptied_too(
    home: Home, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(database.connect(postgres_url))
    _, number = story.visitor("a")
    story.scan(number)
    with story.writing() as connection:
        table = Base.metadata.tables["rights_requests"]
        values = {"kind": "view", "asked_ms": 1, "asked_by": "t", "words": "lời", "detail": ""}
        values |= {"acknowledge_by": 1, "due_by": 1, "outcome": "", "person_id": 1}
        connection.execute(table.insert().values(values))
    story.derive()
    monkeypatch.setenv("TRAM_DATABASE_URL", postgres_url)
    refusal = refused(home, tmp_path / "c.txt")
    assert "another process uses it" in refusal
    story.engine.dispose()
    end(home, tmp_path / "c.txt")
    for name in ending.emptied():
        assert count(story, name) == (1 if name == "rights_requests" else 0), name
    with story.engine.connect() as connection:
        (shell,) = connection.execute(select(table)).all()
        assert (shell.id, shell.person_id, shell.words) == (1, None, "")
        assert shell.outcome == "destroyed"
        assert connection.scalar(text("SELECT count(*) FROM visits")) == 0
    assert story.visitor("b")[0] > 1
    story.engine.dispose()


def test_a_certificate_that_was_changed_shows(home: Home, tmp_path: Path) -> None:
    filled(home)
    out = tmp_path / "c.txt"
    end(home, out)
    text_ = out.read_text("utf-8")
    words, _, content = text_.partition("---- JSON ----\n")
    other = json.loads(content)
    other["rows"]["scans"] = 1
    for changed in (
        text_.replace("days of stays: 2", "days of stays: 1"),
        text_.replace('"days": 2', '"days": 1').replace("stays: 2", "stays: 1"),
        words + "---- JSON ----\n" + json.dumps(other),
        words,
        "",
        words + "---- JSON ----\n[]",
    ):
        with pytest.raises(BadCertificate):
            certificate.read(changed)
