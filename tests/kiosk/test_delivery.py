"""Delivery over a link that loses, doubles and reorders, to a server that comes and goes."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.delivery import Delivery, Limits, Settled, Wanted
from wire.presence import ServerState
from wire.receipts import Receipt, Refusal, ranges

EPOCH = "e" * 32
LIMITS = Limits(
    window_batches=4, batch_records=10, resend_ms=10_000, resend_max_ms=300_000, spread_ms=3_000
)


class Sim:
    """A queue, a link and a server around one delivery, in simulated time."""

    def __init__(self, *, seed: int = 0, limits: Limits = LIMITS) -> None:
        self.random = Random(seed)
        self.limits = limits
        self.delivery = Delivery(epoch=EPOCH, limits=limits, random=Random(seed + 1))
        self.now_ms = 1_000
        self.connected = False
        self.queue: list[int] = []
        self.next_counter = 1
        self.stored: dict[int, int] = {}
        """By counter, how often the server was given it."""
        self.settled: list[int] = []
        self.refused: dict[int, str] = {}
        self.silent: set[int] = set()
        """Records the server never answers."""
        self.refusing: set[int] = set()
        self.receipts: list[tuple[int, Receipt]] = []
        """On their way back, with the time of arrival."""
        self.sends: list[tuple[int, list[int]]] = []
        self.server_up = True
        self.loss = 0.0
        self.doubling = 0.0
        self.delay_ms = 5
        self.most_in_flight = 0

    def add(self, count: int) -> None:
        self.queue += range(self.next_counter, self.next_counter + count)
        self.next_counter += count

    def connect(self) -> None:
        self.connected = True
        self.delivery.connected(now_ms=self.now_ms)

    def disconnect(self) -> None:
        self.connected = False
        self.delivery.disconnected()

    def server(self, state: str, session: str = "s1") -> None:
        self.server_up = state == "online"
        self.delivery.server_state(ServerState(state=state, session=session), now_ms=self.now_ms)

    def send_due(self) -> None:
        while (wanted := self.delivery.wanted(now_ms=self.now_ms)) is not None:
            rows = [each for each in self.queue if each > wanted.after][: wanted.limit]
            if not rows:
                if self.delivery.exhausted():
                    continue
                return
            self.delivery.sent(rows, now_ms=self.now_ms)
            self.most_in_flight = max(self.most_in_flight, self.delivery.in_flight)
            self.sends.append((self.now_ms, rows))
            self._transmit(rows)

    def _transmit(self, rows: list[int]) -> None:
        if not self.server_up or self.random.random() < self.loss:
            return
        for counter in rows:
            self.stored[counter] = self.stored.get(counter, 0) + 1
        receipt = Receipt(
            stored=ranges(EPOCH, [n for n in rows if n not in self.silent | self.refusing]),
            refused=[
                Refusal(epoch=EPOCH, counter=n, reason="conflict")
                for n in rows
                if n in self.refusing
            ],
        )
        for _ in range(2 if self.random.random() < self.doubling else 1):
            if self.random.random() >= self.loss:
                at_ms = self.now_ms + self.random.randint(1, self.delay_ms)
                self.receipts.append((at_ms, receipt))

    def hear(self, receipt: Receipt) -> Settled:
        settled = self.delivery.receipt(receipt, now_ms=self.now_ms)
        for first, last in settled.stored:
            covered = [each for each in self.queue if first <= each <= last]
            self.settled += covered
            self.queue = [each for each in self.queue if each not in covered]
        for refusal in settled.refused:
            if refusal.counter in self.queue:
                self.queue.remove(refusal.counter)
                self.refused[refusal.counter] = refusal.reason
        return settled

    def run(self, ms: int) -> None:
        """Let `ms` pass, jumping from event to event."""
        end_ms = self.now_ms + ms
        while True:
            self.send_due()
            times = [at_ms for at_ms, _ in self.receipts]
            next_ms = self.delivery.next_ms(now_ms=self.now_ms)
            if next_ms is not None:
                times.append(next_ms)
            self.now_ms = max(self.now_ms, min([*times, end_ms]))
            due = [each for each in self.receipts if each[0] <= self.now_ms]
            self.receipts = [each for each in self.receipts if each[0] > self.now_ms]
            for _, receipt in due:
                self.hear(receipt)
            if self.now_ms >= end_ms and not due:
                self.send_due()
                return

    @property
    def sent_records(self) -> int:
        return sum(len(rows) for _, rows in self.sends)


def test_nothing_is_sent_without_a_session() -> None:
    sim = Sim()
    sim.add(5)
    sim.run(1_000_000)
    assert sim.sends == []
    assert sim.delivery.next_ms(now_ms=sim.now_ms) is None


def test_a_backlog_goes_out_in_order_and_once() -> None:
    sim = Sim()
    sim.add(500)
    sim.connect()
    sim.run(60_000)
    assert [n for _, rows in sim.sends for n in rows] == list(range(1, 501))
    assert sorted(sim.settled) == list(range(1, 501))
    assert sim.queue == []


def test_a_new_record_goes_out_at_once() -> None:
    sim = Sim()
    sim.connect()
    sim.run(1_000_000)
    sim.add(1)
    at_ms = sim.now_ms
    sim.send_due()
    assert sim.sends == [(at_ms, [1])]


def test_the_window_opens_with_answers_and_never_beyond_its_limit() -> None:
    sim = Sim()
    sim.add(1000)
    sim.connect()
    sim.send_due()
    assert sim.delivery.in_flight == 1
    sim.run(2_000)
    assert sim.most_in_flight == LIMITS.window_batches


def test_a_lost_batch_is_sent_again_and_only_what_is_unanswered() -> None:
    sim = Sim()
    sim.add(3)
    sim.connect()
    sim.loss = 1.0
    sim.run(5_000)
    sim.loss = 0.0
    assert len(sim.sends) == 1
    sim.run(30_000)
    assert sim.queue == []
    assert len(sim.sends) == 2
    assert sim.sends[1][0] - sim.sends[0][0] >= LIMITS.resend_ms


def test_a_server_that_never_answers_is_tried_ever_more_rarely_with_little() -> None:
    sim = Sim()
    sim.add(5_000)
    sim.connect()
    sim.server_up = False
    sim.run(24 * 3_600_000)
    # 300 s pause (half of it jitter) and 10 s of waiting: at most 24 h / 160 s of attempts
    assert 24 * 3600 // 310 <= len(sim.sends) <= 24 * 3600 // 160 + 10
    assert sim.most_in_flight == 1
    assert sim.sent_records < len(sim.sends) + 20
    assert len(sim.queue) == 5_000


def test_a_day_offline_is_delivered_within_seconds_of_the_servers_return() -> None:
    sim = Sim()
    sim.connect()
    sim.server("offline")
    sim.add(5_000)
    sim.run(24 * 3_600_000)
    assert len(sim.queue) == 5_000
    sends = len(sim.sends)
    sim.server("online", "s2")
    sim.run(20_000)
    assert sim.queue == []
    assert sum(len(rows) for _, rows in sim.sends[sends:]) == 5_000


def test_the_return_of_the_server_is_spread_over_the_fleet() -> None:
    starts = set()
    for seed in range(20):
        sim = Sim(seed=seed)
        sim.add(1)
        sim.connect()
        sim.server("offline")
        sim.run(3_600_000)
        sim.sends.clear()
        back_ms = sim.now_ms
        sim.server("online", "s2")
        sim.run(LIMITS.spread_ms + 1)
        starts.add(sim.sends[0][0] - back_ms)
    assert len(starts) > 10
    assert max(starts) <= LIMITS.spread_ms


def test_an_old_will_of_the_server_is_not_taken_for_its_end() -> None:
    sim = Sim()
    sim.connect()
    sim.server("online", "new")
    sim.delivery.server_state(ServerState(state="offline", session="old"), now_ms=sim.now_ms)
    sim.add(100)
    sim.run(1_000)
    assert sim.queue == []


def test_a_state_that_says_offline_wrongly_is_overcome_by_a_trial() -> None:
    sim = Sim()
    sim.connect()
    sim.delivery.server_state(ServerState(state="offline", session="x"), now_ms=sim.now_ms)
    sim.add(100)
    sim.run(1_000)
    assert sim.queue == []


def test_an_unknown_state_changes_nothing() -> None:
    sim = Sim()
    sim.connect()
    sim.server("online")
    sim.delivery.server_state(ServerState(state="pondering", session="s1"), now_ms=sim.now_ms)
    sim.add(50)
    sim.run(1_000)
    assert sim.queue == []


def test_a_refused_record_is_settled_with_its_reason() -> None:
    sim = Sim()
    sim.refusing = {3}
    sim.add(5)
    sim.connect()
    sim.run(100_000)
    assert sim.queue == []
    assert sim.refused == {3: "conflict"}
    assert len(sim.sends) == 1


def test_a_record_nobody_answers_does_not_hold_up_the_others() -> None:
    sim = Sim()
    sim.silent = {1}
    sim.add(200)
    sim.connect()
    sim.run(60_000)
    assert sim.queue == [1]
    for _ in range(50):
        sim.add(1)
        sim.run(30_000)
    assert len(sim.queue) <= 2
    assert 1 in sim.queue


def test_a_record_that_ends_every_session_does_not_hold_up_the_others() -> None:
    sim = Sim()
    sim.add(100)
    for _ in range(400):
        sim.connect()
        while sim.connected:
            wanted = sim.delivery.wanted(now_ms=sim.now_ms)
            if wanted is None:
                break
            rows = [each for each in sim.queue if each > wanted.after][: wanted.limit]
            if not rows:
                if sim.delivery.exhausted():
                    continue
                break
            sim.delivery.sent(rows, now_ms=sim.now_ms)
            if 7 in rows:
                sim.disconnect()
            else:
                sim.hear(Receipt(stored=ranges(EPOCH, rows)))
        sim.now_ms += 60_000
    assert sim.queue == [7]


def test_what_was_in_flight_is_sent_again_in_a_new_session() -> None:
    sim = Sim()
    sim.add(5)
    sim.connect()
    sim.loss = 1.0
    sim.send_due()
    sim.disconnect()
    sim.loss = 0.0
    sim.connect()
    sim.run(100)
    assert sim.queue == []


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(stored=[("f" * 32, 1, 5)]),
        Receipt(stored=[("", 1, 5)]),
        Receipt(stored=[(EPOCH, 6, 99)]),
        Receipt(stored=[(EPOCH, 5, 1)]),
        Receipt(stored=[(EPOCH, -5, 0)]),
        Receipt(refused=[Refusal(epoch="f" * 32, counter=1, reason="conflict")]),
        Receipt(refused=[Refusal(epoch=EPOCH, counter=77, reason="conflict")]),
        Receipt(refused=[Refusal()]),
        Receipt(),
    ],
)
def test_a_receipt_for_what_was_not_sent_settles_nothing(receipt: Receipt) -> None:
    sim = Sim()
    sim.loss = 1.0
    sim.add(10)
    sim.delivery = Delivery(
        epoch=EPOCH,
        limits=Limits(
            window_batches=1, batch_records=5, resend_ms=10, resend_max_ms=10, spread_ms=0
        ),
        random=Random(0),
    )
    sim.connect()
    sim.send_due()
    assert sim.sends[0][1] == [1, 2, 3, 4, 5]
    assert sim.hear(receipt) == Settled()
    assert sim.delivery.in_flight == 1


def test_a_range_beyond_what_was_sent_is_cut_to_it() -> None:
    sim = Sim()
    sim.loss = 1.0
    sim.add(30)
    sim.connect()
    sim.send_due()
    assert sim.hear(Receipt(stored=[(EPOCH, 1, 2**53)])).stored == ((1, 10),)
    assert sim.queue == list(range(11, 31))


def test_a_late_receipt_settles_what_was_given_up() -> None:
    sim = Sim()
    sim.loss = 1.0
    sim.add(5)
    sim.connect()
    sim.run(15_000)
    assert sim.hear(Receipt(stored=[(EPOCH, 1, 5)])).stored == ((1, 5),)
    sim.run(100_000)
    assert sim.queue == []
    assert sim.delivery.failures == 0


def test_batches_lost_together_are_one_failure() -> None:
    sim = Sim()
    sim.add(1_000)
    sim.connect()
    sim.run(50)
    sim.loss = 1.0
    sim.run(9_000)
    assert sim.delivery.in_flight > 1
    sim.run(3_000)
    assert sim.delivery.failures == 1


def test_a_batch_that_could_not_be_handed_over_is_tried_later() -> None:
    sim = Sim()
    sim.add(5)
    sim.connect()
    assert sim.delivery.wanted(now_ms=sim.now_ms) == Wanted(after=0, limit=10)
    sim.delivery.set_back(now_ms=sim.now_ms)
    assert sim.delivery.wanted(now_ms=sim.now_ms) is None
    sim.run(10_000)
    assert sim.queue == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 40)),
        st.tuples(st.just("wait"), st.integers(1, 400_000)),
        st.tuples(st.just("connect"), st.just(0)),
        st.tuples(st.just("disconnect"), st.just(0)),
        st.tuples(st.just("online"), st.integers(0, 2)),
        st.tuples(st.just("offline"), st.integers(0, 2)),
        st.tuples(st.just("loss"), st.integers(0, 100)),
        st.tuples(st.just("doubling"), st.integers(0, 100)),
        st.tuples(st.just("delay"), st.integers(1, 60_000)),
        st.tuples(st.just("set back"), st.just(0)),
        st.tuples(st.just("stray receipt"), st.integers(0, 200)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(STEPS, st.integers(0, 2**16), st.sets(st.integers(1, 60), max_size=5))
def test_everything_is_delivered_once_the_world_holds_still(
    steps: list[tuple[str, int]], seed: int, refusing: set[int]
) -> None:
    sim = Sim(seed=seed)
    sim.refusing = refusing
    for step, value in steps:
        match step:
            case "add":
                sim.add(value)
            case "wait":
                sim.run(value)
            case "connect" if not sim.connected:
                sim.connect()
            case "disconnect":
                sim.disconnect()
            case "online" | "offline":
                sim.server(step, f"s{value}")
            case "loss":
                sim.loss = value / 100
            case "doubling":
                sim.doubling = value / 100
            case "delay":
                sim.delay_ms = value
            case "set back":
                sim.delivery.set_back(now_ms=sim.now_ms)
            case "stray receipt":
                before = list(sim.queue)
                sim.hear(Receipt(stored=[("f" * 32, 0, value)]))
                assert sim.queue == before
        assert sim.delivery.in_flight <= LIMITS.window_batches
        # Only what the server was given has left the queue.
        assert set(sim.settled) <= set(sim.stored)
        assert len(sim.settled) == len(set(sim.settled))
    sim.loss, sim.doubling, sim.delay_ms, sim.server_up = 0.0, 0.0, 5, True
    if not sim.connected:
        sim.connect()
    sim.run(1_200_000)
    assert sim.queue == []
    everything = set(range(1, sim.next_counter))
    assert set(sim.settled) | set(sim.refused) == everything
    assert set(sim.refused) == refusing & everything


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 80), st.integers(1, 9_000))
def test_a_link_that_loses_some_of_everything_delivers_all(
    seed: int, loss: int, delay_ms: int
) -> None:
    sim = Sim(seed=seed)
    sim.loss, sim.doubling, sim.delay_ms = loss / 100, 0.3, delay_ms
    sim.add(150)
    sim.connect()
    sim.run(7 * 24 * 3_600_000)
    assert sim.queue == []
    assert set(sim.settled) == set(sim.stored) == set(range(1, 151))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**16), st.integers(0, 5))
def test_records_are_given_twice_only_for_lost_answers(seed: int, outages: int) -> None:
    sim = Sim(seed=seed)
    sim.connect()
    for _ in range(outages):
        sim.add(100)
        sim.run(500)
        sim.loss = 1.0
        sim.add(100)
        sim.run(40_000)
        sim.loss = 0.0
        sim.run(60_000)
    assert sim.queue == []
    window = LIMITS.window_batches * LIMITS.batch_records
    assert sim.sent_records <= 200 * outages + outages * (window + 40)
