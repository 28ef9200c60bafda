"""Computing time comes in evenly and goes out as it is used."""

import pytest

from kiosk.scanning.budget import TEMPERATURE_MS, Budget, Limits

LIMITS = Limits(cpu_percent=50, burst_ms=100, warm_c=70, hot_c=80, hot_percent=20)


def test_what_was_saved_up_may_be_spent_at_once_but_no_more() -> None:
    budget = Budget(LIMITS, temperature_c=lambda: None)
    budget.at(0)
    budget.spend(99)
    assert budget.allows_retry
    budget.spend(1)
    assert not budget.allows_retry
    assert budget.allows_look
    budget.spend(50)
    assert not budget.allows_look


def test_it_earns_its_share_of_the_time_and_saves_no_more_than_the_burst() -> None:
    budget = Budget(LIMITS, temperature_c=lambda: None)
    budget.at(0)
    budget.spend(120)
    budget.at(40)
    assert not budget.allows_retry
    budget.at(41)
    assert budget.allows_retry
    budget.at(10_000)
    budget.spend(100)
    assert not budget.allows_retry


def test_one_long_computation_is_paid_off_in_bounded_time() -> None:
    budget = Budget(LIMITS, temperature_c=lambda: None)
    budget.at(0)
    budget.spend(1_000_000)
    budget.at(201)
    assert budget.allows_retry


@pytest.mark.parametrize(
    ("temperature_c", "share"),
    [(None, 0.5), (20.0, 0.5), (70.0, 0.5), (75.0, 0.3), (80.0, 0.1), (120.0, 0.1)],
)
def test_the_hotter_the_less(temperature_c: float | None, share: float) -> None:
    budget = Budget(LIMITS, temperature_c=lambda: temperature_c)
    budget.at(0)
    assert budget.share == pytest.approx(share)


def test_the_temperature_is_asked_for_now_and_then() -> None:
    asked: list[float] = []

    def temperature_c() -> float:
        asked.append(90.0 if len(asked) < 2 else 20.0)
        return asked[-1]

    budget = Budget(LIMITS, temperature_c=temperature_c)
    for now_ms in range(0, 2 * TEMPERATURE_MS + 1, 50):
        budget.at(now_ms)
    assert asked == [90.0, 90.0, 20.0]
    assert budget.share == pytest.approx(0.5)


def test_a_clock_that_goes_back_earns_nothing() -> None:
    budget = Budget(LIMITS, temperature_c=lambda: None)
    budget.at(1_000)
    budget.spend(150)
    budget.at(0)
    assert not budget.allows_look
