"""Where the parts of a chart go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_server.web import charts

counts = st.integers(0, 100_000)


@given(st.lists(st.tuples(counts, counts), max_size=60))
def test_bars_stay_within_the_chart_and_stand_on_its_ground(pairs: list[tuple[int, int]]) -> None:
    values = [("x", min(pair), max(pair)) for pair in pairs]
    chart = charts.bars(values)
    for bar, (_, low, high) in zip(chart.bars, values, strict=True):
        assert 0 <= bar.x <= bar.x + bar.width <= 100
        assert bar.y + bar.height == pytest.approx(chart.height, abs=0.11)
        assert 0 <= bar.soft_y <= bar.y <= chart.height
        assert (bar.low, bar.high) == (low, high)


@given(st.floats(0, 1e9))
def test_a_scale_ends_at_a_round_number_above_all(most: float) -> None:
    top = charts.nice_top(most)
    assert most <= top
    assert top == 4 or str(int(top)).rstrip("0") in ("1", "2", "5")


def test_a_limit_above_all_bars_is_still_in_the_chart() -> None:
    chart = charts.bars([("8h", 3, 3)], limit=50)
    assert chart.limit is not None
    assert 0 <= chart.limit.y < chart.bars[0].y


def test_on_a_phone_some_labels_are_left_out() -> None:
    chart = charts.bars([(f"{hour}h", 1, 1) for hour in range(24)])
    assert [bar.label for bar in chart.bars if not bar.minor] == [
        "0h",
        "4h",
        "8h",
        "12h",
        "16h",
        "20h",
    ]


DAY = 86_400


def test_a_strip_shows_what_of_a_day_is_marked() -> None:
    strip = charts.strip("01/01", (0, DAY), [(-5, DAY // 4), (DAY // 2, 2 * DAY)], until=9 * DAY)
    assert strip == ("01/01", [(0.0, 25.0), (50.0, 50.0)], 100.0)


def test_a_day_is_shown_as_far_as_it_has_come() -> None:
    strip = charts.strip("01/01", (0, DAY), [(DAY // 4, DAY)], until=DAY // 2)
    assert strip == ("01/01", [(25.0, 25.0)], 50.0)
    assert charts.strip("02/01", (DAY, 2 * DAY), [(0, DAY // 2)], until=DAY // 2).parts == []
