"""When a scan really happened."""

from hypothesis import given
from hypothesis import strategies as st

from fleet_server.ingest.clock import Times, correct
from wire.records import BatchClock, Record

NOON = 1_767_243_600_000
MIN = 60_000


def test_a_synchronised_clock_is_believed() -> None:
    record = Record(wall_ms=NOON, synced=True, boot="a", mono_ms=5)
    assert correct(record, BatchClock(), NOON + 3 * MIN) == Times(NOON, NOON, NOON)


def test_a_synchronised_clock_that_runs_ahead_is_held_at_the_receipt() -> None:
    record = Record(wall_ms=NOON + 9, synced=True)
    assert correct(record, BatchClock(), NOON) == Times(NOON, NOON, NOON)


def test_an_unsynchronised_record_is_dated_back_from_its_batch_of_the_same_boot() -> None:
    record = Record(wall_ms=1, boot="a", mono_ms=MIN)
    clock = BatchClock(boot="a", mono_ms=11 * MIN, wall_ms=NOON, synced=True)
    at = NOON - 10 * MIN
    assert correct(record, clock, NOON + 60 * MIN) == Times(at, at, at)


def test_a_receipt_heard_before_bounds_from_below_and_the_arrival_from_above() -> None:
    record = Record(wall_ms=1, boot="a", mono_ms=5 * MIN)
    clock = BatchClock(
        boot="a", mono_ms=20 * MIN, wall_ms=2, server_ms=NOON, server_mono_ms=2 * MIN
    )
    received = NOON + 19 * MIN  # the batch waited one minute at the broker
    assert correct(record, clock, received) == Times(
        corrected=NOON + 3 * MIN, earliest=NOON + 3 * MIN, latest=NOON + 4 * MIN
    )


def test_a_receipt_heard_after_the_scan_bounds_it_too() -> None:
    record = Record(wall_ms=1, boot="a", mono_ms=5 * MIN)
    clock = BatchClock(
        boot="a", mono_ms=20 * MIN, wall_ms=2, server_ms=NOON, server_mono_ms=15 * MIN
    )
    assert correct(record, clock, NOON + 5 * MIN).earliest == NOON - 10 * MIN


def test_without_a_receipt_the_arrival_dates_the_scan_and_the_clock_floor_bounds_it() -> None:
    record = Record(wall_ms=NOON - 60 * MIN, boot="a", mono_ms=5 * MIN)
    clock = BatchClock(boot="a", mono_ms=20 * MIN, wall_ms=NOON)
    at = NOON + MIN - 15 * MIN
    assert correct(record, clock, NOON + MIN) == Times(at, NOON - 60 * MIN, at)


def test_a_record_of_an_earlier_boot_lies_between_the_clock_floor_and_this_boot() -> None:
    record = Record(wall_ms=NOON - 300 * MIN, boot="a", mono_ms=7)
    clock = BatchClock(boot="b", mono_ms=30 * MIN, wall_ms=1)
    assert correct(record, clock, NOON) == Times(
        corrected=NOON - 300 * MIN, earliest=NOON - 300 * MIN, latest=NOON - 30 * MIN
    )


def test_a_batch_that_knows_the_time_says_when_its_boot_began() -> None:
    record = Record(wall_ms=NOON - 300 * MIN, boot="a", mono_ms=7)
    clock = BatchClock(boot="b", mono_ms=30 * MIN, wall_ms=NOON - 60 * MIN, synced=True)
    assert correct(record, clock, NOON).latest == NOON - 90 * MIN


def test_two_boots_without_a_name_are_not_taken_for_one() -> None:
    record = Record(wall_ms=5, boot="", mono_ms=MIN)
    clock = BatchClock(boot="", mono_ms=2 * MIN, wall_ms=NOON, synced=True)
    assert correct(record, clock, NOON).corrected == 5


ANY = st.integers(-(2**70), 2**70)
TIME = st.integers(0, 2**43 - 1)


@given(
    st.builds(
        Record, wall_ms=TIME, mono_ms=TIME, boot=st.sampled_from(["", "a"]), synced=st.booleans()
    ),
    st.builds(
        BatchClock,
        boot=st.sampled_from(["", "a", "b"]),
        mono_ms=ANY,
        wall_ms=ANY,
        synced=st.booleans(),
        server_ms=st.none() | ANY,
        server_mono_ms=st.none() | ANY,
    ),
    TIME,
)
def test_whatever_a_kiosk_claims_the_bounds_are_in_order_and_not_in_the_future(
    record: Record, clock: BatchClock, received_ms: int
) -> None:
    corrected, earliest, latest = correct(record, clock, received_ms)
    assert 0 <= earliest <= corrected <= latest <= received_ms


@given(
    true=st.integers(NOON, NOON + 10**9),
    age=st.integers(0, 10**8),
    transit=st.integers(0, 10**6),
    behind=st.integers(0, 10**11),
    off=st.integers(0, 10**8),
    receipt_age=st.integers(0, 10**8),
    receipt_delay=st.integers(0, 10**5),
    shape=st.sampled_from(["synced", "later synced", "receipt", "nothing", "earlier boot"]),
)
def test_honest_clocks_bracket_the_true_time(
    true: int,
    age: int,
    transit: int,
    behind: int,
    off: int,
    receipt_age: int,
    receipt_delay: int,
    shape: str,
) -> None:
    mono = 500_000_000
    wall = true if shape == "synced" else true - behind
    record = Record(wall_ms=wall, mono_ms=mono, boot="a", synced=shape == "synced")
    sent = true + age
    if shape == "earlier boot":
        clock = BatchClock(boot="b", mono_ms=age, wall_ms=0)
        received = true + off + age + transit
    else:
        synced = shape == "later synced"
        clock = BatchClock(boot="a", mono_ms=mono + age, wall_ms=sent, synced=synced)
        received = sent + transit
        if shape == "receipt":
            heard = min(receipt_age, age)
            clock = BatchClock(
                boot="a",
                mono_ms=mono + age,
                server_ms=sent - heard - receipt_delay,
                server_mono_ms=mono + age - heard,
            )
    _, earliest, latest = correct(record, clock, received)
    assert earliest <= true <= latest
