"""Times in and out."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from fleet_server.times import BadTime, day_bounds, iso, parse

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05T08:30", "2026-01-05T01:30:00Z"),
        ("2026-01-05 08:30:15", "2026-01-05T01:30:15Z"),
        ("2026-01-05T08:30:00Z", "2026-01-05T08:30:00Z"),
        ("2026-01-05T08:30:00.999+07:00", "2026-01-05T01:30:00Z"),
        ("2026-01-05", "2026-01-04T17:00:00Z"),
        ("1767576600", "2026-01-05T01:30:00Z"),
        (" 0 ", "1970-01-01T00:00:00Z"),
        ("-1", "1969-12-31T23:59:59Z"),
        ("1767576600.0", "2026-01-05T01:30:00Z"),
        ("1767576600.999999999999", "2026-01-05T01:30:00Z"),
        ("-1.0", "1969-12-31T23:59:59Z"),
        ("-0.5", "1969-12-31T23:59:59Z"),
    ],
)
def test_a_time_is_read_as_iso_8601_or_epoch_seconds(text: str, expected: str) -> None:
    assert iso(parse(text, ZONE)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "05/01/2026", "2026-13-01", "2026-01-05T25:00", "20260105T0830", "1e9"),
        *("1767576600.", ".5", "1.2.3", "²", "34260,5"),
        *("1767576600000", "99999999999", "2026-01-05T08:30+99:00", "9999-12-31T23:59:59-23:00"),
        *("2026-01-05\x00", "٢٠٢٦-01-05x"),
    ],
)
def test_what_is_no_time_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadTime, match="expected ISO 8601"):
        parse(text, ZONE)


def test_a_local_day_is_as_long_as_its_clocks_make_it() -> None:
    start, end = day_bounds(dt.date(2026, 1, 5), ZONE)
    assert (iso(start), end - start) == ("2026-01-04T17:00:00Z", 86_400)
    start, end = day_bounds(dt.date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    assert end - start == 23 * 3600
