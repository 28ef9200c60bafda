"""Who was here a moment ago, and what is before the camera."""

from hypothesis import given
from hypothesis import strategies as st

from kiosk.scanning.repeats import Repeats, View
from wire.records import StableKey

QID = StableKey("qid", "160000000000000001")
BHYT = StableKey("bhyt", "0100000001")


def _repeats(*, ttl_ms: int = 120_000, limit: int = 1000) -> Repeats:
    return Repeats(key=bytes(32), ttl_ms=ttl_ms, limit=limit)


def test_an_accepted_key_is_seen_for_its_time_and_not_longer() -> None:
    repeats = _repeats()
    repeats.remember([QID], now_ms=1000)
    assert repeats.seen([QID], now_ms=120_999)
    assert not repeats.seen([QID], now_ms=121_000)


def test_any_shared_key_makes_a_repeat() -> None:
    repeats = _repeats()
    repeats.remember([QID, BHYT], now_ms=0)
    assert repeats.seen([BHYT], now_ms=1)
    assert not repeats.seen([StableKey("qid", "0100000001")], now_ms=1)


def test_what_expired_is_forgotten() -> None:
    repeats = _repeats(ttl_ms=10)
    repeats.remember([QID, BHYT], now_ms=0)
    repeats.seen([], now_ms=10)
    assert len(repeats) == 0


def test_the_oldest_is_forgotten_first_beyond_the_limit() -> None:
    repeats = _repeats(limit=2)
    keys = [StableKey("card", str(number)) for number in range(3)]
    for at_ms, key in enumerate(keys):
        repeats.remember([key], now_ms=at_ms)
    assert [repeats.seen([key], now_ms=3) for key in keys] == [False, True, True]


def test_no_key_can_be_found_in_memory() -> None:
    repeats = _repeats()
    repeats.remember([QID], now_ms=0)
    assert QID.value not in repr(vars(repeats))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.booleans()), max_size=60),
    st.integers(1, 50),
)
def test_seen_means_accepted_less_than_the_time_ago(
    steps: list[tuple[int, int, bool]], ttl_ms: int
) -> None:
    repeats = _repeats(ttl_ms=ttl_ms)
    accepted: dict[int, int] = {}
    now_ms = 0
    for who, pause_ms, remember in steps:
        now_ms += pause_ms
        key = StableKey("card", str(who))
        expected = who in accepted and now_ms - accepted[who] < ttl_ms
        assert repeats.seen([key], now_ms=now_ms) == expected
        if remember:
            repeats.remember([key], now_ms=now_ms)
            accepted[who] = now_ms


def _view() -> View:
    return View(key=bytes(32), leave_ms=1000)


def test_a_code_that_stays_is_answered_once() -> None:
    view = _view()
    answers = [view.newcomer(b"a", now_ms=at_ms) for at_ms in range(0, 10_000, 100)]
    assert answers == [True] + [False] * 99


def test_a_code_that_flickers_is_answered_once() -> None:
    view = _view()
    assert [view.newcomer(b"a", now_ms=at_ms) for at_ms in (0, 900, 1800, 2700)].count(True) == 1


def test_a_code_that_left_and_came_back_is_answered_again() -> None:
    view = _view()
    assert view.newcomer(b"a", now_ms=0)
    assert view.newcomer(b"a", now_ms=1000)


def test_two_codes_taking_turns_are_answered_once_each() -> None:
    view = _view()
    answers = [view.newcomer(b"ab"[n % 2 : n % 2 + 1], now_ms=n * 50) for n in range(100)]
    assert answers == [True, True] + [False] * 98


def test_another_picture_is_another_visit() -> None:
    view = _view()
    assert view.newcomer(b"a", source="1.png", now_ms=0)
    assert not view.newcomer(b"a", source="1.png", now_ms=10)
    assert view.newcomer(b"a", source="2.png", now_ms=20)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1500)), max_size=80))
def test_a_code_is_answered_exactly_when_it_was_unseen_for_the_time(
    frames: list[tuple[int, int]],
) -> None:
    view = _view()
    last: dict[int, int] = {}
    now_ms = 0
    for code, pause_ms in frames:
        now_ms += pause_ms
        expected = code not in last or now_ms - last[code] >= 1000
        assert view.newcomer(bytes([code]), now_ms=now_ms) == expected
        last[code] = now_ms
