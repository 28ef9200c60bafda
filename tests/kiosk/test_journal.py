"""The kiosk's own log."""

import json
import resource
import signal
from pathlib import Path

import pytest

from kiosk.journal import Entry, Journal, JournalError

ENTRY = Entry(epoch="0" * 32, counter=1, digest="d" * 64, answer="accepted", at_ms=5)


def _lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines() if line]


def test_an_entry_is_one_line_of_json(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", max_bytes=10_000)
    journal.write(ENTRY)
    journal.write(Entry(answer="refused", reason="payment", at_ms=6))
    assert _lines(tmp_path / "j") == [
        {
            "epoch": "0" * 32,
            "counter": 1,
            "digest": "d" * 64,
            "answer": "accepted",
            "at_ms": 5,
        },
        {"answer": "refused", "reason": "payment", "at_ms": 6},
    ]


def test_a_line_stands_in_the_file_before_write_returns(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", max_bytes=10_000)
    for count in range(1, 4):
        journal.write(ENTRY)
        assert len(_lines(tmp_path / "j")) == count


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    Journal(tmp_path / "j", max_bytes=10_000).close()
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_a_journal_goes_on_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        journal = Journal(tmp_path / "j", max_bytes=10_000)
        journal.write(ENTRY)
        journal.close()
    assert len(_lines(tmp_path / "j")) == 2


def test_a_cut_off_line_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "j").write_text('{"answer":"acc')
    journal = Journal(tmp_path / "j", max_bytes=10_000)
    journal.write(ENTRY)
    last = (tmp_path / "j").read_text().splitlines()[-1]
    assert json.loads(last)["counter"] == 1


def test_a_long_journal_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", max_bytes=1_000)
    for _ in range(8):
        journal.write(ENTRY)
    kept = _lines(tmp_path / "j.1")
    assert len(kept) + len(_lines(tmp_path / "j")) == 8
    assert (tmp_path / "j.1").stat().st_size <= 1_000


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", max_bytes=10_000)
    journal.write(ENTRY)
    size = (tmp_path / "j").stat().st_size
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
    try:
        with pytest.raises(JournalError, match="only 20 of"):
            journal.write(ENTRY)
        with pytest.raises(JournalError, match="File too large"):
            journal.write(ENTRY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    journal.write(ENTRY)
    lines = (tmp_path / "j").read_text().splitlines()
    assert [json.loads(lines[0])["counter"], json.loads(lines[-1])["counter"]] == [1, 1]


def test_a_journal_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="nowhere/j: No such file"):
        Journal(tmp_path / "nowhere" / "j", max_bytes=10_000)
