"""What the kiosk says about itself."""

from pathlib import Path

import pytest

from kiosk.clock import FakeClock
from kiosk.health import DeliveryHealth, Vitals, percentile, report


def test_frames_decodes_and_answers_are_counted() -> None:
    vitals = Vitals()
    vitals.take(now_ms=0)
    for number in range(30):
        vitals.frame(decode_ms=float(number + 1), now_ms=number * 100)
    vitals.answer("accepted", wall_ms=77)
    vitals.answer("payment", wall_ms=78)
    vitals.answer("accepted", wall_ms=79)
    vitals.camera_restart()
    door = vitals.take(now_ms=3_000)
    assert door.fps == 10.0
    assert door.frame_age_ms == 100
    assert (door.decode_ms_p50, door.decode_ms_p95) == (15.0, 29.0)
    assert door.answers == {"accepted": 2, "payment": 1}
    assert (door.last_scan_ms, door.camera_restarts) == (79, 1)
    assert vitals.take(now_ms=4_000).fps == 0.0


def test_nothing_happened_is_not_zero() -> None:
    door = Vitals().take(now_ms=5)
    assert door.frame_age_ms is door.fps is door.decode_ms_p50 is door.last_scan_ms is None


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([1.0], 95, 1.0), ([1.0, 2.0], 50, 1.0), (list(range(1, 101)), 95, 95)],
)
def test_percentiles_are_nearest_rank(
    values: list[float], percent: int, expected: float | None
) -> None:
    assert percentile(values, percent) == expected


def test_the_report_measures_this_machine(tmp_path: Path) -> None:
    clock = FakeClock(mono_ms=90_000)
    health = report(
        door=Vitals().take(now_ms=0),
        delivery=DeliveryHealth(
            session="s",
            queue_depth=3,
            queue_oldest_ms=clock.wall_ms - 4_500,
            set_aside=1,
            last_receipt_ms=None,
        ),
        moment=clock.now(),
        version="0.1.0",
        folder=tmp_path,
        certificate_expires_ms=None,
    )
    assert (health.uptime_s, health.queue_depth, health.queue_oldest_s) == (90, 3, 4)
    assert health.disk_free_mb is not None
    assert health.disk_free_mb > 0
    assert health.memory_free_mb is not None
    assert health.memory_free_mb > 0


def test_a_folder_that_is_gone_has_no_free_space(tmp_path: Path) -> None:
    delivery = DeliveryHealth(
        session="", queue_depth=0, queue_oldest_ms=None, set_aside=0, last_receipt_ms=None
    )
    health = report(
        door=Vitals().take(now_ms=0),
        delivery=delivery,
        moment=FakeClock().now(),
        version="",
        folder=tmp_path / "gone",
        certificate_expires_ms=5,
    )
    assert health.disk_free_mb is None
    assert health.queue_oldest_s is None
