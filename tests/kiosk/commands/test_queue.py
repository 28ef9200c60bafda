"""`kiosk queue`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.commands.queue import queue as command
from kiosk.queue import Queue
from tests.kiosk.bundle import Bundle, make_bundle


def _record(counter: int) -> bytes:
    return b'{"counter":%d}' % counter


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "bundle")


def _run(bundle: Bundle, *args: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, ["--config", str(bundle.file), *args])
    return result.exit_code, result.output


def test_it_shows_what_waits_and_what_was_refused_while_the_kiosk_runs(bundle: Bundle) -> None:
    with Queue(bundle.data, max_records=100) as queue:
        for _ in range(3):
            queue.append(_record, made_ms=1_767_225_600_000)
        queue.set_aside(2, reason="conflict", detail="other content", at_ms=1_767_225_660_000)
        status, output = _run(bundle)
        assert status == 0
        assert output.splitlines() == [
            "Đang chờ / Waiting: 2, từ / since 2026-01-01T00:00:00+00:00",
            "Để riêng / Set aside: 1",
            "  2  2026-01-01T00:01:00+00:00  conflict  other content",
        ]
        status, output = _run(bundle, "--json")
        shown = json.loads(output)
        assert (shown["epoch"], shown["depth"]) == (queue.epoch, 2)
        assert shown["oldest_ms"] == 1_767_225_600_000
        assert shown["oldest_s"] > 0
        assert shown["set_aside"] == [
            {
                "counter": 2,
                "reason": "conflict",
                "detail": "other content",
                "at_ms": 1_767_225_660_000,
            }
        ]


def test_an_empty_queue_is_shown_as_such(bundle: Bundle) -> None:
    Queue(bundle.data, max_records=1).close()
    assert _run(bundle) == (0, "Đang chờ / Waiting: 0\nĐể riêng / Set aside: 0\n")
    assert json.loads(_run(bundle, "--json")[1])["oldest_s"] is None


def test_a_kiosk_that_never_ran_is_said(bundle: Bundle) -> None:
    status, output = _run(bundle)
    assert status == 1
    assert "no queue here; a kiosk makes it when it first runs" in output


def test_wrong_configuration_ends_with_two(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--config", str(tmp_path / "none.toml")])
    assert result.exit_code == 2
    assert "none.toml: cannot be read" in result.output


def test_a_damaged_file_is_said_without_a_traceback(bundle: Bundle) -> None:
    bundle.data.mkdir()
    (bundle.data / "queue.sqlite3").write_bytes(b"rubbish" * 1000)
    status, output = _run(bundle)
    assert status == 1
    assert "file is not a database" in output
