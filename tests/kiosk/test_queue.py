"""The queue: nothing lost, nothing twice, no counter used again, whatever happens in between."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk import queue_file
from kiosk.errors import QueueError, QueueFull
from kiosk.queue import DAMAGED, Queue


def _record(counter: int, text: str = "") -> bytes:
    return f'{{"counter":{counter},"text":"{text}"}}'.encode()


def _open(folder: Path, *, max_records: int = 1000) -> Queue:
    return Queue(folder, max_records=max_records)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with _open(tmp_path / "data") as opened:
        yield opened


def _counters(queue: Queue) -> list[int]:
    return [each.counter for each in queue.pending(limit=1000)]


def test_counters_count_up_from_one(queue: Queue) -> None:
    assert [queue.append(_record, made_ms=n).counter for n in range(3)] == [1, 2, 3]
    assert _counters(queue) == [1, 2, 3]


def test_a_record_is_kept_byte_by_byte(queue: Queue) -> None:
    committed = queue.append(_record, made_ms=1234)
    (pending,) = queue.pending(limit=5)
    assert pending.record == _record(1)
    assert pending.made_ms == 1234
    assert committed.digest == hashlib.sha256(_record(1)).hexdigest()


def test_a_commit_can_be_seen_by_another_process_at_once(queue: Queue, tmp_path: Path) -> None:
    queue.append(_record, made_ms=0)
    held = queue_file.look(tmp_path / "data")
    assert (held.depth, held.oldest_ms, held.epoch) == (1, 0, queue.epoch)


def test_the_file_is_written_ahead_and_synced_in_full(tmp_path: Path) -> None:
    opened = queue_file.open_to_write(tmp_path, new_epoch=lambda: "0" * 32)
    assert opened.database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert opened.database.execute("PRAGMA synchronous").fetchone() == (2,)
    opened.close()


def test_a_receipt_deletes_its_ranges_and_nothing_else(queue: Queue) -> None:
    for _ in range(10):
        queue.append(_record, made_ms=0)
    assert queue.acknowledge([(2, 4), (9, 99)]) == 5
    assert _counters(queue) == [1, 5, 6, 7, 8]
    assert queue.depth == 5


def test_a_receipt_given_twice_changes_nothing(queue: Queue) -> None:
    queue.append(_record, made_ms=0)
    assert [queue.acknowledge([(1, 1)]), queue.acknowledge([(1, 1)])] == [1, 0]
    assert queue.depth == 0


def test_what_the_server_refuses_is_kept_apart_with_the_reason(
    queue: Queue, tmp_path: Path
) -> None:
    queue.append(_record, made_ms=0)
    assert queue.set_aside(1, reason="conflict", detail="other content", at_ms=77)
    assert not queue.set_aside(1, reason="conflict", detail="again", at_ms=78)
    assert (queue.depth, queue.set_aside_count) == (0, 1)
    (kept,) = queue_file.look(tmp_path / "data").set_aside
    assert (kept.counter, kept.reason, kept.detail) == (1, "conflict", "other content")
    assert (kept.record, kept.at_ms) == (_record(1), 77)


def test_pending_gives_the_first_after_a_counter(queue: Queue) -> None:
    for _ in range(6):
        queue.append(_record, made_ms=0)
    assert [each.counter for each in queue.pending(after=2, limit=3)] == [3, 4, 5]
    assert queue.pending(after=6, limit=3) == []


def test_a_full_queue_takes_no_more_until_something_is_delivered(tmp_path: Path) -> None:
    with _open(tmp_path, max_records=2) as queue:
        queue.append(_record, made_ms=0)
        queue.append(_record, made_ms=0)
        with pytest.raises(QueueFull, match="holds 2 undelivered records, its limit"):
            queue.append(_record, made_ms=0)
        queue.acknowledge([(1, 1)])
        assert queue.append(_record, made_ms=0).counter == 3


def test_a_counter_is_not_used_again_after_everything_was_delivered(tmp_path: Path) -> None:
    with _open(tmp_path) as queue:
        epoch = queue.epoch
        queue.append(_record, made_ms=0)
        queue.append(_record, made_ms=0)
        queue.acknowledge([(1, 2)])
    with _open(tmp_path) as queue:
        assert queue.epoch == epoch
        assert queue.append(_record, made_ms=0).counter == 3


def test_a_record_that_cannot_be_made_leaves_nothing_behind(queue: Queue) -> None:
    def fail(_counter: int) -> bytes:
        raise ValueError("no record")

    with pytest.raises(ValueError, match="no record"):
        queue.append(fail, made_ms=0)
    assert queue.depth == 0
    assert queue.append(_record, made_ms=0).counter == 1


def test_the_last_time_is_remembered(tmp_path: Path) -> None:
    with _open(tmp_path) as queue:
        queue.append(_record, made_ms=1_000)
    with _open(tmp_path) as queue:
        assert queue.clock_floor_ms == 1_000
        queue.keep_time(2_000)
    with _open(tmp_path) as queue:
        assert queue.clock_floor_ms == 2_000


def test_the_oldest_record_tells_since_when(queue: Queue) -> None:
    assert queue.oldest_made_ms() is None
    queue.append(_record, made_ms=5)
    queue.append(_record, made_ms=6)
    assert queue.oldest_made_ms() == 5


def test_two_kiosks_cannot_share_a_folder(queue: Queue, tmp_path: Path) -> None:
    with pytest.raises(QueueError, match="another kiosk process uses this folder"):
        _open(tmp_path / "data")


def test_a_closed_queue_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(3):
        _open(tmp_path).close()


def test_threads_get_counters_of_their_own(queue: Queue) -> None:
    def append() -> None:
        for _ in range(25):
            queue.append(_record, made_ms=0)

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _counters(queue) == list(range(1, 101))


def _meddle(folder: Path, sql: str, *values: object) -> None:
    database = sqlite3.connect(folder / queue_file.FILE)
    with database:
        database.execute(sql, values)
    database.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [("record", b'{"counter":2,"x":"other"}'), ("record", "text"), ("digest", b""), ("counter", 9)],
)
def test_a_damaged_record_is_set_aside_and_holds_up_nobody(
    tmp_path: Path, column: str, value: object
) -> None:
    with _open(tmp_path) as queue:
        for _ in range(3):
            queue.append(_record, made_ms=0)
    _meddle(tmp_path, f"UPDATE pending SET {column} = ? WHERE counter = 2", value)
    with _open(tmp_path) as queue:
        assert [each.counter for each in queue.pending(limit=1)] == [1]
        assert [each.counter for each in queue.pending(after=1, limit=1, at_ms=5)] == [3]
        assert _counters(queue) == [1, 3]
    (kept,) = queue_file.look(tmp_path).set_aside
    assert kept.reason == DAMAGED


@pytest.mark.parametrize("damage", ["overwritten", "cut", "header"])
def test_a_file_that_is_no_database_is_kept_and_a_new_epoch_begins(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    with _open(tmp_path) as queue:
        old_epoch = queue.epoch
        for _ in range(200):
            queue.append(lambda counter: _record(counter, "x" * 300), made_ms=0)
    file = tmp_path / queue_file.FILE
    content = bytearray(file.read_bytes())
    match damage:
        case "overwritten":
            content[4096:] = os.urandom(len(content) - 4096)
        case "cut":
            del content[6000:]
        case "header":
            content[:100] = bytes(range(100))
    file.write_bytes(content)
    with _open(tmp_path) as queue:
        assert queue.epoch != old_epoch
        assert queue.depth == 0
        assert queue.append(_record, made_ms=0).counter == 1
    assert (tmp_path / "queue.sqlite3.damaged-1").read_bytes() == bytes(content)
    assert "it is kept as" in caplog.text


def test_a_second_damaged_file_does_not_replace_the_first(tmp_path: Path) -> None:
    for number in (1, 2):
        _open(tmp_path).close()
        (tmp_path / queue_file.FILE).write_bytes(b"rubbish %d" % number * 1000)
        _open(tmp_path).close()
    kept = sorted(tmp_path.glob("*.damaged-*"))
    assert [each.read_bytes()[:9] for each in kept] == [b"rubbish 1", b"rubbish 2"]


def test_a_log_without_its_database_is_kept_too(tmp_path: Path) -> None:
    tmp_path.joinpath("queue.sqlite3-wal").write_bytes(b"rest")
    _open(tmp_path).close()
    assert (tmp_path / "queue.sqlite3.damaged-1-wal").read_bytes() == b"rest"


def test_a_queue_of_another_release_is_left_alone(tmp_path: Path) -> None:
    _open(tmp_path).close()
    _meddle(tmp_path, "PRAGMA user_version = 99")
    with pytest.raises(QueueError, match="queue format 99 is of another release"):
        _open(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(QueueError, match=r"file/data: Not a directory"):
        _open(tmp_path / "file" / "data")


def test_looking_where_no_queue_is_says_so(tmp_path: Path) -> None:
    with pytest.raises(QueueError, match="no queue here"):
        queue_file.look(tmp_path)


_FULL_DISK = """
import resource, sys
from pathlib import Path
from kiosk.errors import QueueError
from kiosk.queue import Queue
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
queue = Queue(Path(sys.argv[1]), max_records=10**6)
make = lambda counter: b'{"counter":%d,"x":"%s"}' % (counter, b"x" * 900)
kept = [queue.append(make, made_ms=0).counter for _ in range(20)]
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
refused = 0
while refused < 5:
    try:
        kept.append(queue.append(make, made_ms=0).counter)
    except QueueError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
kept.append(queue.append(make, made_ms=0).counter)
assert [each.counter for each in queue.pending(limit=10**6)] == kept, kept
assert len(kept) == len(set(kept)) == queue.depth
print(len(kept), kept[-1])
"""


def test_a_full_disk_refuses_and_recovers_and_uses_no_counter_twice(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kept, last = map(int, done.stdout.split())
    assert last == kept + 5
    with _open(tmp_path) as queue:
        assert queue.depth == kept


class QueueMachine(RuleBasedStateMachine):
    """The queue against a dictionary, across reopenings and records damaged on the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="tram-queue-"))
        self.queue = _open(self.folder, max_records=8)
        self.epoch = self.queue.epoch
        self.pending: dict[int, bytes] = {}
        self.aside: dict[int, str] = {}
        self.used: set[int] = set()

    def teardown(self) -> None:
        self.queue.close()
        shutil.rmtree(self.folder)

    @rule(text=st.text("abc", max_size=5))
    def append(self, text: str) -> None:
        if len(self.pending) == 8:
            with pytest.raises(QueueFull):
                self.queue.append(lambda counter: _record(counter, text), made_ms=1)
            return
        counter = self.queue.append(lambda counter: _record(counter, text), made_ms=1).counter
        assert counter not in self.used
        self.used.add(counter)
        self.pending[counter] = _record(counter, text)

    @rule(ranges=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4))
    def acknowledge(self, ranges: list[tuple[int, int]]) -> None:
        covered = {n for n in self.pending if any(low <= n <= high for low, high in ranges)}
        assert self.queue.acknowledge(ranges) == len(covered)
        for counter in covered:
            del self.pending[counter]

    @rule(counter=st.integers(0, 30))
    def set_aside(self, counter: int) -> None:
        moved = self.queue.set_aside(counter, reason="conflict", detail="", at_ms=1)
        assert moved == (counter in self.pending)
        if moved:
            del self.pending[counter]
            self.aside[counter] = "conflict"

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        counter = data.draw(st.sampled_from(sorted(self.pending)))
        _meddle(self.folder, "UPDATE pending SET record = x'00' WHERE counter = ?", counter)
        del self.pending[counter]
        self.aside[counter] = DAMAGED

    @rule(after=st.integers(0, 30), limit=st.integers(1, 10))
    def read_some(self, after: int, limit: int) -> None:
        rows = {each.counter: each.record for each in self.queue.pending(after=after, limit=limit)}
        expected = sorted(counter for counter in self.pending if counter > after)
        assert list(rows) == expected[: len(rows)]
        assert len(rows) <= limit
        assert rows or not expected

    @rule()
    def reopen(self) -> None:
        self.queue.close()
        self.queue = _open(self.folder, max_records=8)

    @invariant()
    def everything_is_where_it_belongs(self) -> None:
        rows = {each.counter: each.record for each in self.queue.pending(limit=100)}
        assert rows == self.pending
        held = queue_file.look(self.folder)
        assert {each.counter: each.reason for each in held.set_aside} == self.aside
        assert (self.queue.depth, self.queue.set_aside_count) == (len(rows), len(self.aside))
        assert self.queue.epoch == self.epoch


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
