"""Failed sign-ins are counted by address."""

from fleet_server.auth.attempts import ADDRESSES, LIMIT, WINDOW_S, Attempts


def test_after_too_many_failures_an_address_must_wait() -> None:
    attempts = Attempts()
    for second in range(LIMIT):
        assert attempts.wait_s("a", now=second) == 0
        attempts.failed("a", now=second)
    assert attempts.wait_s("a", now=LIMIT) == WINDOW_S - LIMIT
    assert attempts.wait_s("b", now=LIMIT) == 0


def test_failures_are_forgotten_after_a_while() -> None:
    attempts = Attempts()
    for _ in range(LIMIT):
        attempts.failed("a", now=0)
    assert attempts.wait_s("a", now=WINDOW_S - 1) == 1
    assert attempts.wait_s("a", now=WINDOW_S) == 0


def test_memory_is_bounded() -> None:
    attempts = Attempts()
    for number in range(ADDRESSES + 10):
        attempts.failed(str(number), now=number)
    assert len(attempts._failures) == ADDRESSES
