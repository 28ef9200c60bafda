"""Clocks of a machine without one."""

import time
from pathlib import Path

import pytest

from kiosk import clock as clock_module
from kiosk.clock import Clock, FakeClock, SystemClock


@pytest.mark.parametrize("clock", [SystemClock(), FakeClock()], ids=["system", "fake"])
def test_clocks_never_run_backwards(clock: Clock) -> None:
    first, second = clock.now(), clock.now()
    assert second.mono_ms >= first.mono_ms > 0
    assert second.wall_ms >= first.wall_ms > 0
    assert second.boot == first.boot != ""
    assert clock.mono_ms() >= second.mono_ms


def test_the_system_clock_says_what_time_it_is() -> None:
    assert abs(SystemClock().now().wall_ms - time.time() * 1000) < 1000


def test_an_unsynchronised_clock_starts_at_the_last_time_on_disk_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SystemClock, "_synced", lambda _self: False)
    floor_ms = int(time.time() * 1000) + 86_400_000
    clock = SystemClock(floor_ms=floor_ms)
    first = clock.now()
    time.sleep(0.02)
    second = clock.now()
    assert floor_ms <= first.wall_ms < floor_ms + 1000
    assert second.wall_ms - first.wall_ms >= 15
    assert not first.synced


def test_a_synchronised_clock_is_believed_even_below_the_last_time_on_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SystemClock, "_synced", lambda _self: True)
    clock = SystemClock(floor_ms=int(time.time() * 1000) + 86_400_000)
    assert abs(clock.now().wall_ms - time.time() * 1000) < 1000


def test_the_fake_clock_goes_on_when_told() -> None:
    clock = FakeClock()
    before = clock.now()
    clock.advance(ms=1500)
    assert clock.now().wall_ms - before.wall_ms == clock.mono_ms() - before.mono_ms == 1500


@pytest.mark.parametrize(("state", "synced"), [(0, True), (4, True), (5, False)])
def test_the_kernel_says_whether_the_clock_is_synchronised(state: int, synced: bool) -> None:
    clock = SystemClock()
    clock._libc = _Kernel(state)  # type: ignore[assignment]
    assert clock.now().synced is synced


@pytest.mark.parametrize("made", [True, False])
def test_where_the_kernel_may_not_be_asked_the_time_service_says_it(
    made: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if made:
        (tmp_path / "synchronized").touch()
    monkeypatch.setattr(clock_module, "_SYNCHRONIZED", tmp_path / "synchronized")
    clock = SystemClock()
    clock._libc = _Kernel(-1)  # type: ignore[assignment]
    assert clock.now().synced is made


class _Kernel:
    def __init__(self, state: int) -> None:
        self.adjtimex = lambda _buffer: state
