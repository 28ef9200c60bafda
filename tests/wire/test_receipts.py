import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.wire.sample import EPOCH
from wire.receipts import ranges


@given(st.lists(st.integers(1, 60)))
def test_ranges_name_the_counters_given_and_no_others(counters: list[int]) -> None:
    told = ranges(EPOCH, counters)
    named = [counter for _, first, last in told for counter in range(first, last + 1)]
    assert named == sorted(set(counters))
    assert all(epoch == EPOCH for epoch, _, _ in told)


@given(st.lists(st.integers(1, 60)))
def test_ranges_are_as_few_as_can_be(counters: list[int]) -> None:
    told = ranges(EPOCH, counters)
    assert all(later[1] > earlier[2] + 1 for earlier, later in itertools.pairwise(told))


def test_a_gap_parts_two_ranges() -> None:
    assert ranges(EPOCH, [3, 1, 2, 5, 5]) == [(EPOCH, 1, 3), (EPOCH, 5, 5)]
    assert ranges(EPOCH, []) == []
